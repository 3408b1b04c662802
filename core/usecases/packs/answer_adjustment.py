"""Answer a mentor who asked to take sessions off: once, and looked at again before it is done (rule 1)."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, select, update

from core.db.history import Change, by_member, record
from core.db.notices import Owed, owe
from core.db.seats import lock_members
from core.db.tables import adjustments, members, packs
from core.db.unit import Transaction, transaction
from core.rules.adjusting import why_not_adjust
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker, known
from core.usecases.packs.adjust import Correction, apply_adjustment
from core.usecases.seats.follow_up import load_pair

ACCEPTED, DECLINED, OUTDATED = "accepted", "declined", "outdated"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of the question. `repeated`: it was answered before, and this is that answer."""

    adjustment_id: int
    answer: str
    mentor_name: str
    before: int
    after: int
    total: int
    repeated: bool


@transaction
async def answer_adjustment(tx: Transaction, asker: Asker, adjustment_id: int, yes: bool) -> Answered | Refused:
    """The student has answered, and their mentor will be told.

    A yes changes nothing if the pack is no longer as the mentor saw it: the answer is 'outdated' then.
    """
    who = await known(tx, asker)
    if isinstance(who, Refused):
        return who
    asked = await _question(tx, who.community_id, adjustment_id)
    if asked is None:
        return refuse(Reason.UNKNOWN_ADJUSTMENT)
    if asked["student_id"] != who.member_id:
        return refuse(Reason.NOT_YOURS)
    await lock_members(tx, asked["student_id"], asked["mentor_id"])
    # Once more: another answer may have come first.
    asked = await _question(tx, who.community_id, adjustment_id) or asked
    if asked["answer"] is not None:
        return _answered(asked, asked["answer"], repeated=True)
    answer = await _answer(tx, asked, yes=yes)
    await tx.write_all(
        update(adjustments)
        .where(adjustments.c.id == adjustment_id, adjustments.c.answered_at.is_(None))
        .values(answer=answer, answered_at=tx.now),
        record(
            who.community_id,
            tx.now,
            by_member(who.member_id),
            Change("adjustment", adjustment_id, "asked", answer, "answer", facts={"yes": yes}),
        ),
        owe(tx, who.community_id, Owed(NoticeKind.ADJUSTMENT_ANSWERED, adjustment_id, asked["asked_by"])),
    )
    return _answered(asked, answer, repeated=False)


async def _answer(tx: Transaction, asked: RowMapping, *, yes: bool) -> str:
    """What the answer comes to; a yes that still fits is done."""
    if not yes:
        return DECLINED
    pair = await load_pair(tx, asked["student_id"], asked["mentor_id"])
    pack = next(pack for pack in pair.packs if pack.id == asked["pack_id"])
    if pack.remaining != asked["expected"] or why_not_adjust(pack, asked["delta"], pair.seat_state):
        return OUTDATED
    correction = Correction(asked["asked_by"], asked["delta"], asked["reason"])
    await apply_adjustment(tx, pair, asked["mentor_id"], pack, correction, tell=False)
    return ACCEPTED


async def _question(tx: Transaction, community_id: int, adjustment_id: int) -> RowMapping | None:
    """What was asked of whom; None if it is not of this community."""
    return await tx.one(
        select(
            adjustments,
            packs.c.student_id,
            packs.c.mentor_id,
            packs.c.total,
            members.c.name.label("mentor_name"),
        )
        .join(packs, packs.c.id == adjustments.c.pack_id)
        .join(members, members.c.id == packs.c.mentor_id)
        .where(adjustments.c.id == adjustment_id, packs.c.community_id == community_id)
    )


def _answered(asked: RowMapping, answer: str, *, repeated: bool) -> Answered:
    return Answered(
        adjustment_id=asked["id"],
        answer=answer,
        mentor_name=asked["mentor_name"],
        before=asked["expected"],
        after=asked["expected"] + asked["delta"],
        total=asked["total"],
        repeated=repeated,
    )
