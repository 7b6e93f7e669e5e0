"""What the law and the Masterplan Industrie say: pure functions over frozen facts, every value dated and cited."""
