"""What a notice is about, as values to judge and to render: a row for each kind of subject."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.rules.due import NoticeFacts
from core.rules.refusals import Reason
from core.rules.states import DisputeOutcome, OrderState, PackState, RefundState, SeatState, SessionState


@dataclass(frozen=True, slots=True)
class Person:
    """A member as a text names them. The name is as they typed it: a text shows it through `plain`."""

    user_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The student and the mentor whom a notice is about."""

    student: Person
    mentor: Person
    mentor_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """The change that a notice tells of: who made it, why, and the figures that history kept of it."""

    by: Person
    why: str
    figures: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatFacts:
    """A seat, its pair's usable sessions and their latest expiry, and how many of the mentor's places are taken."""

    pair: Pair
    seat_id: int
    state: SeatState
    grace_ends_at: datetime | None
    grace_number: int
    purchases: int
    remaining: int
    expires_at: datetime | None
    capacity: int
    occupied: int
    seated_again: bool = False
    change: ByHand | None = None
    mentor_paused: bool = False
    grace_stopped: bool = False
    student_gone: bool = False
    role_id: int | None = None
    role_is_due: bool = False

    @property
    def without_money(self) -> bool:
        """Whether staff took the last sessions off, and gave no money back for them."""
        return self.change is not None and self.change.figures.get("amount_minor") == 0

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(
            cycle=cycle,
            mentor_paused=self.mentor_paused,
            grace_stopped=self.grace_stopped,
            student_gone=self.student_gone,
            role_is_due=self.role_is_due,
            seat_state=self.state,
            seated_again=self.seated_again,
            grace_number=self.grace_number,
            grace_ends_at=self.grace_ends_at,
            purchases=self.purchases,
            pair_remaining=self.remaining,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A session, its number in its pack and until when that is good, and what the pair still has and may book."""

    pair: Pair
    session_id: int
    state: SessionState
    starts_at: datetime
    ends_at: datetime
    number: int
    total: int
    remaining: int
    available: int
    expires_at: datetime
    attempt: int = 1
    given_back: bool = False  # waived: what its attempt used was restored
    waivable_until: datetime | None = None  # of one that is used: until when that may be
    refunded: bool = False  # it is in no pack any more: its money went back
    without_money: bool = False  # or no money did: staff took it off
    change: ByHand | None = None  # its cancelling, if whoever did it said why

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(
            cycle=cycle,
            session_state=self.state,
            starts_at=self.starts_at,
            attempt=self.attempt,
            given_back=self.given_back,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Money that moved, with its provider's name for it."""

    amount_minor: int
    currency: str
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFacts:
    """A refund, the sessions that it took, and who made it. `asks`: staff have not said yet how many it takes."""

    amount_minor: int
    state: RefundState
    sessions: int = 0
    asks: bool = False
    error: str | None = None
    change: ByHand | None = None
    by_hand: bool = False

    @property
    def is_owed(self) -> bool:
        return self.state is RefundState.FAILED

    @property
    def goes(self) -> bool:
        """Whether the provider makes it, or made it."""
        return self.state in (RefundState.INTENDED, RefundState.DONE) and not self.by_hand

    @property
    def is_by_hand(self) -> bool:
        """Whether staff paid it, and nobody else did."""
        return self.state is RefundState.DONE and self.by_hand


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """An order with its snapshot, the pack it gave, and the payment and refund that its notice is about."""

    pair: Pair
    order_id: int
    state: OrderState
    product_name: str
    sessions: int
    due_minor: int
    currency: str
    seat_state: SeatState | None
    remaining: int
    expires_at: datetime | None
    capacity: int
    occupied: int
    provider: str
    paid: Money | None
    refund: RefundFacts | None = None
    disputed: bool = False  # that payment, or the refund's: until it is decided staff can only wait
    mentor_removed: bool = False
    turned_down: Reason | None = None  # why what was agreed to too late was not bought

    def to_judge(self, cycle: int) -> NoticeFacts:
        if self.refund is None:
            return NoticeFacts(cycle=cycle, order_state=self.state)
        return NoticeFacts(
            cycle=cycle,
            order_state=self.state,
            refund_owed=self.refund.is_owed,
            refund_goes=self.refund.goes,
            refund_by_hand=self.refund.is_by_hand,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFacts:
    """A pack, what its pair may still have, and the change of it that is told.

    `stands_still`: its own clock or the mentor's. `last_notice_at`: when the last notice before its expiry is due.
    """

    pair: Pair
    pack_id: int
    state: PackState
    total: int
    pack_remaining: int
    held: int
    remaining: int
    expires_at: datetime
    stands_still: bool = False
    last_notice_at: datetime | None = None
    change: ByHand | None = None

    @property
    def available(self) -> int:
        """Sessions that are neither used nor booked."""
        return self.pack_remaining - self.held

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(
            cycle=cycle,
            pack_state=self.state,
            pack_stands_still=self.stands_still,
            pack_available=self.available,
            pack_expires_at=self.expires_at,
            last_notice_at=self.last_notice_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentFacts:
    """Sessions that a mentor wants to take off a pack; `remaining` is what it has now."""

    pair: Pair
    adjustment_id: int
    delta: int
    expected: int
    total: int
    remaining: int
    reason: str
    answer: str | None

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(cycle=cycle, answered=self.answer is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFacts:
    """A dispute, the payment it is about, and what is left of the pack that it bought."""

    pair: Pair
    dispute_id: int
    order_id: int
    product_name: str
    amount_minor: int
    currency: str
    lost_minor: int  # of the payment, by all its disputes
    payment_ref: str
    provider: str
    reason: str | None
    outcome: DisputeOutcome | None
    answer_by: datetime | None
    remaining: int
    frozen: bool
    taken: int = 0  # sessions that went with the money, of a pack that is refunded

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(cycle=cycle, dispute_outcome=self.outcome, answer_by=self.answer_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorFacts:
    """A mentor, how many students have a seat with them, and whether those are to have a role."""

    mentor: Person
    mentor_id: int
    students: int
    gone: bool = False
    has_role: bool = False

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(cycle=cycle, mentor_gone=self.gone, is_missing=not self.has_role)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityFacts:
    """What of the set-up was deleted, and nothing chosen in its place; or since when the bot was away before now.

    `event`: what a provider told of nobody's order, by its provider, and its name there.
    """

    community_id: int
    missing: tuple[str, ...] = ()
    away_since: datetime | None = None
    mentors: int = 0  # who can be booked again
    event: tuple[str, str] | None = None

    def to_judge(self, cycle: int) -> NoticeFacts:
        return NoticeFacts(cycle=cycle, is_missing=bool(self.missing))


FactsOfPair = DisputeFacts | SeatFacts | SessionFacts | OrderFacts | PackFacts | AdjustmentFacts
Facts = FactsOfPair | MentorFacts | CommunityFacts
