"""Eligibility over the register: parts, dates of facts, land that the ledger has no line of, drawn areas."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import shapely
from shapely import wkt
from sqlalchemy.orm import Session

from parcels import eligibility
from parcels.eligibility import Eligibility, TooManyParcelsError, assess, within
from rules.eligibility import Purpose
from rules.law import NotInForce
from tests.conftest import AT, Fill, key, square
from tests.little_worlds import holding, parcel, zone

ON = date(2026, 11, 20)
KNOWN = datetime(2026, 11, 22, 12, tzinfo=UTC)


def one(
    session: Session, number: int = 1, purpose: str = "reserve", on: date = ON, at: datetime = KNOWN
) -> Eligibility:
    (found,), unknown = assess(session, [key(number)], Purpose(purpose), on, at)
    assert unknown == []
    return found


def still_open(found: Eligibility, part: int = 0) -> list[str]:
    return [f"{c.name}:{c.reason.code}" for c in found.parts[part].criteria if c.effect != "none"]


def test_a_parcel_that_counts_is_eligible_with_its_net_area(session: Session, fill: Fill) -> None:
    fill("parcels", parcel())
    fill("zones", zone())
    fill("deductions", {"ref": "D", "kind": "road", "geom": square(0, 0, 100, 25)})
    fill("holdings", holding(site="Ostfeld"))
    found = one(session)
    assert (found.verdict, found.net_m2, found.eligible_m2, found.district) == ("eligible", 7500, 7500, "Nord")
    (part,) = found.parts
    assert (part.facts.site, part.facts.plans, part.facts.standing) == ("Ostfeld", ["Plan 1"], "counted_free")
    assert one(session, purpose="award").verdict == "eligible"
    assert still_open(one(session, purpose="protection")) == [
        "private_holder:holder_municipal",
        "marketable:marketable_unknown",
    ]


def test_facts_carry_since_when_they_are_so_and_since_when_the_register_says_so(session: Session, fill: Fill) -> None:
    later = datetime(2026, 2, 1, 11, tzinfo=UTC)
    fill("parcels", parcel(valid_from=date(2015, 5, 1)))
    fill("zones", zone(valid_from=date(2018, 1, 1)))
    fill("holdings", holding(valid_from=date(2019, 1, 1), valid_to=date(2026, 3, 1), serviced=False))
    fill("holdings", holding(valid_from=date(2026, 3, 1), disposition="requested"), at=later)
    found = one(session)
    dates = found.parts[0].facts.dates
    assert dates["size"].valid_from == date(2015, 5, 1)
    assert dates["designation"].valid_from == date(2018, 1, 1)
    assert dates["holder"].valid_from == date(2019, 1, 1)  # both versions say the same of it
    assert (dates["serviced"].valid_from, dates["disposition"].valid_from) == (date(2026, 3, 1), date(2026, 3, 1))
    recorded = [dates[name].recorded_at for name in ("holder", "designation")]
    assert [at.replace(microsecond=0) for at in recorded if at] == [later, AT]
    assert "port" not in dates
    assert "marketable" not in dates  # nobody said anything of it


def test_as_it_was_known_then(session: Session, fill: Fill) -> None:
    fill("parcels", parcel())
    fill("zones", zone())
    fill("holdings", holding())
    sold_at = datetime(2026, 6, 1, tzinfo=UTC)
    fill("holdings", holding(disposition="sold", valid_from=date(2026, 5, 1)), at=sold_at)
    assert one(session).verdict == "not_eligible"
    assert one(session, on=date(2026, 4, 30)).verdict == "eligible"
    assert one(session, at=datetime(2026, 5, 31, tzinfo=UTC)).verdict == "eligible"


def test_several_parts_each_have_a_verdict(session: Session, fill: Fill) -> None:
    fill("parcels", parcel())
    fill("zones", zone(), zone("Plan 2", square(0, 0, 40, 100), designation="WA", valid_from=date(2020, 1, 1)))
    fill("holdings", holding())
    found = one(session)
    assert [(p.facts.land.part.designation, p.facts.net_m2, p.asked, p.verdict) for p in found.parts] == [
        ("GE", 6000, True, "eligible"),
        ("WA", 4000, False, "not_eligible"),
    ]
    assert (found.verdict, found.net_m2, found.eligible_m2) == ("eligible", 6000, 6000)


def test_a_parcel_of_which_a_part_is_held_by_somebody_else_is_conditional(session: Session, fill: Fill) -> None:
    fill("parcels", parcel())
    fill("zones", zone())
    fill("holdings", holding(geom=square(0, 0, 30, 100)), holding(geom=square(30, 0, 30, 100), holder="private"))
    found = one(session)
    assert {(p.facts.net_m2, p.verdict) for p in found.parts} == {
        (4000, "conditional"),
        (3000, "eligible"),
        (3000, "not_eligible"),
    }
    assert (found.verdict, found.net_m2, found.eligible_m2) == ("conditional", 10_000, 3000)
    assert found.parts[0].facts.standing == "unrecorded"


def test_a_sliver_without_a_plan_is_no_question(session: Session, fill: Fill) -> None:
    fill("parcels", parcel(1), parcel(2, square(200, 0)))
    fill("zones", zone(geom=square(0, 0, 99.995, 100)), zone("Plan 2", square(200, 0, 99.9, 100)))
    fill("holdings", holding(1), holding(2))
    assert [p.asked for p in one(session, 1).parts] == [True, False]
    assert (one(session, 1).verdict, one(session, 2).verdict) == ("eligible", "conditional")


def test_land_that_the_ledger_has_no_line_of_is_looked_up_under_its_plans(session: Session, fill: Fill) -> None:
    fill("parcels", *(parcel(n, square(n * 200, 0)) for n in (1, 2, 3, 4, 5)))
    fill(
        "zones",
        zone("W", square(200, 0), designation="WA", valid_from=date(2010, 1, 1)),
        zone("Old", square(200, 0), designation="GE"),  # hidden by W
        zone("Half", square(400, 0, 50, 100), designation="MU"),
        zone("A", square(800, 0, 60, 100), designation="WA"),
        zone("B", square(860, 0, 40, 100), designation="MI"),
        zone("Sign", square(1000, 0), designation="GE", regulates_use=False),
    )

    def seen(number: int) -> tuple[str, list[Any]]:
        found = one(session, number)
        return found.verdict, [(p.facts.land.part.designation, p.facts.plans) for p in found.parts]

    assert seen(1) == ("not_eligible", [("WA", ["W"])])
    assert seen(2) == ("conditional", [("MU", ["Half"]), (None, [])])
    assert seen(3) == ("conditional", [(None, [])])
    assert seen(4) == ("not_eligible", [("MI", ["B"]), ("WA", ["A"])])
    assert seen(5) == ("conditional", [(None, [])])
    assert "minimum_size:not_measured" in still_open(one(session, 1))
    assert one(session, 1).net_m2 == 0


def test_land_in_the_port_without_a_plan_or_holder_is_in_the_port(session: Session, fill: Fill) -> None:
    fill("parcels", parcel(1), parcel(2, square(200, 0)))
    fill("port", {"kind": "Hafennutzungsgebiet", "geom": square(-50, -50, 300, 300), "valid_from": date(2001, 1, 1)})
    assert "outside_port:inside_port" in still_open(one(session, 1))
    assert one(session, 1).verdict == "not_eligible"
    assert one(session, 2).verdict == "conditional"  # half of it only
    assert one(session, 1, on=date(2000, 12, 31).replace(year=2014)).verdict == "not_eligible"


def test_a_line_in_the_port_says_since_when(session: Session, fill: Fill) -> None:
    fill("parcels", parcel())
    fill("zones", zone())
    fill("holdings", holding())
    fill("port", {"kind": "Hafennutzungsgebiet", "geom": square(-50, -50, 300, 300), "valid_from": date(2020, 1, 1)})
    found = one(session)
    assert still_open(found) == ["outside_port:inside_port", "minimum_size:nothing_left"]
    assert found.parts[0].facts.dates["port"].valid_from == date(2020, 1, 1)
    assert one(session, on=date(2019, 12, 31)).verdict == "eligible"


def test_plans_as_they_were_known_then_where_there_is_no_line(session: Session, fill: Fill) -> None:
    fill("parcels", parcel())
    fill("zones", zone(designation="WA"))
    fill("zones", zone(designation="MU"), at=datetime(2026, 6, 1, tzinfo=UTC))
    before, after = datetime(2026, 5, 1, tzinfo=UTC), KNOWN
    assert [one(session, at=at).parts[0].facts.land.part.designation for at in (before, after)] == ["WA", "MU"]


def test_a_declared_holding_without_a_parcel(session: Session, fill: Fill) -> None:
    fill("holdings", holding(1, designation="GE", declared_net_m2=Decimal("1200.5"), valid_from=date(2020, 1, 1)))
    fill("holdings", holding(2, designation="GE"))
    found = one(session, 1)
    assert (found.verdict, found.net_m2) == ("eligible", Decimal("1200.5"))
    assert found.parts[0].facts.dates["designation"].valid_from == date(2020, 1, 1)
    assert still_open(one(session, 2)) == ["minimum_size:size_unknown"]


def test_a_parcel_that_is_not_there_on_the_day_and_keys_nobody_heard_of(session: Session, fill: Fill) -> None:
    fill("parcels", parcel(1, valid_to=date(2020, 1, 1)), at=AT)
    gone = one(session)
    assert (gone.verdict, still_open(gone)) == ("not_eligible", ["recorded:nothing_recorded"])
    found, unknown = assess(session, [key(9), key(1), key(9)], Purpose.RESERVE, ON, KNOWN)
    assert ([f.key for f in found], unknown) == ([key(1)], [key(9)])
    found, unknown = assess(session, [key(1)], Purpose.RESERVE, ON, datetime(2026, 1, 1, tzinfo=UTC))
    assert (found, unknown) == ([], [key(1)])


def test_the_coming_day_is_named_if_the_parcel_is_eligible_on_it(session: Session, fill: Fill) -> None:
    ends = date(2027, 3, 1)
    numbers = (1, 2, 3, 4)
    fill("parcels", *(parcel(n, square(n * 200, 0)) for n in numbers))
    fill("zones", *(zone(f"P{n}", square(n * 200, 0)) for n in numbers))
    reserved = {"disposition": "reserved", "disposition_until": ends}
    fill(
        "holdings",
        holding(1, **reserved),
        holding(2, **reserved, valid_to=date(2027, 1, 1)),
        holding(2, disposition="sold", valid_from=date(2027, 1, 1)),
        holding(3, **reserved, serviced=False),
        holding(4, construction_possible_from=date(2028, 6, 1)),
    )
    named = [one(session, n, "award").eligible_from for n in numbers]
    assert named == [ends, None, None, date(2027, 6, 1)]
    assert one(session, 1, "award", on=ends).verdict == "eligible"
    assert one(session, 4, "reserve").eligible_from == date(2027, 6, 1)


def test_before_the_law_there_is_no_answer(session: Session) -> None:
    with pytest.raises(NotInForce):
        assess(session, [key(1)], Purpose.PROTECTION, date(2022, 12, 31), KNOWN)


def ewkb(shape: str) -> str:
    return str(shapely.to_wkb(shapely.set_srid(wkt.loads(shape.partition(";")[2]), 25832), hex=True, include_srid=True))


def test_a_drawn_area_meets_parcels_with_the_share_of_each(session: Session, fill: Fill) -> None:
    fill("parcels", *(parcel(n, square(n * 100, 0)) for n in (1, 2, 3)))
    fill("parcels", parcel(2, square(200, 0, 100, 80)), at=datetime(2026, 6, 1, tzinfo=UTC))
    site = ewkb(square(150, 0, 150, 40))
    assert within(session, site, ON, KNOWN) == {key(1): Decimal("0.2"), key(2): Decimal("0.5")}
    assert within(session, site, ON, datetime(2026, 5, 1, tzinfo=UTC)) == {
        key(1): Decimal("0.2"),
        key(2): Decimal("0.4"),
    }
    assert within(session, ewkb(square(5000, 0)), ON, KNOWN) == {}


def test_an_area_over_too_many_parcels_is_refused(
    session: Session, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill("parcels", *(parcel(n, square(n * 100, 0)) for n in (1, 2, 3)))
    monkeypatch.setattr(eligibility, "MOST", 2)
    with pytest.raises(TooManyParcelsError):
        within(session, ewkb(square(0, 0, 1000)), ON, KNOWN)
    assert len(within(session, ewkb(square(150, 0, 100)), ON, KNOWN)) == 2
