"""The pair's private thread, the rung between DM and staff: opened when it is first needed (rule 33).

A crash between the opening and the note of it leaves a thread that nobody is in; the next notice opens another.
"""

from dataclasses import dataclass

from core.db.threads import note_thread, seats_of_pair
from core.db.unit import Database, Transaction, reading
from core.notices.facts import Pair, Person
from core.ports import Address, Answer, ChannelClosed, Courier, Message, OpenedThread
from core.rules.states import Channel

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pair's thread is, and where one can be opened. `own` is what its newest seat says of it."""

    seat_id: int
    own: int | None
    thread_id: int | None
    channel_id: int | None


async def send_to_thread(
    db: Database, courier: Courier, community_id: int, pair: Pair, to: Person, message: Message, nonce: str
) -> Answer:
    """Send it where student and mentor both read; `to` alone is pinged. A thread that is gone is opened anew, once."""
    place = await _place(db, community_id, pair)
    if place is None or place.channel_id is None:
        return ChannelClosed("no channel for private threads is set")
    if place.thread_id is not None:
        answer = await courier.send(_address(place.thread_id, pair, to), message, nonce)
        if not isinstance(answer, ChannelClosed) or not answer.is_gone:
            return answer
    opened = await courier.open_thread(place.channel_id, _name(pair))
    if not isinstance(opened, OpenedThread):
        return opened
    thread_id = await _keep(db, place, opened.thread_id)
    return await courier.send(_address(thread_id, pair, to), message, nonce)


def _address(thread_id: int, pair: Pair, to: Person) -> Address:
    beside = next(each for each in (pair.mentor, pair.student) if each != to)
    return Address(Channel.THREAD, thread_id, to.user_id, beside.user_id)


def _name(pair: Pair) -> str:
    return " ".join(f"{pair.student.name} – {pair.mentor.name}".split())[:_LONGEST_NAME]


@reading
async def _place(tx: Transaction, community_id: int, pair: Pair) -> Place | None:
    """A pair that comes back finds the thread of its earlier seat."""
    rows = await seats_of_pair(tx, community_id, pair.student.user_id, pair.mentor_id)
    if not rows:
        return None
    known = next((row["thread_id"] for row in rows if row["thread_id"] is not None), None)
    return Place(rows[0]["id"], rows[0]["thread_id"], known, rows[0]["sessions_channel_id"])


async def _keep(db: Database, place: Place, opened: int) -> int:
    """The thread that is the pair's from now on: another's, if two notices opened one at once."""
    async with db.begin() as tx:
        return await note_thread(tx, place.seat_id, place.own, opened)
