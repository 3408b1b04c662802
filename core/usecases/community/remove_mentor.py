"""A mentor leaves for good (rule 39): what is booked is returned, what is left is kept for a refund or a transfer."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from core.db.history import Change, by_member, record
from core.db.mentors import edit_mentor_row, pairs_of, unsettled_of_mentor
from core.db.notices import Owed, owe
from core.db.roles import ask_for_roles_of
from core.db.seats import move_seat
from core.db.tables import sessions
from core.db.unit import Transaction, transaction
from core.rules.notices import NoticeKind, cycle_at
from core.rules.refusals import Reason, Refused, refuse
from core.rules.seats import PAID_FOR
from core.rules.states import FreezeCause, SeatState, SessionState
from core.usecases.asker import Asker, Known
from core.usecases.community.pause_mentor import staff_and_mentor
from core.usecases.packs.freeze import Stop, stop_pair
from core.usecases.reason import tidy_reason


@dataclass(frozen=True, slots=True)
class Owner:
    """A student, and the sessions that they have left with the mentor: staff owe them a refund or a transfer."""

    user_id: int
    name: str
    remaining: int


@dataclass(frozen=True, slots=True)
class RemovalPreview:
    """What a removal would do: to `students` with a seat or something left, and to whom something is owed then.

    `canceled` sessions to come are returned; `waiting` ones have begun, and stay until somebody says how they went.
    """

    mentor_id: int
    name: str
    reason: str
    students: int
    canceled: int
    waiting: int
    owners: tuple[Owner, ...]


@dataclass(frozen=True, slots=True)
class MentorRemoved:
    name: str
    students: int
    canceled: int
    owners: tuple[Owner, ...]


@transaction
async def preview_removal(tx: Transaction, asker: Asker, mentor_id: int, reason: str) -> RemovalPreview | Refused:
    """What `remove_mentor` would do now, or why it would refuse. Nothing is changed."""
    wish = await _wish(tx, asker, mentor_id, reason)
    if isinstance(wish, Refused):
        return wish
    starts = [
        row["starts_at"]
        for row in await tx.all(
            select(sessions.c.starts_at).where(
                sessions.c.mentor_id == mentor_id, sessions.c.state == SessionState.SCHEDULED
            )
        )
    ]
    to_come = sum(at > tx.now for at in starts)
    return RemovalPreview(
        mentor_id=mentor_id,
        name=wish.mentor["name"],
        reason=wish.reason,
        students=len(wish.pairs),
        canceled=to_come,
        waiting=len(starts) - to_come,
        owners=_owners(wish.pairs),
    )


@transaction
async def remove_mentor(tx: Transaction, asker: Asker, mentor_id: int, reason: str) -> MentorRemoved | Refused:
    """The mentor teaches here no more, and each of their students is told.

    Sessions to come are cancelled and returned; those that have started wait for their outcome as before. Packs are
    frozen, and with the mentor every clock stands still. A seat with nothing left ends; the others wait for staff.
    The students' role is taken back from all of them.
    """
    wish = await _wish(tx, asker, mentor_id, reason)
    if isinstance(wish, Refused):
        return wish
    community_id, by = wish.by.community_id, by_member(wish.by.member_id)
    stop = Stop(community_id, by, "remove", wish.reason, FreezeCause.MENTOR_REMOVED, wish.by.settings)
    # Removed is paused for ever: so every rule that stops for a pause stops for this, too.
    await edit_mentor_row(tx, mentor_id, removed_at=tx.now, paused_at=wish.mentor["paused_at"] or tx.now)
    before = "active" if wish.mentor["paused_at"] is None else "paused"
    changes = [Change("mentor", mentor_id, before, "removed", "remove", wish.reason)]
    canceled = 0
    for pair in wish.pairs:
        canceled += await stop_pair(tx, pair["student_id"], mentor_id, stop)
        if pair["remaining"] == 0 and await move_seat(tx, pair["id"], PAID_FOR, SeatState.RELEASED):
            changes.append(Change("seat", pair["id"], pair["state"], SeatState.RELEASED, "remove", wish.reason))
    if wish.mentor["student_role_id"] is not None:
        await tx.run(ask_for_roles_of(tx, mentor_id))
    told = _told(wish.pairs, cycle_at(tx.now))
    await tx.write_all(
        record(community_id, tx.now, by, *changes),
        *([owe(tx, community_id, *told)] if told else []),
    )
    return MentorRemoved(wish.mentor["name"], len(wish.pairs), canceled, _owners(wish.pairs))


@dataclass(frozen=True, slots=True)
class _Wish:
    """A mentor whom staff may remove, under the lock on them, with everybody who has something with them."""

    by: Known
    mentor: RowMapping
    pairs: Sequence[RowMapping]
    reason: str


async def _wish(tx: Transaction, asker: Asker, mentor_id: int, reason: str) -> _Wish | Refused:
    found = await staff_and_mentor(tx, asker, mentor_id)
    if isinstance(found, Refused):
        return found
    tidy = tidy_reason(reason)
    if isinstance(tidy, Refused):
        return tidy
    # A purchase takes the same lock: either it finds the mentor removed, or its order is seen here.
    if orders := await unsettled_of_mentor(tx, mentor_id):
        return refuse(Reason.MONEY_ON_ITS_WAY, orders=orders)
    who, mentor = found
    return _Wish(who, mentor, await pairs_of(tx, mentor_id), tidy)


def _owners(pairs: Sequence[RowMapping]) -> tuple[Owner, ...]:
    return tuple(
        Owner(pair["student_user_id"], pair["student_name"], pair["remaining"]) for pair in pairs if pair["remaining"]
    )


def _told(pairs: Sequence[RowMapping], cycle: int) -> list[Owed]:
    told = [Owed(NoticeKind.MENTOR_REMOVED, pair["id"], pair["student_id"], cycle) for pair in pairs]
    return told + [
        Owed(NoticeKind.MENTOR_REMOVED_STAFF, pair["id"], None, cycle) for pair in pairs if pair["remaining"]
    ]
