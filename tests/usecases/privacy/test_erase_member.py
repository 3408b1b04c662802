"""Erasing a member: nothing tells of them any more but the record of money, and that stays true."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import JSON, Text, insert, update

from core.db import tables
from core.db.privacy import ERASED_NOTICE, pseudonym
from core.db.unit import Database
from core.notices.deliver import deliver
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import (
    EventState,
    NoticeState,
    OrderState,
    PackState,
    RefundCause,
    RefundState,
    SeatState,
)
from core.usecases.buying.settle import settle_event
from core.usecases.community.time_zone import choose_time_zone
from core.usecases.completion.undo import undo
from core.usecases.notes.add_note import add_note
from core.usecases.privacy.erase_member import erase_member, preview_erasure
from core.usecases.privacy.export_member import export_member
from tests.answers import given, why
from tests.builders import (
    DAY,
    HOUR,
    Pair,
    Person,
    a_community,
    a_member,
    a_mentor,
    a_pair,
    a_seat,
    a_session,
    an_order,
    count_of,
    row_of,
    rows_of,
)
from tests.clocks import NOW, SettableClock
from tests.notices.courier import KeepingCourier
from tests.notices.owing import a_notice
from tests.usecases.buying.steps import a_shop, event_of
from tests.usecases.privacy.steps import TELLING, Life, a_settled_life

ASKED = "They asked for it by mail"
MONEY = ("orders", "checkouts", "payments", "disputes", "provider_events")

Dump = dict[str, list[dict[str, Any]]]


async def all_rows(db: Database) -> Dump:
    return {table.name: [dict(row) for row in await rows_of(db, table)] for table in tables.metadata.sorted_tables}


def telling_of(dump: Dump, user_id: int) -> set[str]:
    """In which columns their id stands, or a word that tells of them."""
    return {
        f"{name}.{column}"
        for name, rows in dump.items()
        for row in rows
        for column, value in row.items()
        if any(word in _as_text(value) for word in (*TELLING, str(user_id)))
    }


def _as_text(value: object) -> str:
    return (value.decode() if isinstance(value, bytes) else json.dumps(value, default=str)).lower()


async def erased(db: Database, clock: SettableClock) -> Life:
    life = await a_settled_life(db, clock)
    given(await erase_member(db, life.pair.student.user_id, ASKED))
    return life


async def test_nothing_tells_of_them_any_more_but_what_the_provider_told(db: Database, clock: SettableClock) -> None:
    life = await a_settled_life(db, clock)
    before = telling_of(await all_rows(db), life.pair.student.user_id)

    given(await erase_member(db, life.pair.student.user_id, ASKED))

    assert before >= {"members.name", "members.email", "members.time_zone", "members.user_id", "notes.text"}
    assert before >= {"ledger.reason", "adjustments.reason", "refunds.reason", "history.why", "history.facts"}
    assert "provider_events.body" in before
    assert telling_of(await all_rows(db), life.pair.student.user_id) == {"provider_events.body"}
    assert why(await export_member(db, life.pair.student.user_id)) is Reason.NOTHING_HELD


def test_of_every_text_that_somebody_may_write_it_is_said_what_becomes_of_it() -> None:
    goes = {"notes.text", "ledger.reason", "adjustments.reason", "refunds.reason", "history.why", "history.facts"}
    is_ours_or_a_provider_s = {"notices.why", "provider_events.why", "refunds.last_error", "checkouts.url"}
    is_no_member_s = {"communities.settings"}

    texts = {str(column) for table in tables.metadata.sorted_tables for column in table.c if _holds_text(column.type)}

    assert texts == goes | is_ours_or_a_provider_s | is_no_member_s, "see _erasures in core/db/privacy.py"


def _holds_text(kind: object) -> bool:
    return isinstance(kind, Text | JSON)


async def test_the_books_stay_as_they_were_under_a_pseudonym(db: Database, clock: SettableClock) -> None:
    life = await a_settled_life(db, clock)
    before = await all_rows(db)

    given(await erase_member(db, life.pair.student.user_id, ASKED))

    after = await all_rows(db)
    assert {name: after[name] for name in MONEY} == {name: before[name] for name in MONEY}
    assert after["packs"] == before["packs"]
    assert after["sessions"] == before["sessions"]
    words = {"reason": None}
    for name in ("ledger", "refunds"):
        assert [row | words for row in after[name]] == [row | words for row in before[name]]
    member = await row_of(db, tables.members, life.pair.student.id)
    assert (member["name"], member["user_id"]) == (pseudonym(member["id"]), -member["id"])
    assert member["erased_at"] == clock.now()


async def test_nobody_else_is_touched(db: Database, clock: SettableClock) -> None:
    life = await a_settled_life(db, clock)
    other = await a_pair(db, mentor=life.pair.mentor, student=await a_member(db, life.pair.community, "Otto"))
    given(await add_note(db, other.mentor.asker, other.seat_id, "Otto is loud"))
    given(await choose_time_zone(db, other.student.asker, "Europe/Paris"))
    await a_notice(db, other, NoticeKind.RENEWAL_REMINDER, other.seat_id)
    before = (
        given(await export_member(db, other.student.user_id)),
        given(await export_member(db, life.pair.mentor.user_id)),
    )

    given(await erase_member(db, life.pair.student.user_id, ASKED))

    assert given(await export_member(db, other.student.user_id)) == before[0]
    (mentor,) = given(await export_member(db, life.pair.mentor.user_id)).communities
    assert mentor["member"] == before[1].communities[0]["member"]
    assert {each["student"] for each in mentor["sessions"]} == {pseudonym(life.pair.student.id)}


async def test_history_says_that_somebody_was_erased_and_why(db: Database, clock: SettableClock) -> None:
    life = await erased(db, clock)

    (change,) = await rows_of(db, tables.history, tables.history.c.verb == "erase")
    assert (change["entity"], change["entity_id"], change["why"]) == ("member", life.pair.student.id, ASKED)


async def test_whoever_comes_back_is_somebody_new(db: Database, clock: SettableClock) -> None:
    life = await erased(db, clock)

    given(await choose_time_zone(db, life.pair.student.asker, "Europe/Rome"))

    again = await rows_of(db, tables.members, tables.members.c.user_id == life.pair.student.user_id)
    assert [(row["time_zone"], row["erased_at"]) for row in again] == [("Europe/Rome", None)]
    assert again[0]["id"] != life.pair.student.id
    assert (await row_of(db, tables.members, life.pair.student.id))["time_zone"] is None
    assert why(await erase_member(db, life.pair.student.user_id, ASKED)) is None, "and may be erased again"


async def test_what_was_owed_to_them_is_not_sent(db: Database, clock: SettableClock) -> None:
    life, courier = await a_settled_life(db, clock), KeepingCourier()
    due = await a_notice(db, life.pair, NoticeKind.PACK_EXTENDED, life.pair.pack_id)
    given(await erase_member(db, life.pair.student.user_id, ASKED))
    later = await a_notice(db, life.pair, NoticeKind.PACK_EXTENDED, life.pair.pack_id, cycle=2)

    await deliver(db, courier, due)
    await deliver(db, courier, later)

    mine = tables.notices.c.to_member_id == life.pair.student.id
    theirs = await rows_of(db, tables.notices, mine)
    assert {row["state"] for row in theirs if row["id"] in (due, later)} == {NoticeState.DROPPED}
    assert {row["why"] for row in theirs if row["kind"] is NoticeKind.PACK_GRANTED} == {ERASED_NOTICE}
    assert {row["message_id"] for row in theirs} == {None}
    assert courier.sent == []


async def test_a_mentor_who_was_removed_leaves_no_hours_and_no_words_behind(db: Database, clock: SettableClock) -> None:
    life = await a_settled_life(db, clock)
    mentor = tables.mentors.c.member_id == life.pair.mentor.id
    async with db.begin() as tx:
        await tx.run(update(tables.mentors).where(mentor).values(removed_at=tx.now, paused_at=tx.now))
        ended = {"entity": "mentor", "entity_id": life.pair.mentor.id, "after": "removed", "verb": "remove"}
        ended |= {"actor": "member", "why": "Mara drinks", "facts": {"hours": "Mon"}, "at": tx.now}
        seat = ended | {"entity": "seat", "entity_id": life.pair.seat_id, "facts": None}
        await tx.run(
            insert(tables.history).values([each | {"community_id": life.pair.community.id} for each in (ended, seat)])
        )

    given(await erase_member(db, life.pair.mentor.user_id, ASKED))

    assert await count_of(db, tables.mentor_hours) == 0
    told = await rows_of(db, tables.history, tables.history.c.verb == "remove")
    assert [(change["why"], change["facts"]) for change in told] == [(None, None)] * 2
    (document,) = given(await export_member(db, life.pair.student.user_id)).communities
    assert {each["mentor"] for each in document["sessions"]} == {pseudonym(life.pair.mentor.id)}
    assert "Zoe was ill" in {each["reason"] for each in document["ledger"]}, "what was said of students is theirs"


# ---------------------------------------------------------------- refused


async def _mentor(db: Database) -> Person:
    return await a_mentor(db, await a_community(db))


async def _seat(db: Database) -> Person:
    pair = await a_pair(db, remaining=0, state=PackState.DEPLETED, seat=SeatState.GRACE)
    return pair.student


async def _mentor_of_a_seat(db: Database) -> Person:
    pair = await a_pair(db, remaining=0, state=PackState.DEPLETED, seat=SeatState.GRACE)
    async with db.begin() as tx:
        await tx.run(update(tables.mentors).values(removed_at=tx.now))
    return pair.mentor


async def _released(db: Database, **pack: Any) -> Pair:
    return await a_pair(db, seat=SeatState.RELEASED, **pack)


async def _sessions_left(db: Database) -> Person:
    return (await _released(db)).student


async def _booked(db: Database) -> Person:
    pair = await _released(db, remaining=1)
    await a_session(db, pair, NOW + DAY)
    return pair.student


def _order(state: OrderState) -> Callable[[Database], Awaitable[Person]]:
    async def made(db: Database) -> Person:
        shop = await a_shop(db)
        await an_order(db, shop.student, shop.product_id, state)
        return shop.student

    return made


def _refund(state: RefundState) -> Callable[[Database], Awaitable[Person]]:
    async def made(db: Database) -> Person:
        pair = await _released(db, remaining=0, state=PackState.DEPLETED)
        (payment,) = await rows_of(db, tables.payments)
        row = {"payment_id": payment["id"], "state": state, "cause": RefundCause.STAFF, "amount_minor": 5}
        async with db.begin() as tx:
            await tx.run(insert(tables.refunds).values(created_at=tx.now, **row))
        return pair.student

    return made


async def _dispute(db: Database) -> Person:
    pair = await _released(db, remaining=0, state=PackState.DEPLETED)
    (payment,) = await rows_of(db, tables.payments)
    async with db.begin() as tx:
        row = {"payment_id": payment["id"], "provider_ref": "du_1", "amount_minor": 5}
        await tx.run(insert(tables.disputes).values(opened_at=tx.now, told_at=tx.now, **row))
    return pair.student


@pytest.mark.parametrize(
    ("tied", "reason"),
    [
        pytest.param(_mentor, Reason.STILL_A_MENTOR, id="a mentor"),
        pytest.param(_seat, Reason.STILL_SEATED, id="a seat, if in grace"),
        pytest.param(_mentor_of_a_seat, Reason.STILL_SEATED, id="removed, and a student waits"),
        pytest.param(_booked, Reason.STILL_BOOKED, id="a session booked"),
        pytest.param(_sessions_left, Reason.SESSIONS_LEFT, id="sessions left"),
        *(
            pytest.param(_order(state), Reason.MONEY_NOT_SETTLED, id=f"an order that is {state}")
            for state in (OrderState.OPEN, OrderState.PENDING, OrderState.PARKED)
        ),
        *(
            pytest.param(_refund(state), Reason.MONEY_NOT_SETTLED, id=f"a refund that is {state}")
            for state in (RefundState.INTENDED, RefundState.FAILED)
        ),
        pytest.param(_dispute, Reason.MONEY_NOT_SETTLED, id="a dispute"),
    ],
)
async def test_whoever_has_something_open_is_not_erased(
    db: Database, tied: Callable[[Database], Awaitable[Person]], reason: Reason
) -> None:
    person = await tied(db)
    before = await all_rows(db)

    answers = [await preview_erasure(db, person.user_id, ASKED), await erase_member(db, person.user_id, ASKED)]

    assert [why(answer) for answer in answers] == [reason, reason]
    assert await all_rows(db) == before


async def test_one_is_erased_in_all_communities_or_in_none(db: Database) -> None:
    tied = (await a_pair(db)).student
    elsewhere = await a_community(db, name="Go Club")
    free = await a_member(db, elsewhere, user_id=tied.user_id)

    both = await erase_member(db, tied.user_id, ASKED)
    untouched = await row_of(db, tables.members, free.id)
    (there,) = given(await erase_member(db, tied.user_id, ASKED, elsewhere.guild_id))

    assert why(both) is Reason.STILL_SEATED
    assert untouched["erased_at"] is None
    assert (there.member_id, there.community_name, there.name) == (free.id, "Go Club", "Stu")
    assert (await row_of(db, tables.members, tied.id))["erased_at"] is None


async def test_a_preview_counts_and_changes_nothing(db: Database, clock: SettableClock) -> None:
    life = await a_settled_life(db, clock)
    before = await all_rows(db)

    (preview,) = given(await preview_erasure(db, life.pair.student.user_id, ASKED))

    assert await all_rows(db) == before
    assert {name: preview.rows[name] for name in ("orders", "payments", "packs", "notes", "sessions")} == {
        "orders": 1,
        "payments": 1,
        "packs": 2,
        "notes": 1,
        "sessions": 1,
    }
    assert (preview.in_discord.threads, preview.in_discord.roles) == ((9001,), (77,))


async def test_without_a_reason_or_of_nobody_nothing_is_erased(db: Database) -> None:
    person = await a_member(db, await a_community(db))

    assert why(await erase_member(db, person.user_id, " \n")) is Reason.REASON_MISSING
    assert why(await erase_member(db, 4711, ASKED)) is Reason.NOTHING_HELD
    assert (await row_of(db, tables.members, person.id))["erased_at"] is None


# ---------------------------------------------------------------- what comes afterwards


async def test_nothing_of_theirs_is_opened_again_by_others(db: Database, clock: SettableClock) -> None:
    life = await erased(db, clock)

    undone = await undo(db, life.pair.mentor.asker, life.session_id)
    noted = await add_note(db, life.pair.mentor.asker, life.pair.seat_id, "Zoe again")

    assert (why(undone), why(noted)) == (Reason.MEMBER_ERASED, Reason.MEMBER_ERASED)
    assert await count_of(db, tables.notes) == 0


async def test_money_that_comes_after_all_goes_back_and_takes_no_seat(db: Database, clock: SettableClock) -> None:
    shop = await a_shop(db)
    ready = await shop.buys()
    async with db.begin() as tx:
        await tx.run(update(tables.orders).values(state=OrderState.CLOSED, settled_at=tx.now))
        await tx.run(update(tables.seats).values(state=SeatState.RELEASED, released_at=tx.now))
        await tx.run(update(tables.checkouts).values(closed_at=tx.now))
    given(await erase_member(db, shop.student.user_id, ASKED))
    clock.forward(minutes=HOUR.seconds // 60)

    given(await settle_event(db, event_of(await shop.paid(ready))))

    (order,) = await rows_of(db, tables.orders)
    assert order["state"] is OrderState.REFUNDED
    assert await count_of(db, tables.seats, tables.seats.c.state != SeatState.RELEASED) == 0
    assert await count_of(db, tables.refunds, tables.refunds.c.state == RefundState.INTENDED) == 1
    assert await count_of(db, tables.waiting_list, tables.waiting_list.c.left_at.is_(None)) == 0
    (event,) = await rows_of(db, tables.provider_events)
    assert (event["state"], event["order_id"]) == (EventState.APPLIED, order["id"])


async def test_a_seat_of_another_s_is_none_of_theirs(db: Database) -> None:
    community = await a_community(db)
    mentor, student = await a_mentor(db, community), await a_member(db, community)
    await a_seat(db, await a_member(db, community, "Otto"), mentor)

    assert why(await erase_member(db, student.user_id, ASKED)) is None
