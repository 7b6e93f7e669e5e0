"""The report says what the API says, in both languages, and needs nothing beside it."""

from datetime import date
from decimal import Decimal

import pytest
from lxml import html

from app import answers, stock_answers
from app.answers import Asked
from app.web.language import translator
from app.web.report import RESERVE_BY, STOCK_BY, report
from parcels import dissolutions, land_record, sites
from parcels.authors import Author
from parcels.dissolutions import Cause, Lost
from parcels.lost import lost
from parcels.sites import Site
from tests.conftest import AT, key, square
from tests.little_worlds import holding, parcel, zone

ON, SINCE, LOST_ON = date(2026, 6, 1), date(2025, 6, 1), date(2026, 3, 1)


@pytest.fixture
def asked(session, fill):
    """1 ha that counts, 1 ha sold in 2026, 1 ha of private GE dissolved in 2026."""
    fill("parcels", *(parcel(n, square(100 * n, 0)) for n in (1, 2, 3)))
    fill("zones", zone("Plan", square(100, 0, 200, 100)), zone("Alt", square(300, 0), valid_to=LOST_ON))
    fill("holdings", holding(1, site="<b>Nord</b> & Co"), holding(2, valid_to=date(2026, 2, 1)))
    fill("holdings", holding(2, disposition="sold", valid_from=date(2026, 2, 1)), holding(3, holder="private"))
    known_at = AT.replace(year=2027)
    place = sites.place(session, Site((key(3),)), date(2026, 2, 28), known_at)
    land = lost(session, place, LOST_ON, None, {}, date(2026, 2, 28), known_at)
    origin = dissolutions.Origin("B 1", Cause.ENTERED, "GE", Site((key(3),)))
    said = Lost(LOST_ON, land.measured_on, land.net_m2, land.unclear_m2, land.district, {}, land_record.write(land))
    dissolutions.enter(session, origin, place, said, Author("Planner", "planner", AT))
    return Asked(ON, known_at, known_at, True)


def tables(page):
    return {
        table.xpath("ancestor::section/@aria-labelledby")[0] + str(n): [
            [" ".join(cell.text_content().split()) for cell in row.xpath("th|td")] for row in table.xpath(".//tbody/tr")
        ]
        for n, table in enumerate(page.xpath("//table"))
    }


@pytest.mark.parametrize("language", ["de", "en"])
def test_it_says_what_the_api_says(session, asked, language):
    speak = translator(language)
    page = html.fromstring(report(session, asked, SINCE, speak))
    reserve = answers.reserve(session, asked, RESERVE_BY)
    stock = stock_answers.stock_on(session, asked, STOCK_BY, (SINCE, ON))

    def ha(amount):
        return speak.hectares(amount * 10_000)

    shown = tables(page)
    assert shown["reserve0"][-1][1:3] == [ha(reserve.net_ha), ha(reserve.free_ha)] == [ha(Decimal(1)), ha(Decimal(1))]
    assert [row[:4] for row in shown["reserve0"][:-1]] == [["Nord", "GE", ha(Decimal(1)), ha(Decimal(1))]]
    assert [row[1] for row in shown["changes1"]] == [key(2)]
    assert shown["stock2"][-1][1:3] == [ha(stock.area_ha), ha(stock.net_ha)]
    balance = stock.replacement
    assert shown["replacement3"][-1][1:] == [
        ha(getattr(balance, f"{name}_ha"))
        for name in ("lost", "pledged", "delivered", "secure", "open", "insecure", "debt", "outstanding")
    ]
    assert (
        [row[-2] for row in shown["replacement4"]]
        == [ha(point.debt_ha) for point in balance.points]
        == [
            ha(Decimal(0)),
            ha(Decimal(1)),
        ]
    )
    assert page.xpath("//html/@lang") == [language]
    assert page.xpath("//link | //script | //img | //*[@src]") == []
    assert {"de": "Fiktiv", "en": "Fictitious"}[language] in page.text_content()


def test_nothing_of_the_register_becomes_markup(session, asked, fill):
    fill("holdings", holding(1, site="<b>Nord</b> & Co", disposition="sold", valid_from=date(2026, 5, 1)))
    page = report(session, asked, SINCE, translator("en"))
    assert "&lt;b&gt;Nord&lt;/b&gt; &amp; Co" in page
    assert "<b>" not in page
