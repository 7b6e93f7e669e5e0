"""Examples of answers about conversions for the API description; all of them fictitious."""

from typing import Any

CONVERSION_ASSESSMENT: dict[str, Any] = {}
CONVERSION_KEPT: dict[str, Any] = {}
CONVERSION: dict[str, Any] = {}
CONVERSIONS: dict[str, Any] = {}
