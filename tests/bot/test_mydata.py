"""/mydata: one's own data as a file that nobody else sees."""

import json

import pytest

from bot.replies import mydata as replies
from core.usecases.notes.add_note import add_note
from core.usecases.privacy.export_member import export_own
from tests.answers import given
from tests.bot.world import World, read, reply_to


async def test_a_student_gets_all_of_theirs_as_a_file_and_not_what_was_noted(world: World) -> None:
    given(await add_note(world.db, world.mara.person.asker, world.pair.seat_id, "Plays too fast"))

    shown = await world.stu.actor.slash(world.public, "mydata")

    reply = reply_to(shown)
    assert reply.ephemeral
    (file,) = reply.attachments
    assert file.filename == replies.FILE
    told = (await file.read()).decode()
    (document,) = json.loads(told)["communities"]
    assert document["member"]["discord_user_id"] == world.stu.person.user_id
    assert [pack["total"] for pack in document["packs"]] == [4]
    assert len(document["notes"]) == 1
    assert "too fast" not in told


async def test_what_does_not_fit_in_a_message_is_to_be_had_otherwise(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = given(await export_own(world.db, world.stu.person.asker))
    monkeypatch.setattr(replies, "MOST", len(found.text().encode()) - 1)

    shown = await world.stu.actor.slash(world.public, "mydata")

    assert "more than fits in a message" in read(shown)
    assert not reply_to(shown).attachments
