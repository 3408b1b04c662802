"""Make a code that students can name when they buy."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.db.codes import insert_code
from core.db.history import Change, by_member, record
from core.db.people import mentor_of
from core.db.unit import Transaction, transaction
from core.rules.codes import is_used_up
from core.rules.money import parse_price
from core.rules.refusals import Reason, Refused, refuse
from core.usecases.asker import Asker, Known, known_staff
from core.usecases.codes.words import tidy_word
from core.usecases.community.names import why_not_number

_MOST = {"percent": 100, "uses": 1_000_000, "uses_each": 1000, "days": 3650}


@dataclass(frozen=True, slots=True)
class NewCode:
    """What staff say of it: a percentage, or an amount like '10.00' in its currency. None limits nothing."""

    word: str
    percent: int | None = None
    amount: str | None = None
    mentor_id: int | None = None
    uses: int | None = None
    uses_each: int | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class CodeCard:
    """A code as staff see it. `mentor_name` is empty if it is good with every mentor."""

    code_id: int
    word: str
    percent: int | None
    off_minor: int | None
    currency: str | None
    mentor_name: str | None
    most_uses: int | None
    most_uses_each: int | None
    ends_at: datetime | None
    used: int = 0
    is_over: bool = False

    @property
    def is_used_up(self) -> bool:
        return is_used_up(self.most_uses, self.used)


@transaction
async def add_code(tx: Transaction, asker: Asker, new: NewCode) -> CodeCard | Refused:
    """The code can be named from now on. Of two who make the same word the second is told that it is taken."""
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    word = tidy_word(new.word)
    if word is None:
        return refuse(Reason.BAD_CODE)
    off_minor = _off(new, who)
    if isinstance(off_minor, Refused):
        return off_minor
    if refused := _why_not_numbers(new):
        return refused
    mentor = None if new.mentor_id is None else await mentor_of(tx, who.community_id, new.mentor_id)
    if new.mentor_id is not None and mentor is None:
        return refuse(Reason.UNKNOWN_MENTOR)
    ends_at = None if new.days is None else tx.now + timedelta(days=new.days)
    currency = None if off_minor is None else who.currency
    code_id = await insert_code(
        tx,
        community_id=who.community_id,
        mentor_id=new.mentor_id,
        word=word,
        percent=new.percent,
        off_minor=off_minor,
        currency=currency,
        most_uses=new.uses,
        most_uses_each=new.uses_each,
        ends_at=ends_at,
    )
    facts = {"word": word, "percent": new.percent, "off_minor": off_minor, "uses": new.uses}
    change = Change("code", code_id, None, "live", "add", facts=facts)
    await tx.write_all(record(who.community_id, tx.now, by_member(who.member_id), change))
    return CodeCard(
        code_id=code_id,
        word=word,
        percent=new.percent,
        off_minor=off_minor,
        currency=currency,
        mentor_name=None if mentor is None else mentor["name"],
        most_uses=new.uses,
        most_uses_each=new.uses_each,
        ends_at=ends_at,
    )


def _off(new: NewCode, who: Known) -> int | Refused | None:
    """The amount, if the code takes off one: exactly one of the two ways is to be named."""
    if (new.percent is None) == (new.amount is None):
        return refuse(Reason.CODE_ONE_WAY)
    return None if new.amount is None else parse_price(new.amount, who.currency)


def _why_not_numbers(new: NewCode) -> Refused | None:
    for field, most in _MOST.items():
        number = getattr(new, field)
        if number is not None and (refused := why_not_number(field, number, 1, most)):
            return refused
    return None
