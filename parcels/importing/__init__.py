"""Files of others, read through one gate: see sandbox.read for the only way in."""
