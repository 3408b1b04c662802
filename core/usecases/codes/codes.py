"""The codes there are, and ending one."""

from dataclasses import dataclass

from core.db.codes import codes_of, retire_code_row
from core.db.history import Change, by_member, record
from core.db.people import mentors_of_guild
from core.db.unit import Transaction, reading, transaction
from core.rules.codes import is_over
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker, known_staff, staffed
from core.usecases.codes.add_code import CodeCard
from core.usecases.codes.words import tidy_word


@dataclass(frozen=True, slots=True)
class CodeRetired:
    word: str


@reading
async def codes(tx: Transaction, asker: Asker) -> tuple[CodeCard, ...] | Refused:
    """Every code that is not retired, by word, with how often each is used. Staff alone see them. Three statements."""
    community = await staffed(tx, asker)
    if isinstance(community, Refused):
        return community
    names = {row["member_id"]: row["name"] for row in await mentors_of_guild(tx, asker.guild_id)}
    return tuple(
        CodeCard(
            code_id=row["id"],
            word=row["word"],
            percent=row["percent"],
            off_minor=row["off_minor"],
            currency=row["currency"],
            mentor_name=names.get(row["mentor_id"]),
            most_uses=row["most_uses"],
            most_uses_each=row["most_uses_each"],
            ends_at=row["ends_at"],
            used=used,
            is_over=is_over(row["ends_at"], tx.now),
        )
        for row, used in await codes_of(tx, community["id"])
    )


@transaction
async def retire_code(tx: Transaction, asker: Asker, typed: str) -> CodeRetired | Refused:
    """Nobody can name the code any more. Checkouts that use it stay as they are."""
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    word = tidy_word(typed)
    code_id = None if word is None else await retire_code_row(tx, who.community_id, word)
    if word is None or code_id is None:
        return refuse(Reason.UNKNOWN_CODE)
    change = Change("code", code_id, "live", "retired", "retire")
    await tx.write_all(record(who.community_id, tx.now, by_member(who.member_id), change))
    return CodeRetired(word)
