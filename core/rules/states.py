"""The states that things can be in, and the words for what happens to them."""

from enum import StrEnum


class SeatState(StrEnum):
    """Where a seat stands (rule 6). Everything but `released` occupies one of the mentor's places."""

    OFFERED = "offered"
    HELD = "held"
    ACTIVE = "active"
    GRACE = "grace"
    RELEASED = "released"


class SessionState(StrEnum):
    """Where a session stands. `scheduled` is a hold on its pack (rule 2)."""

    SCHEDULED = "scheduled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELED = "canceled"


class PackState(StrEnum):
    ACTIVE = "active"
    DEPLETED = "depleted"
    EXPIRED = "expired"
    REFUNDED = "refunded"


class FreezeCause(StrEnum):
    """Why a pack's expiry stands still and nothing can be booked with it."""

    STAFF_RELEASE = "staff_release"  # kept until a new seat (rule 12)
    MENTOR_REMOVED = "mentor_removed"  # rule 39
    DISPUTE = "dispute"  # rule 29


class OrderState(StrEnum):
    """Where an order stands. `open` and `pending` are unsettled: no seat of the pair is released then (rule 11)."""

    OPEN = "open"
    PENDING = "pending"
    FULFILLED = "fulfilled"
    CLOSED = "closed"
    PARKED = "parked"
    REFUNDED = "refunded"


class EntryKind(StrEnum):
    """The kinds of ledger entry (domain words). A migration's CHECK fixes the sign of each."""

    PURCHASE = "purchase"
    GRANT = "grant"
    CONSUME = "consume"
    RESTORE = "restore"
    ADJUST = "adjust"
    TRANSFER = "transfer"
    REFUND = "refund"
    EXPIRE = "expire"


class RefundState(StrEnum):
    """A refund that we owe: written first, asked of the provider afterwards, under its own row's id."""

    INTENDED = "intended"
    DONE = "done"
    FAILED = "failed"  # still owed: staff see to it
    REPLACED = "replaced"  # it failed, and the money went back by another one, or is not there any more
    NOT_OWED = "not_owed"  # it failed, and staff say that it is not to be made


class RefundCause(StrEnum):
    NO_SEAT = "no_seat"  # rule 27
    PAID_TWICE = "paid_twice"  # rule 25
    STAFF = "staff"
    PROVIDER = "provider"  # made on the provider's own pages (rule 28)


class DisputeOutcome(StrEnum):
    """How a dispute ended. A payment that the provider reversed was lost without one (rule 29)."""

    WON = "won"
    LOST = "lost"


class EventState(StrEnum):
    """What became of something a provider told us (rule 30). Nothing told is thrown away."""

    APPLIED = "applied"
    PARKED = "parked"
    FAILED = "failed"


class NoticeState(StrEnum):
    """How a notice went. `queued` means that the engine has it."""

    PENDING = "pending"
    QUEUED = "queued"
    DELIVERED = "delivered"
    DROPPED = "dropped"
    DEAD = "dead"


class Channel(StrEnum):
    """A rung of the ladder (rule 33)."""

    DM = "dm"
    THREAD = "thread"  # the pair's private one
    STAFF = "staff"


class Actor(StrEnum):
    """Who caused a change, when no member did."""

    MEMBER = "member"
    PROVIDER = "provider"
    SYSTEM = "system"
    PARTNER = "partner"  # a signed completion webhook
