"""Who has one of a mentor's places, how a seat moves, and when it may be taken or released (rules 6 to 13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.rules.refusals import Reason, Refused, refuse
from core.rules.settings import Settings
from core.rules.states import SeatState


class SeatEvent(StrEnum):
    """What can happen to a seat."""

    OFFERED = "offered"  # the waiting list's turn
    ACCEPTED = "accepted"  # an offer was taken: its checkout is open
    OFFER_ENDED = "offer_ended"  # passed, unanswered or undeliverable
    CHECKOUT_OPENED = "checkout_opened"
    CHECKOUT_CLOSED = "checkout_closed"  # the provider says: closed, unpaid
    RETURNED_TO_OFFER = "returned_to_offer"  # closed, unpaid, and the offer still stands
    PAID = "paid"
    GRANTED = "granted"  # a pack without a checkout: staff, or a code that leaves nothing to pay
    RENEWED = "renewed"
    RAN_OUT = "ran_out"  # nothing usable, nothing scheduled
    RESTORED = "restored"  # a session came back: undo, waiver, return
    GRACE_OVER = "grace_over"
    STAFF_RELEASED = "staff_released"
    REFUNDED = "refunded"  # a refund or a lost dispute took the last usable session
    PAID_IN_TIME = "paid_in_time"  # the news came after the release (rule 11)


_NONE, _OFFERED, _HELD = None, SeatState.OFFERED, SeatState.HELD
_ACTIVE, _GRACE, _RELEASED = SeatState.ACTIVE, SeatState.GRACE, SeatState.RELEASED

TRANSITIONS: Mapping[tuple[SeatState | None, SeatEvent], SeatState] = {
    (_NONE, SeatEvent.OFFERED): _OFFERED,
    (_RELEASED, SeatEvent.OFFERED): _OFFERED,
    (_OFFERED, SeatEvent.ACCEPTED): _HELD,
    (_OFFERED, SeatEvent.OFFER_ENDED): _RELEASED,
    (_NONE, SeatEvent.CHECKOUT_OPENED): _HELD,
    (_RELEASED, SeatEvent.CHECKOUT_OPENED): _HELD,
    (_HELD, SeatEvent.CHECKOUT_CLOSED): _RELEASED,
    (_HELD, SeatEvent.RETURNED_TO_OFFER): _OFFERED,
    (_HELD, SeatEvent.PAID): _ACTIVE,
    (_NONE, SeatEvent.GRANTED): _ACTIVE,
    (_OFFERED, SeatEvent.GRANTED): _ACTIVE,
    (_HELD, SeatEvent.GRANTED): _ACTIVE,
    (_ACTIVE, SeatEvent.GRANTED): _ACTIVE,
    (_GRACE, SeatEvent.GRANTED): _ACTIVE,
    (_RELEASED, SeatEvent.GRANTED): _ACTIVE,
    (_ACTIVE, SeatEvent.RENEWED): _ACTIVE,
    (_GRACE, SeatEvent.RENEWED): _ACTIVE,
    (_ACTIVE, SeatEvent.RAN_OUT): _GRACE,
    (_OFFERED, SeatEvent.RESTORED): _ACTIVE,
    (_HELD, SeatEvent.RESTORED): _ACTIVE,
    (_ACTIVE, SeatEvent.RESTORED): _ACTIVE,
    (_GRACE, SeatEvent.RESTORED): _ACTIVE,
    (_RELEASED, SeatEvent.RESTORED): _ACTIVE,
    (_GRACE, SeatEvent.GRACE_OVER): _RELEASED,
    (_ACTIVE, SeatEvent.STAFF_RELEASED): _RELEASED,
    (_GRACE, SeatEvent.STAFF_RELEASED): _RELEASED,
    (_ACTIVE, SeatEvent.REFUNDED): _RELEASED,
    (_GRACE, SeatEvent.REFUNDED): _RELEASED,
    (_RELEASED, SeatEvent.PAID_IN_TIME): _ACTIVE,
    (_OFFERED, SeatEvent.PAID_IN_TIME): _ACTIVE,
}
"""Every legal step of a seat; what is not here does not happen. A held seat ends by its checkout alone (rule 8)."""

OCCUPYING = frozenset({SeatState.OFFERED, SeatState.HELD, SeatState.ACTIVE, SeatState.GRACE})
"""The states that take one of the mentor's places (rule 7)."""

PAID_FOR = frozenset({SeatState.ACTIVE, SeatState.GRACE})
"""The states of a seat whose student has it by a pack."""


def after(state: SeatState | None, event: SeatEvent) -> SeatState | None:
    """The seat's state after the event, or None if the event does not happen to a seat in this state."""
    return TRANSITIONS.get((state, event))


def why_not_occupy(capacity: int, occupied: int) -> Refused | None:
    """Why nobody new takes a place. Asked under the lock on the mentor by whoever gives a seat away (rule 7)."""
    return refuse(Reason.MENTOR_FULL, capacity=capacity) if occupied >= capacity else None


def needs_new_seat(state: SeatState | None) -> bool:
    """Whether a purchase takes one more place, or goes on the one that the student has (rule 8)."""
    return state not in OCCUPYING


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What is known when a checkout is to open.

    `held_checkouts` are the member's open ones that hold a seat with other mentors; `unpaid_recently` closed unpaid
    with this mentor within the window, the latest of them at `last_unpaid_at`.
    """

    now: datetime
    capacity: int
    occupied: int
    seat_state: SeatState | None = None
    grace_ends_at: datetime | None = None
    grace_warned: bool = True  # this grace's final warning was delivered
    buyer_is_mentor: bool = False
    mentor_removed: bool = False
    mentor_paused: bool = False
    held_checkouts: int = 0
    unpaid_recently: int = 0
    last_unpaid_at: datetime | None = None


def why_not_buy(purchase: Purchase, settings: Settings) -> Refused | None:
    """Why no checkout opens. The limits of rule 8 spare who has the seat: a renewal keeps no place from anybody."""
    if purchase.buyer_is_mentor:
        return refuse(Reason.OWN_MENTOR)
    if purchase.mentor_removed:
        return refuse(Reason.UNKNOWN_MENTOR)
    if purchase.mentor_paused:
        return refuse(Reason.MENTOR_PAUSED)

    if purchase.seat_state in PAID_FOR:
        return _why_not_renew(purchase)
    return _why_not_hold_another(purchase, settings) or _why_not_take_a_place(purchase)


def _why_not_renew(purchase: Purchase) -> Refused | None:
    """No checkout opens between the end of grace and the release (rule 11).

    Who was not warned yet may still renew: their warning will move the end that the seat shows now (rule 12).
    """
    ends_at = purchase.grace_ends_at
    in_grace = purchase.seat_state is SeatState.GRACE and purchase.grace_warned
    if in_grace and ends_at is not None and ends_at <= purchase.now:
        return refuse(Reason.GRACE_IS_OVER, ended_at=ends_at)
    return None


def _why_not_hold_another(purchase: Purchase, settings: Settings) -> Refused | None:
    if purchase.held_checkouts >= settings.held_checkouts:
        return refuse(Reason.TOO_MANY_CHECKOUTS, limit=settings.held_checkouts)

    if purchase.unpaid_recently >= settings.unpaid_checkouts and purchase.last_unpaid_at is not None:
        until = purchase.last_unpaid_at + timedelta(hours=settings.unpaid_pause_hours)
        if purchase.now < until:
            return refuse(Reason.TOO_MANY_UNPAID, limit=settings.unpaid_checkouts, until=until)
    return None


def _why_not_take_a_place(purchase: Purchase) -> Refused | None:
    if not needs_new_seat(purchase.seat_state):
        return None
    return why_not_occupy(purchase.capacity, purchase.occupied)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is known of a seat when its grace may be over.

    The warning is that of this grace, not of an older one; delivered by any channel, of which staff's is the last:
    then every other one failed, and staff were told.
    """

    now: datetime
    seat_state: SeatState | None
    grace_ends_at: datetime | None
    warning_delivered: bool = False
    order_unsettled: bool = False
    clocks_stopped: bool = False  # dispute, pause, freeze (rules 29, 39, 40)


def why_not_release(release: Release) -> Refused | None:
    """Why the sweep leaves the seat to its student (rule 12)."""
    if release.seat_state is not SeatState.GRACE:
        return refuse(Reason.NOT_IN_GRACE)
    if release.clocks_stopped or release.grace_ends_at is None or release.now < release.grace_ends_at:
        return refuse(Reason.GRACE_NOT_OVER, ends_at=release.grace_ends_at)
    if not release.warning_delivered:
        return refuse(Reason.WARNING_NOT_DELIVERED)
    if release.order_unsettled:
        return refuse(Reason.ORDER_UNSETTLED)
    return None
