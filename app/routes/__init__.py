"""How one asks: one module a noun."""
