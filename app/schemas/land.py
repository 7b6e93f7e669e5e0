"""What is known of lost or offered land beside its size, as it is answered; null is what nobody recorded."""

from app.schemas.common import Number, Out


class FactsOut(Out):
    """Facts of lost or offered land: measured, or in their place stated by people (`stated` names these).

    `restricted`: an eingeschränktes GE or GI. `day_db`, `night_db`: emission quotas, dB(A) per m2. `hazard_class`: of KAS-18.
    """

    in_use_as_commercial: bool | None
    restricted: bool | None
    emission_limited: bool | None
    day_db: Number | None
    night_db: Number | None
    around_the_clock: bool | None
    hazard_class: str | None
    largest_plot_m2: Number | None
    shorter_side_m: Number | None
    road_m: Number | None
    rail: bool | None
    quay: bool | None
    district: str | None
    grid_kw: Number | None
    fibre: bool | None
    hydrogen: bool | None
    contaminated: bool | None
    flood: bool | None
    heavy_rain: bool | None
    firm_kinds: list[str] | None
    stated: list[str]


class WarningOut(Out):
    """Something to be looked at: its code, and the sentence."""

    code: str
    sentence: str
