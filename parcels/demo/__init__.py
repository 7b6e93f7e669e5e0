"""The demo register: a fictitious but plausible Hamburg, and the dated steps in which it is recorded.

Every name, number and outline is invented; only the names of the seven Bezirke are real.
"""

from parcels.demo.files import NOTICE, generate
from parcels.demo.load import RegisterNotEmpty, load, load_file
from parcels.demo.steps import FOLDER, STEPS, Step

__all__ = ["FOLDER", "NOTICE", "STEPS", "RegisterNotEmpty", "Step", "generate", "load", "load_file"]
