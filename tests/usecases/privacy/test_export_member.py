"""What is held of somebody, in one document: all of it, and of nobody else."""

import json
from typing import Any

from core.db import tables
from core.db.privacy import NOT_HELD, holdings
from core.db.unit import Database
from core.rules.refusals import Reason
from core.usecases.asker import Asker
from core.usecases.privacy.export_member import export_member, export_own
from tests.answers import given, why
from tests.builders import a_community, a_member, a_pair, count_of, rows_of
from tests.clocks import SettableClock
from tests.usecases.privacy.steps import EMAIL, NAME, ZONE, a_settled_life


def test_every_table_is_exported_or_named_with_a_reason_why_not() -> None:
    assert set(holdings(1)) | set(NOT_HELD) == set(tables.metadata.tables)
    assert not set(holdings(1)) & set(NOT_HELD)


async def test_a_student_gets_all_that_is_held_of_them(db: Database, clock: SettableClock) -> None:
    life = await a_settled_life(db, clock)

    found = given(await export_member(db, life.pair.student.user_id))

    (document,) = found.communities
    assert document["community"] == {"name": "Chess Club", "discord_server_id": life.pair.community.guild_id}
    assert {name: document["member"][name] for name in ("name", "email", "time_zone", "locale")} == {
        "name": NAME,
        "email": EMAIL,
        "time_zone": ZONE,
        "locale": "de",
    }
    nothing_of = {name for name in holdings(1) if not document[name]}
    assert nothing_of == {"mentors", "mentor_hours", "mentor_overrides", "products"}
    assert [note["text"] for note in document["notes"]] == ["Zoe is shy"]
    assert {each["reason"] for each in document["ledger"]} >= {"Zoe came late", "Zoe was ill"}
    assert [each["body"]["customer_details"] for each in document["provider_events"]] == [{"name": NAME}]
    (session,) = document["sessions"]
    assert (session["student"], session["mentor"], session["state"]) == (NAME, "Mara", "completed")
    assert json.loads(found.text())["communities"][0]["packs"][0]["total"] == 4
    assert "Zanzibar calls Zoe" in {change["why"] for change in document["history"]}


async def test_nothing_of_others_and_no_key_is_in_it(db: Database, clock: SettableClock) -> None:
    life = await a_settled_life(db, clock)
    otto = await a_member(db, life.pair.community, "Otto Other")
    other = await a_pair(db, mentor=life.pair.mentor, student=otto)
    (order,) = await rows_of(db, tables.orders, tables.orders.c.id == life.order_id)

    told = given(await export_member(db, life.pair.student.user_id)).text()

    assert "Otto" not in told
    assert order["pay_token"] not in told
    assert str(otto.user_id) not in told
    assert str(other.mentor.user_id) not in told


async def test_their_own_copy_says_that_there_are_notes_and_not_what_they_say(
    db: Database, clock: SettableClock
) -> None:
    life = await a_settled_life(db, clock)

    own = given(await export_own(db, life.pair.student.asker))
    whole = given(await export_member(db, life.pair.student.user_id))

    (document,) = own.communities
    assert [list(note) for note in document["notes"]] == [["at"]]
    assert "shy" not in own.text()
    assert {**document, "notes": 0} == {**whole.communities[0], "notes": 0}


async def test_a_mentor_gets_what_is_theirs_and_not_what_is_their_students(db: Database, clock: SettableClock) -> None:
    life = await a_settled_life(db, clock)

    found = given(await export_member(db, life.pair.mentor.user_id))

    (document,) = found.communities
    assert len(document["mentor_hours"]) == 7
    assert [each["name"] for each in document["products"]] == ["Four sessions"]
    assert [each["student"] for each in document["sessions"]] == [NAME]
    assert not any(document[name] for name in ("orders", "payments", "packs", "ledger", "notes", "provider_events"))
    assert ("note", "note") in {(act["entity"], act["verb"]) for act in document["acts"]}
    assert {key for act in document["acts"] for key in act} == {"at", "entity", "verb"}
    assert "shy" not in found.text()
    assert "came late" not in found.text()


async def test_each_community_is_a_document_and_one_may_be_asked_for_alone(db: Database) -> None:
    here, there = await a_community(db), await a_community(db, name="Go Club")
    somebody = await a_member(db, here)
    await a_member(db, there, "Stuart", user_id=somebody.user_id)

    everywhere = given(await export_member(db, somebody.user_id))
    there_alone = given(await export_member(db, somebody.user_id, there.guild_id))

    assert [each["member"]["name"] for each in everywhere.communities] == ["Stu", "Stuart"]
    assert [each["member"]["name"] for each in there_alone.communities] == ["Stuart"]


async def test_whoever_is_nobody_here_has_nothing_and_becomes_nobody_by_asking(db: Database) -> None:
    community = await a_community(db)
    stranger = Asker(community.guild_id, 4711, "Eve")

    answers: list[Any] = [await export_own(db, stranger), await export_member(db, 4711)]

    assert [why(answer) for answer in answers] == [Reason.NOTHING_HELD] * 2
    assert await count_of(db, tables.members) == 0
