"""Which changes of a balance by hand a pack can take, and which pack takes them (rule 1)."""

from collections.abc import Iterable
from datetime import datetime

from core.rules.balance import Pack, returned_expiry
from core.rules.refusals import Reason, Refused, refuse
from core.rules.seats import PAID_FOR
from core.rules.settings import Settings
from core.rules.states import PackState, SeatState

MOST_ADJUSTED = 100
"""As many sessions as a pack may hold."""

_LIVING = frozenset({PackState.ACTIVE, PackState.DEPLETED})


def why_not_adjust(pack: Pack, delta: int, seat_state: SeatState | None) -> Refused | None:
    """Why the pack cannot take `delta`: never below its holds nor over its total; goodwill beyond is a grant.

    Nothing is added for whoever has no seat: they could not use it.
    """
    if pack.state not in _LIVING:
        return refuse(Reason.PACK_IS_OVER)
    if delta > 0 and seat_state not in PAID_FOR:
        return refuse(Reason.STUDENT_WITHOUT_SEAT)
    if pack.remaining + delta > pack.total:
        return refuse(Reason.ABOVE_TOTAL, remaining=pack.remaining, total=pack.total)
    if pack.remaining + delta < pack.held:
        return refuse(Reason.BELOW_HOLDS, remaining=pack.remaining, held=pack.held)
    return None


def packs_to_adjust(packs: Iterable[Pack], delta: int, seat_state: SeatState | None) -> tuple[Pack, ...] | Refused:
    """The packs that can take `delta`, the one that expires first before the others; else why the nearest cannot."""
    by_expiry = sorted((pack for pack in packs if pack.state in _LIVING), key=lambda pack: (pack.expires_at, pack.id))
    if not by_expiry:
        return refuse(Reason.NOTHING_TO_ADJUST)
    answers = [(pack, why_not_adjust(pack, delta, seat_state)) for pack in by_expiry]
    able = tuple(pack for pack, why_not in answers if why_not is None)
    if able:
        return able
    refused = [(pack, why_not) for pack, why_not in answers if why_not is not None]
    return max(refused, key=lambda each: _room(each[0], delta))[1]


def _room(pack: Pack, delta: int) -> int:
    """How much the pack could take in this direction: of those that cannot take enough, the widest says why."""
    return pack.available if delta < 0 else pack.total - pack.remaining


def adjusted_expiry(pack: Pack, delta: int, now: datetime, settings: Settings) -> datetime:
    """When the pack expires then: what is given back by hand can be used for some days at least, as in rule 3."""
    return returned_expiry(pack.expires_at, now, settings) if delta > 0 else pack.expires_at
