"""Let the clocks of a mentor's students run again: all of them are as far from their end as when they stopped (39)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping

from core.db.history import By, Change, record
from core.db.mentors import move_expiries, paid_seats_of, resume_mentor_row, running_packs_of
from core.db.notices import Owed, arm_again, move_grace_end, owe, owe_dropped_again
from core.db.unit import Transaction
from core.rules.grace import warning_due_at
from core.rules.notices import NoticeKind, cycle_at
from core.rules.pausing import stood_still
from core.rules.settings import settings_from
from core.rules.states import SeatState
from core.usecases.packs.expiring import owed_before_expiry
from core.usecases.seats.follow_up import follow_up

_HELD_BACK = (NoticeKind.RENEWAL_REMINDER, NoticeKind.GRACE_BEGAN)


async def let_run(
    tx: Transaction,
    mentor: RowMapping,
    by: By,
    why: str | None = None,
    *,
    telling: NoticeKind | None = NoticeKind.MENTOR_RESUMED,
) -> int | None:
    """How many students the mentor has, who are told that time runs again; None if another ended this pause.

    Expiries and grace ends move by the time paused, with what is told before them; grace that could not begin meanwhile
    begins now. Whoever calls holds the lock on the mentor, which every decision about a pair of theirs takes, too.
    """
    mentor_id, community_id, paused_at = mentor["member_id"], mentor["community_id"], mentor["paused_at"]
    if not await resume_mentor_row(tx, mentor_id, paused_at):
        return None
    living = await paid_seats_of(tx, mentor_id)
    changes, told = await _move_expiries(tx, mentor)
    changes += await _move_graces(tx, living, mentor)
    changes.append(Change("mentor", mentor_id, "paused", "active", "resume", why))
    cycle = cycle_at(tx.now)
    if telling is not None:
        told += [Owed(telling, seat["id"], seat["student_id"], cycle) for seat in living]
    await tx.write_all(
        owe_dropped_again(tx, _HELD_BACK, [seat["id"] for seat in living], paused_at),
        record(community_id, tx.now, by, *changes),
        *([owe(tx, community_id, *told)] if told else []),
    )
    for seat in living:
        # Nothing was used by the end of a pause: there is nothing to remind of, only grace that may have waited.
        await follow_up(tx, seat["student_id"], mentor_id, remaining_before=0)
    return len(living)


async def _move_expiries(tx: Transaction, mentor: RowMapping) -> tuple[list[Change], list[Owed]]:
    """Every running pack is as far from its end as it was; with what its student is told before it (rule 21)."""
    changes: list[Change] = []
    told: list[Owed] = []
    expiries: dict[int, datetime] = {}
    settings = settings_from(mentor["settings"])
    for pack in await running_packs_of(tx, mentor["member_id"]):
        # What was bought or given meanwhile stood still since then only.
        since = max(mentor["paused_at"], pack["created_at"])
        until = pack["expires_at"] + stood_still(since, tx.now, pack["frozen_at"])
        expiries[pack["id"]] = until
        if pack["frozen_at"] is None and pack["remaining"] > 0:
            told += owed_before_expiry(pack["id"], pack["student_id"], until, settings, tx.now)
        facts = {"from": pack["expires_at"].isoformat(), "to": until.isoformat()}
        changes.append(Change("pack", pack["id"], pack["state"], pack["state"], "resume", facts=facts))
    await move_expiries(tx, expiries)
    return changes, told


async def _move_graces(tx: Transaction, living: Sequence[RowMapping], mentor: RowMapping) -> list[Change]:
    """Each grace is as long as it was. Whoever was warned of the old end is warned of the new one (rule 12)."""
    changes = []
    settings = settings_from(mentor["settings"])
    for seat in living:
        if seat["state"] is not SeatState.GRACE:
            continue
        before, number = seat["grace_ends_at"], seat["grace_number"]
        until = before + stood_still(mentor["paused_at"], tx.now, seat["grace_stopped_at"])
        if await move_grace_end(tx, seat["id"], number, before, until):
            await tx.run(arm_again(NoticeKind.FINAL_WARNING, seat["id"], number, warning_due_at(until, settings)))
            facts = {"from": before.isoformat(), "to": until.isoformat()}
            changes.append(Change("seat", seat["id"], SeatState.GRACE, SeatState.GRACE, "resume", facts=facts))
    return changes
