"""Does new land make up for what is dissolved (Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 1 Satz 2)?"""

from collections.abc import Sequence

from rules.law import DatedLaw
from rules.replacement_facts import Assessment, Candidate, Counted, Coverage, Criterion, Loss, Verdict

__all__ = ["Assessment", "Candidate", "Counted", "Coverage", "Criterion", "Loss", "Verdict", "assess"]


def assess(loss: Loss, candidates: Sequence[Candidate], law: DatedLaw) -> Assessment:
    """The comparison of a loss with what is offered for it, all candidates together."""
    raise NotImplementedError
