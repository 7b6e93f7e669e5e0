"""Files of others, read through one gate: see sandbox.read for the only way in."""

from parcels.importing.contract import Issue, Limits, Options, Refused
from parcels.importing.layers import LAYERS
from parcels.importing.sandbox import Reading, read, sweep

__all__ = ["LAYERS", "Issue", "Limits", "Options", "Reading", "Refused", "read", "sweep"]
