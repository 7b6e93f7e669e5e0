"""The layers that can be imported: their columns, what these are called elsewhere, and what they may hold."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from parcels.importing.contract import Refused

Kind = Literal["text", "key", "area", "yes_no", "day", "choice"]


@dataclass(frozen=True)
class Column:
    """One column: `required` columns must exist, `filled` ones must not be empty in any row.

    `listed` names the list of a choice where that is not the column's own name.
    """

    name: str
    kind: Kind = "text"
    aliases: tuple[str, ...] = ()
    required: bool = False
    filled: bool = False
    default: str | None = None
    positive: bool = False
    listed: str | None = None


@dataclass(frozen=True)
class Layer:
    """One layer; `identity` is the column that names a row in messages, `labelled_by` a column and its refinement."""

    name: str
    columns: tuple[Column, ...]
    identity: str
    geometry: Literal["required", "optional"] = "required"
    labelled_by: tuple[str, str] | None = None

    @property
    def formats(self) -> frozenset[str]:
        """The endings of files that the layer is read from."""
        return PLAN_FORMATS if self.name == PLANS else FORMATS

    @property
    def output(self) -> tuple[str, ...]:
        """Names of the columns that the gate delivers, in order."""
        return ("row", *(column.name for column in self.columns), "geom")


FORMATS = frozenset((".geojson", ".gpkg", ".shp", ".fgb", ".gml", ".csv", ".xlsx"))
PLANS = "plans"  # is read as XPlanGML, by a reader of its own
PLAN_FORMATS = frozenset((".gml", ".zip"))

KEY = Column(
    "key",
    "key",
    ("flstkennz", "flurstueckskennzeichen", "flurstkennz", "flstkz", "fsk", "flstnrkz", "flurstueckskz", "fkz"),
    required=True,
    filled=True,
)
DESIGNATION_ALIASES = (
    "art_der_nutzung",
    "nutzungsart",
    "baugebiet",
    "gebietsart",
    "festsetzung",
    "besondereartbaulnutzung",
)
OBJECT_ID = ("objekt_id", "oid", "gml_id")
VALIDITY = (
    Column("valid_from", "day", ("gueltig_ab", "gueltig_von", "von", "in_kraft_ab", "inkrafttretensdatum")),
    Column("valid_to", "day", ("gueltig_bis", "bis", "ausser_kraft_ab")),
)

LAYERS = {
    layer.name: layer
    for layer in (
        Layer(
            "districts",
            (
                Column(
                    "name", aliases=("bezirk", "bezirksname", "bezirk_name", "district"), required=True, filled=True
                ),
                *VALIDITY,
            ),
            identity="name",
        ),
        Layer(
            "parcels",
            (
                KEY,
                Column(
                    "official_m2",
                    "area",
                    ("flaeche", "amtliche_flaeche", "afl", "buchflaeche", "area_m2"),
                    positive=True,
                ),
                # not "gemeinde": in Hamburg's own parcels that is "Hamburg", the state, for every one of them
                Column("gemarkung", aliases=("gemarkungsname", "gemarkung_name")),
                Column("district", aliases=("bezirk", "bezirksname", "bezirk_name")),
                *VALIDITY,
            ),
            identity="key",
        ),
        Layer(
            "zones",
            (
                Column("plan", aliases=("bplan", "plan_name", "planname", "bebauungsplan"), required=True, filled=True),
                Column("designation", "choice", DESIGNATION_ALIASES, required=True, filled=True),
                Column("regulates_use", "yes_no", ("regelt_nutzung", "regelt_art_der_nutzung"), default="true"),
                Column("in_use_as_commercial", "yes_no", ("gewerblich_genutzt", "gewerbegebietsaehnlich")),
                Column("restrictions", aliases=("einschraenkungen", "einschraenkung", "beschraenkungen")),
                *VALIDITY,
            ),
            identity="plan",
        ),
        Layer(
            PLANS,
            (
                *(Column(name) for name in ("plan", "number", "kind", "stage")),
                *(Column(name, "day") for name in ("valid_from", "valid_to")),
                *(Column(name) for name in ("changes", "bau_nvo", "xplan_version", "gml_id", "feature")),
                *(Column(name) for name in ("use", "code", "restrictions")),
                Column("regulates_use", "yes_no"),
                Column("member"),
            ),
            identity="gml_id",
        ),
        Layer(
            "port",
            (Column("kind", aliases=("typ", "type", "art"), required=True, filled=True), *VALIDITY),
            identity="kind",
            labelled_by=("kind", "name"),
        ),
        Layer(
            "deductions",
            (
                Column("id", aliases=OBJECT_ID),
                Column("kind", aliases=("typ", "art"), required=True, filled=True),
                *VALIDITY,
            ),
            identity="id",
        ),
        Layer(
            "holdings",
            (
                KEY,
                Column("holder", "choice", ("halter", "bestandshalter", "eigentuemer", "verwalter"), required=True),
                Column("site", aliases=("standort", "flaechenname", "gebiet")),
                Column("disposition", "choice", ("verfuegung", "vergabestand", "vermarktungsstand")),
                Column("disposition_until", "day", ("anhandgabe_bis", "reserviert_bis", "verfuegung_bis")),
                Column("serviced", "yes_no", ("erschlossen",)),
                Column("cleared", "yes_no", ("geraeumt", "altlastenfrei", "freigeraeumt")),
                Column("binding_use", "yes_no", ("bindende_nutzung", "gebunden")),
                Column("opposing_plan", "yes_no", ("entgegenstehende_planung", "planverfahren")),
                Column("construction_possible_from", "day", ("bebaubar_ab", "baubeginn_moeglich_ab")),
                Column("marketable", "yes_no", ("marktfaehig", "vermarktbar")),
                Column("declared_net_m2", "area", ("netto_m2", "nettoflaeche", "nettobauland_m2")),
                Column("designation", "choice", DESIGNATION_ALIASES),
                *VALIDITY,
            ),
            identity="key",
            geometry="optional",
        ),
        Layer(
            "sensitive",
            (
                Column("id", aliases=OBJECT_ID),
                Column("kind", "choice", ("typ", "art"), required=True, filled=True, listed="sensitive_kind"),
                Column("name", aliases=("bezeichnung",)),
                *VALIDITY,
            ),
            identity="id",
        ),
        Layer(
            "sites_of_concern",
            (
                Column("id", aliases=OBJECT_ID, required=True, filled=True),
                Column("name", aliases=("bezeichnung", "betriebsbereich", "anlage", "betreiber")),
                Column("kas18_class", "choice", ("kas18_klasse", "kas18", "abstandsklasse_kas18")),
                Column("distance_class", "choice", ("abstandsklasse", "abstandsklasse_nrw")),
                *VALIDITY,
            ),
            identity="id",
        ),
        Layer(
            "overlays",
            (
                Column("id", aliases=OBJECT_ID),
                Column("kind", "choice", ("typ", "art", "thema"), required=True, filled=True, listed="overlay_kind"),
                Column("name", aliases=("bezeichnung",)),
                Column("value", aliases=("wert", "klasse", "stufe")),
                Column("data_on", "day", ("stand", "datenstand", "stand_vom")),
                *VALIDITY,
            ),
            identity="id",
        ),
    )
}

_SPELLING = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def spelled(name: str) -> str:
    """A column name as it is compared: without case, umlauts, blanks and punctuation."""
    plain = unicodedata.normalize("NFC", name).casefold().translate(_SPELLING)
    return re.sub(r"[^a-z0-9]", "", plain)


def as_said(layer: Layer, found: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    """A file's column names as `matched` is to see them, where `columns` (of the layer: of the file) says which is which.

    Other columns that could stand for one of these are passed over.
    """
    meant = {name: column for column, name in columns.items()}
    aliases = {
        spelled(alias) for column in layer.columns if column.name in columns for alias in (column.name, *column.aliases)
    }
    return [meant.get(name, "" if spelled(name) in aliases else name) for name in found]


def matched(layer: Layer, found: Sequence[str]) -> dict[str, int]:
    """Which of the columns `found` in a file stands for which column of the layer, by position.

    Raises Refused where two stand for the same column or a required one is missing.
    """
    known = {spelled(alias): column.name for column in layer.columns for alias in (column.name, *column.aliases)}
    taken: dict[str, int] = {}
    for position, name in enumerate(found):
        column = known.get(spelled(name))
        if column is None:
            continue
        if column in taken:
            raise Refused(
                "column-twice",
                f"The columns '{found[taken[column]]}' and '{name}' both mean '{column}': remove or rename one.",
            )
        taken[column] = position
    for wanted in layer.columns:
        if wanted.required and wanted.name not in taken:
            raise Refused(
                "column-missing",
                f"The layer {layer.name} needs a column '{wanted.name}' (understood: {', '.join(wanted.aliases)}); "
                f"the file has: {', '.join(found[:40]) or 'no columns'}.",
            )
    return taken
