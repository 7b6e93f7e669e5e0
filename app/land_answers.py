"""Facts of lost and offered land, sites and warnings, as they are answered."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from app.answers import ha
from app.geometry import geojson
from app.land_bodies import yes_or_no
from app.schemas.conversions import SiteOut
from app.schemas.land import FactsOut, WarningOut
from app.web.language import Translator
from parcels.land_record import read_stated
from parcels.measured import STATABLE, Measured, merged
from parcels.sites import Site
from rules.criteria import Fact


def facts(land: Measured, stated: Mapping[str, Any]) -> FactsOut:
    """What holds of the land, as kept in a row: measured, or stated in its place."""
    whole = yes_or_no(
        {name: value for name, value in asdict(merged(land, read_stated(stated))).items() if name in STATABLE}
    )
    return FactsOut(**whole, stated=sorted(stated))


def site(stated: Site) -> SiteOut:
    """A site as it was stated, its outline in WGS 84."""
    return SiteOut(
        parcels=list(stated.keys) or None, geometry=None if stated.outline is None else geojson(stated.outline)
    )


def warning(code: str, speak: Translator, **values: Fact | int) -> WarningOut:
    """A warning with its sentence."""
    return WarningOut(code=code, sentence=speak.sentence("replacement_warning", code, values.items()))


def hectares(m2: Decimal | None) -> Decimal | None:
    """Square metres as hectares; None where nobody knows."""
    return None if m2 is None else ha(m2)


def both(name: str, m2: Decimal | None) -> dict[str, Any]:
    """An amount in m2 and in ha, as two members of an answer."""
    return {f"{name}_m2": m2, f"{name}_ha": hectares(m2)}
