"""So many e-mails an hour go to one address, whatever the subscriptions: what is more waits until there is room, the gravest first.

Critical alerts do not wait: they take the room of others. What was sent is counted by the hash of its address, apart from the
deliveries: a delivery that is sent again, or a subscription that is ended and made anew, has no more room for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

HOUR = timedelta(hours=1)
REACHED = "mail-cap"


def put_off(session: Session, most: int, at: datetime) -> int:
    """Put off what is due and for which an address has no room; gives how many that are. Call it where nobody else claims."""
    bound = {"most": most, "at": at, "hour": HOUR, "since": at - HOUR, "reached": REACHED}
    return len(session.execute(text(_PUT_OFF), bound).all())


def count(session: Session, target: str, at: datetime) -> None:
    """Note that an e-mail was handed over; what is older than an hour is forgotten."""
    session.execute(text("DELETE FROM mail_sent WHERE at <= :since"), {"since": at - HOUR})
    query = f"INSERT INTO mail_sent (address_sha256, at) VALUES ({ADDRESS.format(':target')}, :at)"
    session.execute(text(query), {"target": target, "at": at})


ADDRESS = "sha256(convert_to(lower({}), 'UTF8'))"
_PUT_OFF = f"""
WITH open AS (
    SELECT d.id, d.due_at, d.worker, a.severity, {ADDRESS.format("s.target")} AS address
    FROM delivery d JOIN subscription s ON s.id = d.subscription_id LEFT JOIN alert a ON a.id = d.alert_id
    WHERE d.state = 'pending' AND d.due_at <= :at AND s.channel = 'email' AND s.disabled_at IS NULL AND s.deleted_at IS NULL
),
taken AS (SELECT address, count(*) AS times FROM open WHERE worker IS NOT NULL GROUP BY address),
sent AS (
    SELECT address_sha256 AS address, count(*) AS times, min(at) AS first FROM mail_sent WHERE at > :since GROUP BY address_sha256
),
ranked AS (
    SELECT open.*, row_number() OVER (
        PARTITION BY address
        ORDER BY CASE severity WHEN 'critical' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END, due_at, id
    ) AS place
    FROM open WHERE worker IS NULL
)
UPDATE delivery d SET due_at = coalesce(sent.first, :at) + :hour, last_failure = :reached
FROM ranked LEFT JOIN sent USING (address) LEFT JOIN taken USING (address)
WHERE ranked.id = d.id AND ranked.severity IS DISTINCT FROM 'critical'
    AND ranked.place > :most - coalesce(sent.times, 0) - coalesce(taken.times, 0)
RETURNING d.id
"""
