"""Walking through the demo as people do: by commands, buttons and real HTTP; and reading back what each of them saw.

What people saw is read from delivered messages, the ledger from the tables.
"""

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

import discord
import simcord
from rich.console import Console
from rich.markup import escape

from core.rules.states import EntryKind, SeatState
from core.texts.prices import price
from core.usecases.community.mentors import MentorCard, mentors
from core.usecases.reading.books import EntryLine, SeatLine, books
from seatkeeper.demo.community import MENTORS, STAFF, STUDENTS, ZONE
from seatkeeper.demo.play import Play
from seatkeeper.demo.seen import Pressable, Reader, Seen, page_of

STAFF_CHANNEL = "Staff channel"

_INDENT = 27  # of what is said, behind where it is said
_MOST_DUE = 10  # things that may come due before what is waited for


class Unexpected(Exception):
    """The story did not go as it must."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where somebody reads. `named`: only what they are mentioned for is theirs, as in a thread that is for two."""

    where: str
    channel: simcord.ChannelHandle
    reader: str
    named: bool = False


class Walk:
    """Who acts, what they then see, and what the tables hold."""

    def __init__(self, play: Play, out: Console) -> None:
        self.step = 0
        self.play = play
        self.paid_on: dict[str, str] = {}  # by student, the page of the checkout that they paid last
        self.out = out
        self._names = {actor.id: name for name, actor in play.guild.people.items()}
        self._zones = {mentor.name: mentor.zone for mentor in MENTORS}
        self._read: dict[str, int] = {}
        self._new: dict[str, list[Seen]] = {}
        self._look()

    def nothing_broke(self) -> None:
        """The bot met no error on the way."""
        errors = self.play.stage.env.errors
        if errors:
            raise Unexpected(f"the bot met errors: {errors!r}")

    # ------------------------------------------------------------ what people do

    async def finds(self, student: str, mentor: str) -> None:
        await self.begin(f"{student} types /mentors")
        shown = await self.types(student, "mentors")
        self.expect(shown, mentor)
        await self.end()

    async def buys(
        self, student: str, mentor: str, mentor_id: int, product_id: int | None, *, by_bank: bool = False
    ) -> None:
        await self.begin(f"{student} types /buy and chooses {mentor}")
        options = {"mentor": str(mentor_id)} | ({} if product_id is None else {"product": str(product_id)})
        shown = await self.types(student, "buy", **options)
        self.expect(shown, mentor)
        await self.end()
        await self._pays(student, shown, by_bank=by_bank)

    async def renews(self, student: str, mentor: str, *, under: str) -> None:
        await self.begin(f"{student} presses Renew under “{under} …”")
        shown = await self.presses(student, self.latest(student, under), "renew")
        self.expect(shown, mentor)
        await self.end()
        await self._pays(student, shown)

    async def _pays(self, student: str, shown: Seen, *, by_bank: bool = False) -> None:
        """Follow the button to the order's page, from there to the checkout, and pay on it."""
        button = self.way_to_pay(shown)
        how = "by bank" if by_bank else "by card"
        await self.begin(f"{student} follows “{button.label}” and pays {how}")
        order = await self.visits(student, button.url)
        checkout = order.find("Pay")
        if checkout is None:
            raise Unexpected(f"no checkout behind {order}")
        ref = checkout.url.rpartition("/")[2]
        paid = self.play.stripe.checkouts[ref]
        amount = price(paid["amount_total"], paid["currency"].upper())
        if _digits(amount) != _digits(button.label):
            raise Unexpected(f"the checkout asks for {amount}, the button said {button.label}")
        after = await self.visits(student, checkout.url, do="later" if by_bank else "pay")
        if by_bank:
            self.expect(after, "on its way")
            await self.end()
            self.must(student, "Your payment is on its way")
            await self.begin(f"The bank pays {student}'s {amount}")
            after = await self.visits(student, checkout.url, do="arrive")
        self.expect(after, "Paid")
        self.paid_on[student] = checkout.url
        await self.end()

    def way_to_pay(self, shown: Seen) -> Pressable:
        for each in shown.pressables:
            if each.url.startswith(self.play.house.public_url):
                return each
        raise Unexpected(f"no way to pay under {shown}")

    async def meets(self, student: str, mentor: str, *, by_command: bool) -> None:
        """Book the first free time, live until it is over, and have the mentor say that it took place."""
        await self.books(student, mentor, by_command=by_command)
        await self.until(mentor, "How was it")
        await self.begin(f"{mentor} presses Complete")
        shown = await self.presses(mentor, self.latest(mentor, "How was it"), "complete")
        self.expect(shown, "Complete")
        await self.end()

    async def books(self, student: str, mentor: str, *, by_command: bool) -> None:
        """The first free time is the student's, and the mentor is told."""
        if by_command:
            await self.begin(f"{student} types /book and takes the first free time")
            shown = await self.types(student, "book")
        else:
            await self.begin(f"{student} presses Book under their last message and takes the first free time")
            shown = await self.presses(student, self._latest_with(student, "book:"), "book:")
        shown = await self.chooses(student, shown, "pick-day")
        shown = await self.chooses(student, shown, "pick-time")
        shown = await self.presses(student, shown, "confirm")
        self.expect(shown, "Booked")
        await self.end()
        self.must(mentor, "Booked", student)

    async def until(self, name: str, title: str) -> None:
        """Go from one due thing to the next until this person gets a message with such a title."""
        for _ in range(_MOST_DUE):
            due = await self.play.next_due()
            if due is None:
                break
            await self.begin(f"Time passes until {self._when(due.at)}")
            await self.play.to_next_due()
            await self.end()
            came = [seen for where in (_dms_of(name), _thread_of(name)) for seen in self._new.get(where, ())]
            if any(seen.title.startswith(title) for seen in came):
                return
        raise Unexpected(f"{name} never got “{title} …”")

    # ------------------------------------------------------------ by what means

    async def offered(self, name: str, command: str, option: str, typed: str) -> str:
        """The first value that Discord offers behind what is typed."""
        await self.play.stage.turn()
        offered = await self.play.guild.people[name].autocomplete(self.play.guild.public, command, option, typed)
        if not offered:
            raise Unexpected(f"/{command} offers {name} nothing for “{typed}”")
        return str(offered[0]["value"])

    async def types(self, name: str, command: str, **options: object) -> Seen:
        actor = self.play.guild.people[name]
        await self.play.stage.turn()
        result = await actor.slash(self.play.guild.public, command, **options)
        return self._shown(name, result, f"/{command}")

    async def presses(self, name: str, under: Seen, start: str) -> Seen:
        pressable = self._found(under, start)
        await self.play.stage.turn()
        result = await self._hand(name, under).click(self._source(under), custom_id=pressable.custom_id)
        return self._shown(name, result, pressable.label)

    async def chooses(self, name: str, under: Seen, start: str) -> Seen:
        pressable = self._found(under, start)
        if not pressable.values:
            raise Unexpected(f"nothing to choose in {under}")
        await self.play.stage.turn()
        result = await self._hand(name, under).select(
            self._source(under), [pressable.values[0]], custom_id=pressable.custom_id
        )
        return self._shown(name, result, pressable.label)

    async def fills(self, name: str, under: Seen, start: str, values: Mapping[str, str]) -> Seen:
        """Press what opens a form, fill the form in and send it."""
        pressable, hand = self._found(under, start), self._hand(name, under)
        await self.play.stage.turn()
        form = await hand.click(self._source(under), custom_id=pressable.custom_id)
        await self.play.stage.turn()
        return self._shown(name, await hand.submit_modal(form, dict(values)), pressable.label)

    def _hand(self, name: str, under: Seen) -> simcord.MemberActor | simcord.UserHandle:
        """A person acts as a member in the guild, and as themselves in their DMs."""
        actor = self.play.guild.people[name]
        source = self._source(under)
        channel_id = source.channel_id if isinstance(source, simcord.ResponseMessage) else source.channel.id
        return actor.user if channel_id == actor.user.dm_channel.id else actor

    async def visits(self, name: str, url: str, do: str | None = None) -> Seen:
        http = self.play.http
        async with http.get(url) if do is None else http.post(url, data={"do": do}) as response:
            text = await response.text()
            if response.status != 200:
                raise Unexpected(f"{name}'s browser got {response.status}")
        seen = page_of(text)
        self.note(f"{name}'s browser", str(seen))
        return seen

    def _shown(self, name: str, result: simcord.InteractionResult, what: str) -> Seen:
        if result.response is None:
            raise Unexpected(f"{name} got no answer to {what}")
        seen = self._reader(name).message(result.response)
        self.note(f"{name} sees", str(seen))
        return seen

    def _found(self, under: Seen, start: str) -> Pressable:
        found = under.find(start)
        if found is None:
            raise Unexpected(f"no “{start}” under {under}")
        return found

    @staticmethod
    def _source(under: Seen) -> "simcord.actors.MessageLike":
        if under.source is None:
            raise Unexpected(f"{under} is no message")
        return under.source

    # ------------------------------------------------------------ what is seen and held

    async def begin(self, what: str) -> None:
        self.step += 1
        self.out.print(f"\n[dim]{self._when(self.play.clock.now())}[/]")
        self.out.print(f"[bold]{self.step:>2}  {escape(what)}[/]")

    async def end(self) -> None:
        """See to what is due, print what came to whom, and what the ledger says now."""
        await self.play.jobs.run_due()
        self._look()
        for where, messages in self._new.items():
            for seen in messages:
                self.note(where, str(seen))
        held = (await books(self.play.house.db, self.play.guild.id)).ledger
        for _, pack in groupby(sorted(held, key=_pack_of), key=_pack_of):
            entries = list(pack)
            self._agrees(entries)
            line = ", ".join(f"{each.kind} {each.delta:+d} → {each.balance}" for each in entries)
            self.note("Ledger", f"{entries[0].student} with {entries[0].mentor}: {line}")

    def _agrees(self, entries: list[EntryLine]) -> None:
        balance = 0
        for entry in entries:
            balance += entry.delta
            if entry.balance != balance or balance < 0:
                raise Unexpected(f"entry {entry.entry_id} says {entry.balance}, the sum is {balance}")
        if [each.kind for each in entries].count(EntryKind.PURCHASE) != 1:
            raise Unexpected(f"pack {entries[0].pack_id} was not bought once")

    def _look(self) -> None:
        """Read what came to everybody since the last look."""
        self._new = {}
        for room in self._rooms():
            fresh = [each for each in self._told_in(room) if each.id > self._read.get(room.where, 0)]
            if fresh:
                self._read[room.where] = fresh[-1].id
                self._new[room.where] = [self._reader(room.reader).message(each) for each in fresh]

    def _rooms(self) -> Iterator[Room]:
        """Everywhere that somebody may be told something, by whom it is for."""
        people, sessions_room = self.play.guild.people, self.play.guild.sessions_room
        in_threads = {thread.id: self.play.stage.members_of(thread) for thread in sessions_room.threads}
        for name in (*STUDENTS, *self._zones):
            yield Room(_dms_of(name), people[name].user.dm_channel, name)
            for thread in sessions_room.threads:
                if people[name].id in in_threads[thread.id]:
                    yield Room(_thread_of(name), thread, name, named=True)
        yield Room(STAFF_CHANNEL, self.play.guild.staff_room, STAFF)

    def _told_in(self, room: Room) -> list[discord.Message]:
        """What the bot said there to this person unasked: an answer to a press was seen when it was given."""
        actor = self.play.guild.people[room.reader]
        viewer = actor.user if room.channel.id == actor.user.dm_channel.id else actor
        bot_id = self.play.stage.bot_user.id
        return [
            each
            for each in room.channel.history(viewer=viewer)
            if each.author.id == bot_id
            and each.interaction_metadata is None
            and (not room.named or each.content == f"<@{actor.id}>")
        ]

    def latest(self, name: str, title: str) -> Seen:
        return self._newest(name, lambda seen: seen.title.startswith(title), f"“{title} …”")

    def _latest_with(self, name: str, custom_id: str) -> Seen:
        return self._newest(name, lambda seen: seen.find(custom_id) is not None, f"anything to press for {custom_id}")

    def _newest(self, name: str, fits: Callable[[Seen], bool], what: str) -> Seen:
        told = [each for room in self._rooms() if room.reader == name for each in self._told_in(room)]
        for message in sorted(told, key=lambda each: each.id, reverse=True):
            if fits(seen := self._reader(name).message(message)):
                return seen
        raise Unexpected(f"{name} has no message with {what}")

    def must(self, name: str, title: str, *words: str) -> None:
        """In this step this person got a message with such a title, in which these words stand."""
        self._must(name, STAFF_CHANNEL if name == STAFF else _dms_of(name), title, words)

    def must_in_thread(self, name: str, title: str, *words: str) -> None:
        """The same, but in the thread that is theirs and their mentor's, where they were mentioned."""
        self._must(name, _thread_of(name), title, (f"@{name}", *words))

    def _must(self, name: str, where: str, title: str, words: tuple[str, ...]) -> None:
        for seen in self._new.get(where, ()):
            if seen.title.startswith(title) and all(word in str(seen) for word in words):
                return
        raise Unexpected(f"{name} should have got “{title} …”, but got: {self._new.get(where, 'nothing')}")

    def must_not(self, name: str, title: str) -> None:
        told = [each for room in self._rooms() if room.reader == name for each in self._told_in(room)]
        if any(self._reader(name).message(each).title.startswith(title) for each in told):
            raise Unexpected(f"{name} should never have got “{title} …”")

    def expect(self, seen: Seen, words: str) -> None:
        if words not in str(seen):
            raise Unexpected(f"“{words}” is not in {seen}")

    async def seat(self, student: str, mentor: str, state: SeatState, remaining: int) -> SeatLine:
        seat = await self.seat_of(student, mentor)
        self.note("Seat", f"{student} with {mentor}: {seat.state}, {seat.remaining} left")
        if (seat.state, seat.remaining) != (state, remaining):
            raise Unexpected(f"the seat should be {state} with {remaining} left")
        return seat

    async def seat_of(self, student: str, mentor: str) -> SeatLine:
        for seat in await self.seats():
            if (seat.student, seat.mentor) == (student, mentor):
                return seat
        raise Unexpected(f"{student} has no seat with {mentor}")

    async def seats(self) -> tuple[SeatLine, ...]:
        return (await books(self.play.house.db, self.play.guild.id)).seats

    async def card(self, name: str) -> MentorCard:
        cards = await mentors(self.play.house.db, self.play.guild.id)
        found = next((card for card in cards if card.name == name), None) if isinstance(cards, tuple) else None
        if found is None:
            raise Unexpected(f"{name} is no mentor")
        return found

    def _reader(self, name: str) -> Reader:
        return Reader(self._zones.get(name, ZONE), self.play.clock.now(), self._names)

    @staticmethod
    def _when(instant: datetime) -> str:
        return instant.astimezone(ZoneInfo(ZONE)).strftime("%a %-d %b %Y %H:%M")

    def note(self, where: str, what: str) -> None:
        first, *rest = textwrap.wrap(what, width=max(self.out.width, 100) - _INDENT) or [""]
        self.out.print(f"    [cyan]{escape(where):<22}[/] {escape(first)}")
        for line in rest:
            self.out.print(" " * _INDENT + escape(line))


def _digits(amount: str) -> str:
    """An amount, in whichever language it is written."""
    return re.sub(r"\D", "", amount)


def _pack_of(entry: EntryLine) -> int:
    return entry.pack_id


def _dms_of(name: str) -> str:
    return f"{name}'s messages"


def _thread_of(name: str) -> str:
    return f"{name}'s thread"
