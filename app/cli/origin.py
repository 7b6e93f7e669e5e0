"""Whose data a file holds, as said when it is imported by hand."""

from typing import Any

from app.cli.base import Refusal
from app.settings import Settings
from parcels import sources
from parcels.origins import Origin


def stated(layer: str, source: str | None, attribution: str | None, licence: str | None) -> dict[str, Any]:
    """What the options say of the file's origin, as fields of LoadOptions; Refusal where they do not fit together."""
    if source is None and attribution is None and licence is None:
        return {}
    settings = Settings()
    catalogue = sources.read(settings.sources)
    if source is not None:
        if attribution or licence:
            raise Refusal("--source says the attribution and the licence: leave out --attribution and --licence.")
        fitting = [one.name for one in catalogue.sources.values() if one.layer == layer]
        if source not in fitting:
            known = ", ".join(fitting) or "none"
            raise Refusal(f"'{source}' is no source of the layer {layer} in {settings.sources}: known are {known}.")
        chosen = catalogue.sources[source]
        return {"columns": dict(chosen.columns), "origin": chosen.origin(None)}
    if attribution is None:
        raise Refusal("A licence without the name that it wants to be named: give --attribution as well.")
    if licence is None:
        return {"origin": Origin("", attribution)}
    if licence not in catalogue.licences:
        known = ", ".join(catalogue.licences)
        raise Refusal(f"The licence '{licence}' is not in {settings.sources}: known are {known}; add it there.")
    return {"origin": Origin("", attribution, licence, catalogue.licences[licence].url)}
