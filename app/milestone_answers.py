"""What followed from a milestone, as it is answered."""

from app import pledge_answers
from app.schemas.candidates import LeftOut, MilestoneEffectsOut, RestatedOut, SecuredOut, SlipOut
from app.web.language import Translator
from parcels.pipeline import Secured, Stated
from parcels.restating import Left, Restated
from rules.pipeline import Slip


def effects(found: Stated, speak: Translator) -> MilestoneEffectsOut:
    """What moved, what holdings say now, how secure pledges are."""
    return MilestoneEffectsOut(
        slips=[_slip(one, speak) for one in found.slips],
        recording=found.recording,
        outlined=found.outlined,
        restated=[_restated(one) for one in found.restated],
        left=[_left(one, speak) for one in found.left],
        pledges=[_secured(one, speak) for one in found.pledges],
    )


def _slip(one: Slip, speak: Translator) -> SlipOut:
    title = speak.code("milestone", one.kind)
    return SlipOut(kind=one.kind, title=title, was_on=one.was_on, is_on=one.is_on, days=one.days)


def _restated(one: Restated) -> RestatedOut:
    return RestatedOut(
        parcel=one.parcel_key,
        fact=one.fact,
        valid_from=one.since,
        valid_to=one.until,
        was=one.was,
        value=one.value,
    )


def _left(one: Left, speak: Translator) -> LeftOut:
    return LeftOut(
        parcel=one.parcel_key,
        fact=one.fact,
        valid_from=one.since,
        valid_to=one.until,
        recorded=one.recorded,
        value=one.value,
        why=one.why,
        sentence=speak.code("restating", one.why.value),
    )


def _secured(one: Secured, speak: Translator) -> SecuredOut:
    before, after = (pledge_answers.security(found, speak) for found in (one.before, one.after))
    return SecuredOut(pledge=one.pledge.id, before=before, after=after)
