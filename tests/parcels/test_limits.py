"""What may end a statement, and what that is called; and that every limit is put back as it was."""

import threading
import time
from contextlib import nullcontext
from itertools import pairwise

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from parcels.limits import CoincidentEdgesError, TooIntricateError, limited, over_outlines, told
from parcels.sql import LED_BY_INDEX, PLAIN
from tests.conftest import key, square
from tests.little_worlds import holding, parcel, zone

SHOW = "SHOW statement_timeout"


def raising(said, code="XX000"):
    """A statement that fails as GEOS does, or the server."""
    return text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = '{said}'; END $$")


def fails(session, how):
    if how == "database":
        session.execute(text("SELECT 1 / 0"))
    elif how == "python":
        raise KeyError(how)
    elif how == "time":
        session.execute(text("SELECT pg_sleep(30)"))


@pytest.mark.parametrize("before", ["0", "7s"])
@pytest.mark.parametrize(
    ("how", "told_as"),
    [
        ("not", nullcontext()),
        ("database", pytest.raises(DBAPIError, match="division")),
        ("python", pytest.raises(KeyError)),
        ("time", pytest.raises(TooIntricateError)),
    ],
)
def test_the_limit_of_before_holds_again_whatever_happened(session, before, how, told_as):
    session.execute(text(f"SET LOCAL statement_timeout = '{before}'"))
    with told_as, limited(session, 0.2):
        assert session.scalar(text(SHOW)) == "200ms"
        fails(session, how)
    assert session.scalar(text(SHOW)) == before


def test_who_ends_a_statement_by_hand_is_not_told_of_intricate_outlines(session, engine):
    backend = session.scalar(text("SELECT pg_backend_pid()"))

    def cancel():
        sleeps = "SELECT count(*) FROM pg_stat_activity WHERE pid = :pid AND wait_event = 'PgSleep'"
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
            while not other.scalar(text(sleeps), {"pid": backend}):
                time.sleep(0.02)
            other.execute(text("SELECT pg_cancel_backend(:pid)"), {"pid": backend})

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(OperationalError, match="user request"), limited(session, 120):
        session.execute(text("SELECT pg_sleep(60)"))
    thread.join()
    assert session.scalar(text(SHOW)) == "0"


@pytest.mark.parametrize(
    ("said", "code", "expected", "words"),
    [
        ("canceling statement due to statement timeout", "57014", TooIntricateError, "simplify"),
        ("storniere Anfrage wegen Zeitüberschreitung der Anfrage", "57014", TooIntricateError, "simplify"),
        ("storniere Anfrage wegen Benutzeraufforderung", "57014", DBAPIError, "Benutzer"),
        ("GEOSRelate: InterruptedException: Interrupted!", "XX000", TooIntricateError, "simplify"),
        ("lwgeom_intersection: GEOS Error: std::bad_alloc", "XX000", TooIntricateError, "memory"),
        ("GEOSCovers: TopologyException: side location conflict at 1.25 2.5", "XX000", CoincidentEdgesError, "1.25 2.50"),
        ("GEOSCovers: TopologyException: odd", "XX000", CoincidentEdgesError, "coincide, and cannot"),
        ("something else", "XX000", DBAPIError, "something else"),
    ],
)  # fmt: skip
def test_failures_have_names(session, said, code, expected, words):
    with pytest.raises(expected, match=words), told(60), session.begin_nested():
        session.execute(raising(said, code))


@pytest.mark.parametrize(
    "said", ["canceling statement due to user request", "storniere Anfrage wegen Benutzeraufforderung"]
)
def test_a_time_limit_that_the_server_tells_as_a_cancel_is_one(session, said):
    """It happens a few times in a hundred, when a timeout falls together with GEOS or a subtransaction."""
    with pytest.raises(TooIntricateError), told(0), session.begin_nested():
        session.execute(raising(said, "57014"))
    with pytest.raises(TooIntricateError), limited(session, 0.001):
        session.execute(raising(said, "57014"))
    with pytest.raises(DBAPIError, match=said), limited(session, 60):
        session.execute(raising(said, "57014"))


@pytest.mark.parametrize(
    "said", ["GEOSRelate: InterruptedException: Interrupted!", "lwgeom_difference_prec: GEOS Error: Interrupted"]
)
def test_geos_that_was_interrupted_says_nothing_about_edges(session, said):
    with pytest.raises(DBAPIError) as failure, session.begin_nested():
        session.execute(raising(said))
    assert over_outlines(failure.value) is None


def test_few_vertices_may_mean_much_work_and_are_given_up_by_name(session, fill):
    """Eighty plans over one parcel, each from another year on, and another site every month: minutes of work."""
    plans = [zone(f"{n:02}", square(n % 40, 0, 100 - n % 40), valid_from=f"{1930 + n}-01-01") for n in range(80)]
    months = [f"{2010 + n // 12}-{1 + n % 12:02}-01" for n in range(201)]
    fill("holdings", *(holding(site=a, valid_from=a, valid_to=b) for a, b in pairwise(months)))
    fill("zones", *plans)
    session.execute(text("SET LOCAL statement_timeout = '2s'"))  # a request's is 5 s, an edit's by command 30 s
    with pytest.raises(TooIntricateError, match=f"too much lies over each other at {key(1)}"), session.begin_nested():
        fill("parcels", parcel())
    assert session.scalar(text("SELECT count(*) FROM parcel")) == 0


@pytest.mark.parametrize(("own", "during"), [("0", "30s"), ("5s", "5s"), ("20ms", "20ms"), ("2min", "30s")])
def test_an_edit_sets_the_planner_and_a_limit_and_puts_back_what_the_operator_chose(database, own, during):
    chosen = {"enable_hashjoin": "off", "enable_seqscan": "on", "plan_cache_mode": "force_custom_plan"}
    options = " ".join(f"-c {name}={value}" for name, value in {**chosen, "statement_timeout": own}.items())
    engine = create_engine(database[0], connect_args={"options": options})
    with engine.begin() as connection:
        connection.execute(text(f"SELECT {LED_BY_INDEX}"))
        assert connection.scalar(text(SHOW)) == during
        assert connection.scalar(text("SHOW plan_cache_mode")) == "force_generic_plan"
        connection.execute(text(f"SELECT {PLAIN}"))
        assert connection.scalar(text(SHOW)) == own
        assert {name: connection.scalar(text(f"SHOW {name}")) for name in chosen} == chosen
    engine.dispose()
