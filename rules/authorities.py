"""The authorities by the names that they bear on a day."""

from dataclasses import dataclass
from enum import StrEnum

from rules.law import Cite, DatedLaw


class AuthorityRole(StrEnum):
    """What an authority has to do with workplace land, whatever it is called."""

    ECONOMY = "economy"
    URBAN_DEVELOPMENT = "urban_development"
    LAND_DEVELOPER = "land_developer"
    INDUSTRY_COORDINATOR = "industry_coordinator"


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority as it is called on a day; `short` is its name where it has no shorter one."""

    role: AuthorityRole
    short: str
    name: str
    cite: Cite


def parameter(role: AuthorityRole) -> str:
    """The name of the parameter that holds an authority's names, for the basis of an answer."""
    return f"authorities.{role.value}"


def authority(role: AuthorityRole, law: DatedLaw) -> Authority:
    """The authority in a role by its name on the law's day; NotInForce on days for which none is recorded."""
    value = law[parameter(role)]
    names = value.codes
    return Authority(role, names[0], names[-1], value.cite)
