"""The lives of the municipal sites: who sold, cleared, reserved or reopened what, from which day on; all invented."""

from datetime import date
from functools import cache
from typing import NamedTuple

# A line a site: `name: day state; day state; ...`. A state holds from its day to the next one; `+` joins several.
# It is recorded by the first loading step on or after its day, unless `@day` names a later step.
LIVES = """
Kranichbrook Nord: 2017-01-01 free; 2018-04-01 reserved 2019-03-31; 2019-02-01 sold
Kranichbrook Hofseite: 2017-01-01 let; 2023-05-01 reserved 2027-10-31
Kranichbrook Ringweg: 2017-01-01 bound; 2019-05-01 free; 2025-05-01 contaminated @2025-09-10; 2026-08-01 free
Kranichbrook Am Gleis: 2017-01-01 unserviced; 2018-03-01 free; 2021-11-01 sold; 2023-01-01 private
Kranichbrook Süd: 2017-01-01 free
Wieselhude Süd: 2017-01-01 free
Wieselhude Nord: 2017-01-01 free; 2019-10-01 leasehold
Wieselhude Am Gleis: 2017-01-01 unclear-cleared; 2022-03-01 free
Wieselhude Ringweg: 2017-01-01 free
Tollerdamm Nord: 2017-01-01 free
Tollerdamm Am Gleis: 2017-01-01 let
Möwenhöft Nord: 2017-01-01 free; 2021-10-01 leasehold
Möwenhöft Ringweg: 2017-01-01 free
Möwenhöft Am Gleis: 2017-01-01 free
Möwenhöft Süd: 2017-01-01 unclear-disposition
Ebbensand Am Gleis: 2017-01-01 free; 2024-04-01 reserved 2025-01-31; 2025-01-15 sold
Ebbensand Süd: 2017-01-01 free
Ebbensand Nord: 2017-01-01 opposed; 2021-03-01 free
Lindwurmhof Am Gleis: 2017-01-01 free
Lindwurmhof Nord: 2017-01-01 bound
Otterkamp Nord: 2017-01-01 free; 2018-09-01 sold; 2020-01-01 private
Otterkamp Am Gleis: 2017-01-01 free
Otterkamp Ringweg: 2017-01-01 contaminated; 2020-10-01 free; 2023-09-01 bound; 2025-04-15 free
Otterkamp Süd: 2017-01-01 free; 2025-10-01 requested
Ginsterheide Am Gleis: 2017-01-01 free; 2020-08-01 sold
Ginsterheide Nord: 2017-01-01 unserviced; 2019-06-01 unserviced+from 2028-03-01; 2026-03-01 from 2028-03-01
Ginsterheide Süd: 2017-01-01 free; 2021-02-01 reserved 2022-01-31
Eulenkoppel Süd: 2017-01-01 free; 2019-01-15 sold
Eulenkoppel Nord: 2017-01-01 bound; 2022-10-01 free; 2024-06-01 sold
Eulenkoppel Am Gleis: 2017-01-01 free
Kesselworth Am Gleis: 2017-01-01 free
Kesselworth Ringweg: 2017-01-01 unclear-serviced; 2019-02-01 free; 2025-02-01 sold
Kesselworth Süd: 2017-01-01 free; 2026-01-15 reserved 2027-01-31
Kesselworth Nord: 2017-01-01 contaminated
Schnuckenfeld Süd: 2017-01-01 free; 2022-05-01 sold; 2023-07-01 private
Schnuckenfeld Nord: 2017-01-01 free
Schnuckenfeld Am Gleis: 2017-01-01 opposed; 2018-07-01 free
Schnuckenfeld Ringweg: 2017-01-01 free; 2021-09-01 leasehold
Rabenstieg Nord: 2017-01-01 contaminated; 2021-01-15 free; 2025-11-01 reserved 2027-12-31
Rabenstieg Süd: 2017-01-01 unclear-use
Rabenstieg Am Gleis: 2017-01-01 bound; 2025-11-01 free
Hummelbahn Am Gleis: 2017-01-01 free
Hummelbahn Nord: 2017-01-01 let
Fuchslohe Ringweg: 2017-01-01 free; 2020-05-01 sold
Fuchslohe Am Gleis: 2017-01-01 contaminated; 2023-11-01 free
Fuchslohe Nord: 2017-01-01 free
Fuchslohe Süd: 2017-01-01 unserviced; 2024-09-01 free; 2026-05-01 requested
Amselwerft Am Gleis: 2017-01-01 bound; 2020-11-01 free; 2022-12-01 leasehold
Amselwerft Süd: 2017-01-01 sold; 2018-01-01 private
Amselwerft Nord: 2017-01-01 free
Kiebitztor Nord: 2017-01-01 free
Kiebitztor Am Gleis: 2017-01-01 unclear-cleared
Hasselgrund Am Gleis: 2017-01-01 free; 2023-06-01 sold
Hasselgrund Ringweg: 2017-01-01 let; 2025-08-01 unclear-start
Hasselgrund Nord: 2017-01-01 unserviced; 2021-04-01 free; 2024-01-15 reserved 2024-12-31; 2024-12-01 sold
Hasselgrund Süd: 2017-01-01 free; 2019-11-01 sold
Dachsrade Nord: 2017-01-01 free
Dachsrade Am Gleis: 2017-01-01 free; 2026-09-01 unclear-cleared
Dachsrade Süd: 2017-01-01 requested; 2018-02-01 leasehold
Dachsrade Ringweg: 2017-01-01 opposed; 2025-04-01 free; 2027-01-15 leasehold
Moosbült Süd: 2017-01-01 bound; 2020-09-01 free
Moosbült Nord: 2017-01-01 unserviced; 2019-07-01 free; 2024-10-15 requested
Moosbült Am Gleis: 2017-01-01 free; 2021-12-01 sold; 2023-03-01 private
Elstergrund Am Gleis: 2017-01-01 free
Elstergrund Nord: 2017-01-01 bound
Reiherwarft Süd: 2017-01-01 free
Reiherwarft Hofseite: 2017-01-01 free; 2020-04-15 reserved 2020-12-31; 2020-12-01 sold
Reiherwarft Ringweg: 2017-01-01 unclear-serviced
Reiherwarft Am Gleis: 2017-01-01 from 2019-09-01
Reiherwarft Nord: 2017-01-01 free; 2027-02-01 sold
Binsenort Nord: 2017-01-01 free; 2022-08-01 reserved 2023-07-31; 2023-07-15 sold
Binsenort Süd: 2017-01-01 free
Binsenort Am Gleis: 2017-01-01 opposed
Binsenort Ringweg: 2017-01-01 bound; 2024-03-01 free
Störchenau Süd: 2017-01-01 unserviced; 2019-04-01 free
Störchenau Am Gleis: 2017-01-01 unserviced; 2019-04-01 from 2021-02-01
Störchenau Nord: 2017-01-01 unserviced; 2019-04-01 free
Hirschkrug Am Gleis: 2017-01-01 free
Hirschkrug Süd: 2017-01-01 free; 2023-10-01 leasehold
Hirschkrug Ringweg: 2017-01-01 bound; 2022-06-01 contaminated; 2025-06-01 free
Hirschkrug Nord: 2017-01-01 free
Heidschlag Am Gleis: 2017-01-01 free; 2022-02-01 sold
Heidschlag Nord: 2017-01-01 free
Heidschlag Süd: 2017-01-01 opposed; 2023-03-15 contaminated
Süderbrack Am Gleis: 2017-01-01 unserviced; 2022-11-01 free
Süderbrack Süd: 2017-01-01 unserviced; 2022-11-01 free
Süderbrack Ringweg: 2017-01-01 unserviced; 2022-11-01 free; 2026-02-01 reserved 2027-06-30
Süderbrack Nord: 2017-01-01 unclear-serviced
Wurtmoor Am Gleis: 2017-01-01 free
Wurtmoor Nord: 2017-01-01 free
Igelforst Am Gleis: 2017-01-01 free; 2024-11-01 sold
Igelforst Süd: 2017-01-01 let
Igelforst Nord: 2018-01-01 free; 2026-06-01 reserved 2027-03-31
Kleewinkel Hof: 2018-01-01 free
"""

STATES: dict[str, dict[str, str]] = {
    "free": {},
    "requested": {"disposition": "requested"},
    "sold": {"disposition": "sold"},
    "private": {"disposition": "sold", "holder": "private"},
    "leasehold": {"disposition": "leasehold"},
    "let": {"disposition": "let"},
    "bound": {"disposition": "let", "binding_use": "yes"},
    "unserviced": {"serviced": "no"},
    "contaminated": {"cleared": "no"},
    "opposed": {"opposing_plan": "yes"},
    "unclear-serviced": {"serviced": ""},
    "unclear-cleared": {"cleared": ""},
    "unclear-use": {"binding_use": ""},
    "unclear-disposition": {"disposition": ""},
    "unclear-start": {"construction_possible_from": ""},
}
AVAILABLE = {
    "disposition": "free",
    "disposition_until": "",
    "serviced": "yes",
    "cleared": "yes",
    "binding_use": "no",
    "opposing_plan": "no",
    "construction_possible_from": "2017-01-01",
    "marketable": "yes",
}


class Chapter(NamedTuple):
    """What holds for a site from a day on; `recorded` is the earliest loading step that may know it."""

    valid_from: date
    facts: dict[str, str]
    recorded: date


@cache
def lives() -> dict[str, list[Chapter]]:
    """The chapters of every municipal site in the order of time; ValueError names a line that cannot be read."""
    told = (line.partition(": ") for line in LIVES.strip().splitlines())
    return {site: [_chapter(site, text) for text in chapters.split("; ")] for site, _, chapters in told}


def _chapter(site: str, text: str) -> Chapter:
    text, _, recorded = text.partition(" @")
    day, _, states = text.partition(" ")
    facts = dict(AVAILABLE)
    for state in states.split("+"):
        name, _, until = state.partition(" ")
        if name == "reserved" and until:
            facts |= {"disposition": "reserved", "disposition_until": until}
        elif name == "from" and until:
            facts["construction_possible_from"] = until
        elif name in STATES and not until:
            facts |= STATES[name]
        else:
            raise ValueError(f"{site}: unknown state {state!r}")
    return Chapter(date.fromisoformat(day), facts, date.fromisoformat(recorded or day))
