"""/history: the ledger in words, seen by its student alone."""

from datetime import timedelta

from sqlalchemy import insert

from bot.replies.history import history
from core.db import tables
from core.rules.states import EntryKind
from core.usecases.completion.complete import complete
from core.usecases.completion.no_show import no_show
from core.usecases.completion.undo import undo
from core.usecases.completion.waive import waive
from core.usecases.reading.history import Entries, Entry, Meeting
from tests.answers import given
from tests.bot.world import World, labels, read, reply_to, stamp
from tests.builders import DAY, HOUR, a_session
from tests.clocks import NOW


async def corrections(world: World, times: int, reason: str = "counted anew") -> None:
    async with world.db.begin() as tx:
        for number in range(times):
            entry = {"kind": EntryKind.ADJUST, "delta": 1 if number % 2 else -1, "balance": 3 + number % 2}
            row = {"pack_id": world.pair.pack_id, "actor_id": world.mara.id, "reason": reason, "at": tx.now, **entry}
            await tx.run(insert(tables.ledger).values(row))


def an_entry(kind: EntryKind, delta: int, verb: str | None = None, by: str | None = "Sam", why: str = "") -> Entry:
    meeting = Meeting(NOW, 2, verb) if kind in (EntryKind.CONSUME, EntryKind.RESTORE) else None
    return Entry(kind, delta, 3, 4, NOW, "Mara", by, why or None, None, meeting)


def said(*entries: Entry) -> str:
    return history(Entries(entries, 0, 1)).text


async def test_a_student_reads_what_became_of_their_sessions(world: World) -> None:
    first, second = (
        await a_session(world.db, world.pair, NOW - 2 * DAY),
        await a_session(world.db, world.pair, NOW - DAY),
    )
    given(await complete(world.db, world.mara.person.asker, first))
    world.clock.forward(minutes=1)
    given(await no_show(world.db, world.mara.person.asker, second))
    world.clock.forward(minutes=1)
    given(await waive(world.db, world.mara.person.asker, second))
    world.clock.forward(minutes=1)
    given(await undo(world.db, world.mara.person.asker, first))

    shown = await world.stu.actor.slash(world.public, "history")

    assert reply_to(shown).ephemeral
    lines = read(shown).splitlines()
    one = f"Session 1 of 4 with Mara, {stamp(NOW - 2 * DAY)}:"
    two = f"Session 2 of 4 with Mara, {stamp(NOW - DAY)}:"
    assert [line for line in lines if line.startswith("Session")] == [
        f"{one} Mara undid what was said of it, so it is open again.",
        f"{two} Mara gave it back to you.",
        f"{two} you did not come.",
        f"{one} it took place.",
    ]
    assert f"{stamp(NOW, 'f')} · **+4** · 4 of 4 left" in lines
    assert "You bought Four sessions with Mara." in lines
    assert f"{stamp(NOW + timedelta(minutes=1), 'f')} · **−1** · 2 of 4 left" in lines


def test_each_kind_of_change_has_its_words() -> None:
    assert "Sam gave you a pack with Mara.\nWhy: sorry" in said(an_entry(EntryKind.GRANT, 2, why="sorry"))
    assert "Sam changed your pack with Mara.\nWhy: a slip" in said(an_entry(EntryKind.ADJUST, -1, why="a slip"))
    assert "Moved between mentors" in said(an_entry(EntryKind.TRANSFER, -1))
    assert "Refunded" in said(an_entry(EntryKind.REFUND, -1))
    assert "expired with these unused" in said(an_entry(EntryKind.EXPIRE, -1, by=None))
    assert "you cancelled it too late" in said(an_entry(EntryKind.CONSUME, -1, "cancel"))
    assert "it was used." in said(an_entry(EntryKind.CONSUME, -1))
    assert "it was given back." in said(an_entry(EntryKind.RESTORE, 1))
    assert "Staff gave you a pack" in said(an_entry(EntryKind.GRANT, 2, by=None))


async def test_a_long_history_has_pages_that_survive_a_restart(world: World) -> None:
    await corrections(world, 12)

    first = await world.stu.actor.slash(world.public, "history")
    before = read(first)
    await world.restart()
    second = await world.stu.actor.click(reply_to(first), label="Next")

    assert "Page 1 of 2" in before
    assert "You bought" not in before
    assert "You bought" in read(second)
    assert labels(reply_to(second)) == ["Back"]


async def test_hostile_reasons_are_shown_as_words_and_every_entry_keeps_its_place(world: World) -> None:
    await corrections(world, 10, "@everyone **b** \u202e\u200b" + "*" * 4000)

    shown = await world.stu.actor.slash(world.public, "history")

    text = reply_to(shown).embeds[0].description or ""
    assert len(text) <= 4096
    assert text.count("Mara changed your pack") == 10
    assert text.count(r"Why: \@everyone \*\*b\*\* ") == 10
    assert not set(text) & {"\u202e", "\u200b"}


async def test_a_mentor_and_a_stranger_see_nothing_of_others(world: World) -> None:
    await a_session(world.db, world.pair, NOW + HOUR)

    for somebody in (world.mara.actor, world.eve, world.sam):
        shown = await somebody.slash(world.public, "history")
        assert "no sessions here yet" in read(shown)
        assert labels(reply_to(shown)) == ["See the mentors"]


async def test_a_server_that_is_not_set_up_is_told_to(world: World) -> None:
    other = world.env.create_guild("New Place")
    room = other.create_text_channel("general")

    assert "`/setup`" in read(await other.add_member(world.eve.user).slash(room, "history"))
