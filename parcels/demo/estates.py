"""The estates of the demo city: where they lie, which plans were made for them, what is taken off; all invented."""

from typing import NamedTuple


class Zone(NamedTuple):
    """One plan's zone on one side of an estate; dates as ISO text, empty meaning always or open."""

    plan: str
    designation: str
    side: str = "all"
    share: float = 1.0
    valid_from: str = ""
    valid_to: str = ""
    in_use_as_commercial: str = ""
    restrictions: str = ""
    regulates_use: str = "yes"


class Strip(NamedTuple):
    """Land taken off along one course through an estate, `width` metres wide."""

    kind: str
    course: str
    width: float
    valid_from: str = ""
    valid_to: str = ""


class Estate(NamedTuple):
    """An industrial estate: centre in km of EPSG:25832 (northing less 5,900 km), size in m, turn in degrees."""

    name: str
    at: tuple[float, float]
    size: tuple[float, float]
    turn: float
    blocks: tuple[int, int]
    frontage: float
    sites: int
    zones: tuple[Zone, ...]
    strips: tuple[Strip, ...] = ()
    holder: str = ""
    district: str = ""


NOISE = "Geräuschkontingente nach Nr. 3 der textlichen Festsetzungen"
RETAIL = "Einzelhandel ausgeschlossen"
OLD_I, OLD_G = Zone("Baustufenplan", "I"), Zone("Baustufenplan", "G", in_use_as_commercial="yes")

ESTATES: tuple[Estate, ...] = (
    # Hamburg-Mitte
    Estate(
        *("Kranichbrook", (572.4, 33.3), (860, 560), 12, (3, 2), 105, 5),
        zones=(OLD_I, Zone("4", "GE", "west", 0.42, "2019-02-15", restrictions=RETAIL)),
        strips=(Strip("rail", "south", 22, "", "2022-07-01"), Strip("green", "north", 16), Strip("road", "midway", 25)),
    ),
    Estate(
        *("Wieselhude", (569.2, 34.5), (560, 420), -8, (2, 1), 95, 4),
        zones=(OLD_I, Zone("2", "MU", "east", 0.46, "2021-05-01")),
        strips=(Strip("green", "west", 14), Strip("water", "across", 10)),
    ),
    Estate(
        *("Tollerdamm", (560.4, 31.9), (620, 430), 6, (2, 1), 120, 2),
        zones=(Zone("1", "GI"),),
        strips=(Strip("flood_defence", "south", 34), Strip("rail", "midway", 14)),
        holder="HPA",
    ),
    Estate(
        *("Möwenhöft", (569.7, 31.75), (640, 520), 20, (2, 2), 120, 4),
        zones=(Zone("3", "GI", "all", 1.0, "2012-04-01"),),
        strips=(Strip("flood_defence", "west", 40), Strip("water", "diagonal", 14)),
        holder="HPA",
    ),
    Estate(
        *("Ebbensand", (553.1, 33.95), (520, 400), -4, (2, 1), 100, 3),
        zones=(Zone("7", "GE", "all", 1.0, "1998-06-01", restrictions=NOISE),),
        strips=(Strip("flood_defence", "south", 30), Strip("green", "east", 12)),
    ),
    Estate(
        *("Lindwurmhof", (566.9, 35.3), (360, 300), 31, (1, 1), 44, 2),
        zones=(OLD_G,),
        strips=(Strip("green", "south", 9),),
    ),
    Estate(
        *("Otterkamp", (574.6, 32.4), (700, 480), 24, (2, 2), 105, 4),
        zones=(Zone("5", "GI", "all", 1.0, "1984-03-01"), Zone("11", "GE", "north", 0.5, "2023-06-01")),
        strips=(Strip("protective_strip", "across", 44, "", "2024-10-01"), Strip("green", "south", 15)),
    ),
    # Altona
    Estate(
        *("Ginsterheide", (552.2, 38.9), (640, 450), -14, (2, 1), 110, 3),
        zones=(Zone("6", "GE", "all", 1.0, "1991-11-15"),),
        strips=(Strip("compensation", "corner", 60, "2018-03-01"), Strip("green", "north", 14)),
    ),
    Estate(
        *("Eulenkoppel", (555.9, 39.6), (680, 420), 9, (2, 1), 105, 3),
        zones=(OLD_I, Zone("9", "WA", "west", 0.36, "2020-04-01")),
        strips=(Strip("green", "south", 14), Strip("road", "midway", 21)),
    ),
    Estate(
        *("Kesselworth", (560.55, 38.9), (600, 520), 40, (2, 2), 90, 4),
        zones=(OLD_G, Zone("12", "GE", "south", 0.5, "2009-01-15")),
        strips=(Strip("rail", "west", 20),),
        district="Altona",
    ),
    # Eimsbüttel
    Estate(
        *("Schnuckenfeld", (560.2, 43.6), (720, 480), -22, (2, 2), 105, 4),
        zones=(
            Zone("2", "GE", "all", 1.0, "1988-09-01"),
            Zone("8", "WA", "east", 0.3, "2024-02-01"),
            Zone("8", "GE", "west", 0.7, "2024-02-01", restrictions=NOISE),
        ),
        strips=(Strip("compensation", "corner", 55), Strip("green", "west", 16)),
    ),
    Estate(
        *("Rabenstieg", (563.2, 41.2), (460, 360), 3, (2, 1), 85, 3),
        zones=(Zone("Baustufenplan", "G"), Zone("14", "GE", "north", 0.62, "2005-05-01", restrictions=RETAIL)),
        strips=(Strip("green", "east", 10),),
    ),
    Estate(
        *("Hummelbahn", (563.9, 38.3), (420, 300), 58, (1, 1), 50, 2),
        zones=(OLD_G, Zone("3", "MU", "west", 0.5, "2022-09-15")),
        strips=(Strip("rail", "north", 16),),
    ),
    # Hamburg-Nord
    Estate(
        *("Fuchslohe", (567.3, 46.2), (760, 520), 15, (3, 2), 110, 4),
        zones=(
            Zone("1", "GE", "all", 1.0, "1979-07-01"),
            Zone("10", "GE", "east", 0.35, "2016-02-01", restrictions=NOISE),
        ),
        strips=(Strip("green", "north", 18), Strip("protective_strip", "diagonal", 30)),
    ),
    Estate(
        *("Amselwerft", (567.9, 42.6), (440, 340), -33, (1, 1), 80, 3),
        zones=(OLD_I, Zone("5", "GE", "all", 1.0, "2018-10-01")),
        strips=(Strip("water", "south", 12),),
    ),
    Estate(
        *("Kiebitztor", (568.9, 38.6), (380, 300), 11, (1, 1), 44, 2),
        zones=(OLD_G,),
        strips=(Strip("green", "west", 9, "2021-01-01"),),
    ),
    # Wandsbek
    Estate(
        *("Hasselgrund", (574.3, 38.6), (760, 500), -10, (3, 1), 110, 4),
        zones=(Zone("3", "GE", "all", 1.0, "1994-01-01"), Zone("16", "MU", "east", 0.28, "2025-08-01")),
        strips=(Strip("road", "midway", 20), Strip("green", "south", 16)),
    ),
    Estate(
        *("Dachsrade", (576.9, 42.9), (700, 460), 27, (2, 2), 105, 4),
        zones=(OLD_I, Zone("6", "GE", "all", 1.0, "2013-05-01")),
        strips=(Strip("compensation", "corner", 50), Strip("water", "across", 12)),
    ),
    Estate(
        *("Moosbült", (574.4, 48.8), (560, 420), -19, (2, 1), 100, 3),
        zones=(Zone("2", "GE", "all", 1.0, "2001-03-01"), Zone("9", "SO", "east", 0.45, "2022-05-01", "2023-11-01")),
        strips=(Strip("green", "north", 15), Strip("protective_strip", "across", 26)),
    ),
    Estate(
        *("Elstergrund", (573.2, 44.9), (420, 330), 6, (1, 1), 80, 2),
        zones=(Zone("Baustufenplan", "G"),),
        strips=(Strip("green", "west", 10),),
    ),
    # Bergedorf
    Estate(
        *("Reiherwarft", (578.4, 29.4), (900, 600), 33, (3, 2), 115, 5),
        zones=(Zone("8", "GI", "west", 0.45, "1999-10-01"), Zone("9", "GE", "east", 0.55, "1999-10-01")),
        strips=(Strip("water", "diagonal", 16), Strip("rail", "south", 22), Strip("road", "midway", 24)),
    ),
    Estate(
        *("Binsenort", (582.3, 26.9), (640, 460), -6, (2, 2), 100, 4),
        zones=(Zone("4", "GE", "all", 1.0, "2007-08-01"),),
        strips=(Strip("flood_defence", "north", 28), Strip("compensation", "corner", 60, "2018-03-01")),
    ),
    Estate(
        *("Störchenau", (576.0, 25.2), (560, 420), 16, (2, 1), 105, 3),
        zones=(Zone("1", "GE", "all", 1.0, "2019-04-01"),),
        strips=(Strip("green", "north", 15), Strip("water", "across", 12)),
    ),
    # Harburg
    Estate(
        *("Hirschkrug", (562.9, 24.2), (720, 480), -27, (2, 2), 110, 4),
        zones=(OLD_I, Zone("7", "GE", "north", 0.5, "2017-12-01")),
        strips=(Strip("rail", "east", 20), Strip("green", "south", 14)),
    ),
    Estate(
        *("Heidschlag", (557.6, 24.6), (680, 460), 5, (2, 1), 110, 3),
        zones=(Zone("5", "GE", "all", 1.0, "1996-05-01"), Zone("13", "WA", "south", 0.4, "2027-06-01")),
        strips=(Strip("green", "north", 14), Strip("compensation", "corner", 50)),
    ),
    Estate(
        *("Süderbrack", (557.5, 28.7), (800, 560), 14, (2, 2), 130, 4),
        zones=(Zone("1", "GI", "all", 1.0, "2015-06-01"),),
        strips=(Strip("flood_defence", "north", 36), Strip("water", "diagonal", 18), Strip("rail", "west", 20)),
    ),
    Estate(
        *("Wurtmoor", (558.35, 28.35), (620, 460), -5, (2, 1), 130, 2),
        zones=(Zone("2", "GI", "all", 1.0, "2016-09-01"),),
        strips=(Strip("compensation", "corner", 60), Strip("green", "south", 20)),
    ),
    Estate(
        *("Igelforst", (562.0, 21.6), (460, 360), 21, (1, 1), 85, 3),
        zones=(
            Zone("3", "GE", "all", 1.0, "1990-02-01"),
            Zone("4", "SO", "all", 1.0, "2014-05-01", regulates_use="no"),
        ),
        strips=(Strip("green", "east", 12),),
    ),
)
