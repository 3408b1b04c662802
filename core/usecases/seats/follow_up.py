"""What a change of ledger, session or pack means for the pair's seat: reminder, grace, or its end (rules 9 and 21)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import RowMapping, select, update

from core.db.disputes import freeze_disputed, pair_is_disputed
from core.db.history import PROVIDER, SYSTEM, Change, record
from core.db.notices import Owed, owe, owe_anew
from core.db.packs import packs_of_pair
from core.db.tables import communities, mentors, seats
from core.db.unit import Transaction
from core.rules.balance import Pack
from core.rules.grace import BeginGrace, EndGrace, Nothing, Pair, RemindOfRenewal, what_follows
from core.rules.notices import NoticeKind
from core.rules.settings import Settings, settings_from
from core.rules.states import SeatState

DISPUTED = "its payment is disputed"
"""Why a pack is frozen, as history keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairState:
    """One student with one mentor, as the transaction finds them."""

    community_id: int
    student_id: int
    settings: Settings
    seat_id: int
    seat_state: SeatState
    grace_number: int
    packs: tuple[Pack, ...]
    paused_at: datetime | None  # the mentor's: it stops all clocks of the seat; a frozen pack says so itself
    disputed: bool = False  # one of the payments, be its pack used up or not: no grace begins (rule 29)


async def load_pair(tx: Transaction, student_id: int, mentor_id: int) -> PairState:
    """The pair's seat, live or last, and its packs. Whoever calls holds the lock on both members.

    A payment takes no such lock but moves the seat: so the seat is locked first, and the packs are read by a later
    statement, which then sees the pack that the payment brought.
    """
    seat = (
        (
            await tx.run(
                select(
                    seats,
                    mentors.c.paused_at,
                    communities.c.settings,
                    pair_is_disputed(student_id, mentor_id).label("disputed"),
                )
                .join(mentors, mentors.c.member_id == seats.c.mentor_id)
                .join(communities, communities.c.id == seats.c.community_id)
                .where(seats.c.student_id == student_id, seats.c.mentor_id == mentor_id)
                .order_by(seats.c.released_at.is_not(None), seats.c.id.desc())
                .limit(1)
                .with_for_update(of=seats)
            )
        )
        .mappings()
        .one()
    )
    return PairState(
        community_id=seat["community_id"],
        student_id=student_id,
        settings=settings_from(seat["settings"]),
        seat_id=seat["id"],
        seat_state=seat["state"],
        grace_number=seat["grace_number"],
        packs=await packs_of_pair(tx, student_id, mentor_id),
        paused_at=seat["paused_at"],
        disputed=bool(seat["disputed"]),
    )


async def follow_up(tx: Transaction, student_id: int, mentor_id: int, remaining_before: int) -> None:
    """The seat is where the change leaves it, and who must know will be told. Asked last, in the change's transaction.

    `remaining_before` is the pair's `usable_remaining` before the change.
    """
    pair = await load_pair(tx, student_id, mentor_id)
    if pair.disputed:
        pair = await _freeze_again(tx, pair, mentor_id)
    rule = Pair(
        seat_state=pair.seat_state,
        packs=pair.packs,
        scheduled=sum(pack.held for pack in pair.packs),
        purchases=len(pair.packs),
        grace_number=pair.grace_number,
        clocks_stopped=pair.paused_at is not None or pair.disputed or any(pack.frozen for pack in pair.packs),
    )
    match what_follows(remaining_before, rule, pair.settings, tx.now):
        case BeginGrace() as grace:
            await _begin_grace(tx, pair, grace)
        case EndGrace():
            await _end_grace(tx, pair)
        case RemindOfRenewal(cycle):
            reminder = Owed(NoticeKind.RENEWAL_REMINDER, pair.seat_id, pair.student_id, cycle)
            await tx.run(owe_anew(tx, pair.community_id, reminder))
        case Nothing():
            pass


def frozen_for_dispute(frozen: Iterable[RowMapping]) -> list[Change]:
    return [Change("pack", row["id"], row["state"], row["state"], "freeze", DISPUTED) for row in frozen]


async def _freeze_again(tx: Transaction, pair: PairState, mentor_id: int) -> PairState:
    """A pack that got something back while its payment is disputed is frozen as the others are (rule 29)."""
    frozen = await freeze_disputed(tx, pair.student_id, mentor_id)
    if not frozen:
        return pair
    await tx.run(record(pair.community_id, tx.now, PROVIDER, *frozen_for_dispute(frozen)))
    return replace(pair, packs=await packs_of_pair(tx, pair.student_id, mentor_id))


async def _begin_grace(tx: Transaction, pair: PairState, grace: BeginGrace) -> None:
    seat_id, student_id = pair.seat_id, pair.student_id
    await tx.write_all(
        update(seats)
        .where(seats.c.id == seat_id, seats.c.state == SeatState.ACTIVE)
        .values(state=SeatState.GRACE, grace_ends_at=grace.ends_at, grace_number=grace.number),
        record(
            pair.community_id,
            tx.now,
            SYSTEM,
            Change("seat", seat_id, SeatState.ACTIVE, SeatState.GRACE, "begin grace", "no session left, none booked"),
        ),
        owe(
            tx,
            pair.community_id,
            Owed(NoticeKind.GRACE_BEGAN, seat_id, student_id, grace.number),
            Owed(NoticeKind.FINAL_WARNING, seat_id, student_id, grace.number, due_at=grace.warning_due_at),
        ),
    )


async def _end_grace(tx: Transaction, pair: PairState) -> None:
    await tx.write_all(
        update(seats)
        .where(seats.c.id == pair.seat_id, seats.c.state == SeatState.GRACE)
        .values(state=SeatState.ACTIVE, grace_ends_at=None, grace_stopped_at=None),
        record(
            pair.community_id,
            tx.now,
            SYSTEM,
            Change("seat", pair.seat_id, SeatState.GRACE, SeatState.ACTIVE, "end grace", "a session came back"),
        ),
    )
