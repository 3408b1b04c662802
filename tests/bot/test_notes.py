"""/note: written by command or form, read by the mentor and staff alone."""

from core.db import tables
from core.rules.refusals import Reason
from core.texts.refusals import SENTENCES
from core.usecases.notes.add_note import LONGEST_NOTE, add_note
from seatkeeper.demo.languages import speaks
from tests.answers import given
from tests.bot.world import World, labels, read, reply_to, stamp
from tests.builders import count_of, rows_of
from tests.clocks import NOW

HOSTILE = "@everyone <@&1> **b** [a](https://x.example) \u202e\u200b"


async def test_a_mentor_notes_something_and_reads_it_later(world: World) -> None:
    noted = await world.mara.actor.slash(world.public, "note add", student="Stu", text=HOSTILE)
    await world.restart()
    shown = await world.mara.actor.click(reply_to(noted), label="All notes")

    assert reply_to(noted).ephemeral
    assert reply_to(shown).embeds[0].title == "Notes about Stu"
    assert f"**{stamp(NOW, 'f')} · Mara**" in read(shown)
    assert r"\@everyone \<\@&1\> \*\*b\*\* \[a\]\(https\://x.example\)" in read(shown)
    assert world.stu.dms == []
    audited = read(await world.sam.slash(world.public, "staff audit", member=world.stu.actor))
    assert "Something was noted about Stu, for Mara." in audited
    assert "everyone" not in audited


async def test_a_form_takes_several_lines(world: World) -> None:
    shown = await world.mara.actor.slash(world.public, "note list", student="Stu")
    assert "Nothing is noted yet" in read(shown)
    opened = await world.mara.actor.click(reply_to(shown), label="Write a note")

    noted = await world.mara.actor.submit_modal(opened, {"text": "First line\nsecond line"})

    assert reply_to(noted).ephemeral
    assert "Stu cannot" in read(noted)
    assert (await rows_of(world.db, tables.notes))[0]["text"] == "First line\nsecond line"


async def test_long_notes_have_pages_and_each_is_whole(world: World) -> None:
    for _ in range(5):
        given(await add_note(world.db, world.mara.person.asker, world.pair.seat_id, "*" * LONGEST_NOTE))

    pages = [await world.sam.slash(world.public, "note list", student="Stu – Mara")]
    first = reply_to(pages[0]).embeds[0].description or ""
    assert first.count(r"\*") == LONGEST_NOTE
    assert labels(reply_to(pages[0])) == ["Next", "Write a note"]
    await world.restart()
    last = await world.sam.click(reply_to(pages[0]), label="Next")

    assert "Page 2 of 5" in read(last)


async def test_the_student_other_mentors_and_strangers_get_nothing_by_any_way(world: World) -> None:
    given(await add_note(world.db, world.mara.person.asker, world.pair.seat_id, "Private"))
    seat = str(world.pair.seat_id)
    buttons = (f"notes-page:{seat}:0", f"note:{seat}")

    for somebody in (world.stu.actor, world.max.actor, world.eve):
        listed = await somebody.slash(world.public, "note list", student=seat)
        added = await somebody.slash(world.public, "note add", student=seat, text="Hello")
        message = world.forge(world.public.id, *buttons)
        opened = await somebody.click(message, custom_id=buttons[1])
        sent = await somebody.submit_modal(opened, {"text": "Hello"})
        pressed = await somebody.click(message, custom_id=buttons[0])
        for shown in (listed, added, pressed, sent):
            assert read(shown).endswith(SENTENCES[Reason.NOT_YOURS].without)

    assert await count_of(world.db, tables.notes) == 1


async def test_in_a_dm_of_somebody_unknown_the_buttons_lead_nowhere(world: World) -> None:
    buttons = (f"notes-page:{world.pair.seat_id}:0", f"note:{world.pair.seat_id}")
    message = world.forge(world.eve.user.dm_channel.id, *buttons)

    opened = await world.eve.user.click(message, custom_id=buttons[1])
    sent = await world.eve.user.submit_modal(opened, {"text": "Hello"})
    pressed = await world.eve.user.click(message, custom_id=buttons[0])

    for shown in (sent, pressed):
        assert read(shown).endswith(SENTENCES[Reason.NOT_SET_UP].without)


async def test_a_name_that_nobody_has_and_an_empty_note_say_the_mend(world: World) -> None:
    unknown = await world.mara.actor.slash(world.public, "note add", student="Zed", text="Hello")
    not_listed = await world.mara.actor.slash(world.public, "note list", student="Zed")
    blank = await world.mara.actor.slash(world.public, "note add", student="Stu", text=" ")

    for shown in (unknown, not_listed):
        assert read(shown).endswith(SENTENCES[Reason.UNKNOWN_STUDENT].without)
    assert f"A note has 1 to {LONGEST_NOTE} characters" in read(blank)


async def test_a_german_reads_german(world: World) -> None:
    speaks(world.env, world.mara.actor.id, "de")

    noted = await world.mara.actor.slash(world.public, "note add", student="Stu", text="Mag Endspiele")
    said = read(noted)
    shown = await world.mara.actor.click(reply_to(noted), label="Alle Notizen")

    assert "Notiert" in said
    assert "Notizen über Stu" in read(shown)
