"""What a code takes off a price, and whether it may be used (rule 26)."""

from dataclasses import dataclass
from datetime import datetime

from core.rules.money import coin
from core.rules.refusals import Reason, Refused, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A word that makes an order cheaper: by `percent`, or by `off_minor` of its currency. None limits nothing."""

    percent: int | None = None
    off_minor: int | None = None
    currency: str | None = None
    mentor_id: int | None = None
    most_uses: int | None = None
    most_uses_each: int | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Uses:
    """The orders that use the code and were neither left nor given back: an open checkout holds its use."""

    by_all: int = 0
    by_member: int = 0


def why_not_use(code: Code, uses: Uses, mentor_id: int, currency: str, now: datetime) -> Refused | None:
    """Why this purchase is no cheaper by the code. Asked under the lock on the code, or two would take its last use."""
    if is_over(code.ends_at, now):
        return refuse(Reason.CODE_IS_OVER, ended_at=code.ends_at)
    if code.mentor_id not in (None, mentor_id):
        return refuse(Reason.CODE_OF_ANOTHER_MENTOR)
    if code.currency not in (None, currency):
        return refuse(Reason.CODE_OF_ANOTHER_CURRENCY, currency=code.currency)
    if is_used_up(code.most_uses, uses.by_all):
        return refuse(Reason.CODE_USED_UP)
    if code.most_uses_each is not None and uses.by_member >= code.most_uses_each:
        return refuse(Reason.CODE_USED_BY_YOU)
    return None


def is_over(ends_at: datetime | None, now: datetime) -> bool:
    """Whether the code's days have passed."""
    return ends_at is not None and ends_at <= now


def is_used_up(most_uses: int | None, by_all: int) -> bool:
    """Whether nobody has a use of the code left. One that is given back can be used again."""
    return most_uses is not None and by_all >= most_uses


def discount(code: Code, price_minor: int, currency: str) -> int:
    """Minor units off this price, never more than it. What a percentage leaves over is the student's.

    The discount is of whole coins, so that a price which can be charged stays one.
    """
    off = -(-price_minor * code.percent // 100) if code.percent is not None else code.off_minor or 0
    step = coin(currency)
    return min(price_minor, -(-off // step) * step)
