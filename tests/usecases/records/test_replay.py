"""What was given up is seen by whom it concerns, and tried again once they say so."""

from core.db import tables
from core.db.unit import Database
from core.ports import Paid, ProviderEvent
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import EventState, NoticeState
from core.usecases.buying.settle import keep_failed_event
from core.usecases.records.replay import (
    dead_notices,
    failed_events,
    failures,
    replay_events,
    replay_notices,
    try_again,
)
from tests.answers import given, why
from tests.builders import DAY, Pair, a_community, a_pair, an_order, row_of, rows_of, staff_of
from tests.clocks import NOW, SettableClock
from tests.statements import statements
from tests.usecases.records.steps import a_dead_notice, a_failed_event


async def an_order_of(db: Database, pair: Pair) -> int:
    return await an_order(db, pair.student, pair.product_id)


async def test_an_operator_sees_every_dead_letter_and_every_failed_event(db: Database) -> None:
    here, there = await a_pair(db), await a_pair(db)
    first, second = await a_dead_notice(db, here), await a_dead_notice(db, there, NoticeKind.FINAL_WARNING)
    event = await a_failed_event(db, None)

    dead = await dead_notices(db)

    assert {each.id for each in dead} == {first, second}
    assert [each.id for each in await dead_notices(db, there.community.guild_id)] == [second]
    (letter,) = [each for each in dead if each.id == second]
    assert (letter.to, letter.why, letter.died_at, letter.kind) == ("Stu", "503 0", NOW, NoticeKind.FINAL_WARNING)
    (failed,) = await failed_events(db)
    assert (failed.id, failed.why, failed.tried_at, failed.guild_id) == (event, "fault 12ab", None, None)


async def test_a_dead_letter_that_is_tried_again_is_due_now_with_all_its_attempts(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db)
    named, other = await a_dead_notice(db, pair), await a_dead_notice(db, pair, NoticeKind.FINAL_WARNING)
    clock.set(NOW + DAY)

    assert given(await replay_notices(db, [named, 4711])) == (named,)
    assert given(await replay_notices(db, [named])) == ()

    row = await row_of(db, tables.notices, named)
    assert (row["state"], row["attempts"], row["next_attempt_at"]) == (NoticeState.PENDING, 0, NOW + DAY)
    assert (row["why"], row["ended_at"]) == (None, None)
    assert (await row_of(db, tables.notices, other))["state"] is NoticeState.DEAD
    assert given(await replay_notices(db)) == (other,)
    changes = await rows_of(db, tables.history, tables.history.c.entity == "notice")
    assert [(each["entity_id"], each["verb"], each["after"]) for each in changes] == [
        (named, "try again", "pending"),
        (other, "try again", "pending"),
    ]


async def test_a_failed_event_that_is_tried_again_is_due_now(db: Database) -> None:
    pair = await a_pair(db)
    known, unknown = await a_failed_event(db, await an_order_of(db, pair)), await a_failed_event(db, None, "evt_2")

    assert given(await replay_events(db)) == (known, unknown)

    for event in (known, unknown):
        row = await row_of(db, tables.provider_events, event)
        assert (row["state"], row["attempts"], row["next_attempt_at"]) == (EventState.FAILED, 0, NOW)
    (change,) = await rows_of(db, tables.history, tables.history.c.entity == "event")
    assert (change["entity_id"], change["community_id"]) == (known, pair.community.id)


async def test_an_event_that_is_kept_is_known_by_its_order(db: Database) -> None:
    pair = await a_pair(db)
    order_id = await an_order_of(db, pair)
    news = Paid(f"cs_test_{order_id}", "pi_1", 20_000, 0, "EUR", NOW, False)

    given(await keep_failed_event(db, ProviderEvent("stripe", "evt_9", "x", b"{}", news), "fault"))
    given(await keep_failed_event(db, ProviderEvent("stripe", "evt_8", "x", b"{}", None), "fault"))

    assert {each.event_id: each.order_id for each in await failed_events(db)} == {"evt_9": order_id, "evt_8": None}


async def test_staff_see_what_failed_in_their_community_and_nothing_of_another(db: Database) -> None:
    here, there = await a_pair(db), await a_pair(db)
    own, _ = await a_dead_notice(db, here), await a_dead_notice(db, there)
    event = await a_failed_event(db, await an_order_of(db, here))
    await a_failed_event(db, await an_order_of(db, there), "evt_2")
    await a_failed_event(db, None, "evt_3")

    with statements(db) as sent:
        seen = given(await failures(db, here.staff))

    assert [each.id for each in seen.notices] == [own]
    assert [each.id for each in seen.events] == [event]
    assert len(sent) == 3


async def test_staff_try_again_what_is_theirs_and_the_history_says_who(db: Database) -> None:
    here, there = await a_pair(db), await a_pair(db)
    own, foreign = await a_dead_notice(db, here), await a_dead_notice(db, there)
    event = await a_failed_event(db, await an_order_of(db, here))
    other_event = await a_failed_event(db, await an_order_of(db, there), "evt_2")

    assert given(await try_again(db, here.staff, [own, foreign], [])) == 1
    assert given(await try_again(db, here.staff)) == 1

    assert (await row_of(db, tables.notices, foreign))["state"] is NoticeState.DEAD
    assert (await row_of(db, tables.provider_events, event))["next_attempt_at"] == NOW
    assert (await row_of(db, tables.provider_events, other_event))["next_attempt_at"] is None
    changes = await rows_of(db, tables.history, tables.history.c.verb == "try again")
    assert [each["entity"] for each in changes] == ["notice", "event"]
    assert all(each["actor_id"] for each in changes)


async def test_nobody_else_sees_or_tries_anything(db: Database) -> None:
    pair = await a_pair(db)
    own = await a_dead_notice(db, pair)
    elsewhere = staff_of(await a_community(db, staff_role_id=4711))

    assert why(await failures(db, pair.mentor.asker)) is Reason.NOT_STAFF
    assert why(await failures(db, elsewhere)) is Reason.NOT_STAFF
    assert why(await try_again(db, pair.student.asker)) is Reason.NOT_STAFF
    assert (await row_of(db, tables.notices, own))["state"] is NoticeState.DEAD
