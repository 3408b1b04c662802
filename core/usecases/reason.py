"""Why somebody changed something by hand, in their own words (rule 37)."""

import re

from core.rules.refusals import Reason, Refused, refuse
from core.texts.language import visible

LONGEST_REASON = 500

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def tidy_reason(text: str) -> str | Refused:
    """The reason on one line; some reason there must be."""
    reason = " ".join(visible(_CONTROL.sub(" ", text)).split())
    return reason if 0 < len(reason) <= LONGEST_REASON else refuse(Reason.REASON_MISSING, most=LONGEST_REASON)
