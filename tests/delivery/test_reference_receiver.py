"""The receiver that the papers show takes what the service sends, once, and refuses what was changed, is old, or is not ours."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.conftest import Post
from tests.delivery.receiver import Receiver

PAGE = Path(__file__).resolve().parents[2] / "docs" / "alerts.md"


@pytest.fixture
def take() -> Callable[..., Any]:
    """The function that stands in the page."""
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 (our own page)
    found: Callable[..., Any] = names["take"]
    return found


def test_it_takes_what_is_sent_once_and_nothing_else(post: Post, receiver: Receiver, take: Callable[..., Any]) -> None:
    hook = post.subscribe(receiver.url())
    uid = post.alert("7", site="Möwenhöft")
    post.round()
    (got,) = receiver.got

    def now(offset: float = 0) -> Callable[[], float]:
        return lambda: post.now.timestamp() + offset

    for headers, body, secret, offset in (
        (got.headers, got.body + b" ", hook.secret, 0),
        (got.headers, got.body.replace(b"Import 7", b"Import 8"), hook.secret, 0),
        ({**got.headers, "webhook-id": "other"}, got.body, hook.secret, 0),
        (got.headers, got.body, post.subscribe(receiver.url()).secret, 0),
        (got.headers, got.body, hook.secret, 301),
        (got.headers, got.body, hook.secret, -302),
    ):
        with pytest.raises(ValueError, match=r"signed|too"):
            take(headers, body, secret, now(offset))
    event = take(got.headers, got.body, hook.secret, now())
    assert (event["id"], event["data"]["subject"], event["data"]["facts"]) == (uid, "7", {"site": "Möwenhöft"})
    assert event["data"]["message"]["de"]["title"] == "Import nicht ganz übernommen: 7"
    assert event["data"]["message"]["en"]["title"] == "Import not taken in full: 7"
    assert take(got.headers, got.body, hook.secret, now(200)) is None
