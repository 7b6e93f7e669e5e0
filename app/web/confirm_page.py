"""The page behind the link of a mail: whoever opens it is asked, whoever sends the form confirms. Opening it does not."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.web.pages import Rendered, Visit, render
from app.web.question import plain
from parcels import confirmations
from parcels.confirmations import CodeUnknownError


def confirm_page(session: Session, code: str, visit: Visit, sent: bool = False) -> Rendered:
    """The question behind a code; with `sent` it is answered, and the page says so, as it does of one that was answered before."""
    asked, speak = plain(visit.now, visit.language), visit.speak
    try:
        found = (confirmations.confirm if sent else confirmations.find)(session, code, visit.now)
    except CodeUnknownError:
        said = {
            "heading": speak.text("Messages of the land reserve by e-mail"),
            "message": speak.text("Nothing waits to be confirmed behind this link, or it has expired."),
            "remedy": speak.text("Whoever ordered the messages can let another link be sent."),
        }
        return render(session, "link_unknown.html", 404, visit, asked, **said)
    done = sent or not found.unconfirmed
    return render(session, "confirm.html", 200, visit, asked, found=found, done=done, code=code)
