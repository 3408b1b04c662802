"""In which time zone somebody lives."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from core.db.history import Change, by_member, record
from core.db.tables import members, mentors
from core.db.unit import Transaction, transaction
from core.rules.hours import known_zone
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker, known

_LONGEST_QUOTE = 64
_HERE = "here"


@dataclass(frozen=True, slots=True)
class ZoneChosen:
    """The zone and the instant of the choice, so that its clock can be shown. `mentor_zone`: of their hours."""

    zone: str
    at: datetime
    mentor_zone: str | None


@transaction
async def choose_time_zone(tx: Transaction, asker: Asker, zone: str) -> ZoneChosen | Refused:
    """Days, times and e-mails are for this person in this zone from now on (rule 18). A mentor's hours keep theirs."""
    who = await known(tx, asker)
    if isinstance(who, Refused):
        return who
    zone = zone.strip()
    if not known_zone(zone):
        return refuse(Reason.UNKNOWN_TIME_ZONE, zone=zone[:_LONGEST_QUOTE])
    row = (
        (
            await tx.run(
                select(members.c.time_zone, mentors.c.time_zone.label("mentor_zone"))
                .outerjoin(mentors, (mentors.c.member_id == members.c.id) & mentors.c.removed_at.is_(None))
                .where(members.c.id == who.member_id)
            )
        )
        .mappings()
        .one()
    )
    if row["time_zone"] != zone:
        facts = {"from": row["time_zone"], "to": zone}
        change = Change("member", who.member_id, _HERE, _HERE, "time zone", facts=facts)
        mine = update(members).where(members.c.id == who.member_id, members.c.user_id == who.user_id)
        if (await tx.run(mine.values(time_zone=zone))).rowcount == 0:
            return refuse(Reason.MEMBER_ERASED)  # at this very moment
        await tx.run(record(who.community_id, tx.now, by_member(who.member_id), change))
    return ZoneChosen(zone, tx.now, row["mentor_zone"])
