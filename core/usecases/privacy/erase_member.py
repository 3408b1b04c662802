"""Erase a member: nobody finds them here any more, and the books of what was paid stay true (rule 38).

Their member row stays under a pseudonym, as orders, payments, packs and sessions refer to it. The same person who comes
back is a new member.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import RowMapping

from core.db.history import SYSTEM, Change, record
from core.db.privacy import InDiscord, counts_of, in_discord, make_nobody, members_of_user, pseudonym, ties_of
from core.db.unit import Transaction, transaction
from core.rules.erasing import Ties, why_not_erase
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.reason import tidy_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One member of one community who is to be erased, or was. `rows`: how many of each table are about them."""

    member_id: int
    guild_id: int
    community_name: str
    name: str
    pseudonym: str
    rows: Mapping[str, int]
    in_discord: InDiscord


@transaction
async def preview_erasure(
    tx: Transaction, user_id: int, reason: str, guild_id: int | None = None
) -> tuple[Erasure, ...] | Refused:
    """What `erase_member` would do now, or why it would refuse. Nothing is changed."""
    wish = await _wish(tx, user_id, reason, guild_id)
    return wish if isinstance(wish, Refused) else wish.erasures


@transaction
async def erase_member(
    tx: Transaction, user_id: int, reason: str, guild_id: int | None = None
) -> tuple[Erasure, ...] | Refused:
    """They are erased in this guild, or in all of them: in all or in none.

    By an operator's word, at the person's wish. Whoever buys or is given something at the same instant comes after it.
    """
    wish = await _wish(tx, user_id, reason, guild_id)
    if isinstance(wish, Refused):
        return wish
    for member, erasure in zip(wish.members, wish.erasures, strict=True):
        await make_nobody(tx, erasure.member_id)
        change = Change("member", erasure.member_id, "here", "erased", "erase", wish.reason)
        await tx.run(record(member["community_id"], tx.now, SYSTEM, change))
    return wish.erasures


@dataclass(frozen=True, slots=True)
class _Wish:
    """Members who may be erased, under a lock on each."""

    members: tuple[RowMapping, ...]
    erasures: tuple[Erasure, ...]
    reason: str


async def _wish(tx: Transaction, user_id: int, reason: str, guild_id: int | None) -> _Wish | Refused:
    tidy = tidy_reason(reason)
    if isinstance(tidy, Refused):
        return tidy
    members = await members_of_user(tx, user_id, guild_id, lock=True)
    if not members:
        return refuse(Reason.NOTHING_HELD)
    erasures = []
    for member in members:
        if refused := why_not_erase(await _ties(tx, member)):
            return refused
        erasures.append(await _erasure(tx, member))
    return _Wish(tuple(members), tuple(erasures), tidy)


async def _ties(tx: Transaction, member: RowMapping) -> Ties:
    found = await ties_of(tx, member["id"])
    return Ties(
        community=member["community_name"],
        teaches=bool(found["teaches"]),
        money=found["orders"] + found["refunds"] + found["disputes"],
        seats=found["seats"],
        booked=found["booked"],
        left=found["left"],
    )


async def _erasure(tx: Transaction, member: RowMapping) -> Erasure:
    return Erasure(
        member_id=member["id"],
        guild_id=member["guild_id"],
        community_name=member["community_name"],
        name=member["name"],
        pseudonym=pseudonym(member["id"]),
        rows=await counts_of(tx, member["id"]),
        in_discord=await in_discord(tx, member["id"]),
    )
