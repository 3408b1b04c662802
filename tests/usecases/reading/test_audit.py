"""The history that staff read: whole, in order, in pages, and of their own community alone."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select

from core.db import tables
from core.db.history import PROVIDER, SYSTEM, Change, record
from core.db.unit import Database
from core.rules.notices import NoticeKind
from core.rules.refusals import Reason
from core.rules.states import Actor, RefundCause, RefundState
from core.usecases.asker import Asker
from core.usecases.community.edit_product import retire_product
from core.usecases.community.settings import change_setting
from core.usecases.completion.complete import complete
from core.usecases.packs.adjust import adjust
from core.usecases.packs.grant import Grant, grant
from core.usecases.reading.audit import PAGE, Audit, Filter, Named, audit
from core.usecases.records.replay import try_again
from tests.answers import given, why
from tests.builders import DAY, HOUR, Pair, a_community, a_member, a_mentor, a_pair, a_session, owner_of
from tests.clocks import NOW, SettableClock
from tests.statements import statements
from tests.usecases.records.steps import a_dead_notice


async def seen(db: Database, pair: Pair, page: int = 0, **wanted: object) -> Audit:
    return given(await audit(db, pair.staff, Filter(**wanted), page))  # type: ignore[arg-type]  # by the filter's names


async def noted(db: Database, community_id: int, times: int) -> None:
    """So many changes of a setting, by nobody."""
    changes = [Change("community", community_id, "set_up", "set_up", "set", f"no. {each}") for each in range(times)]
    async with db.begin() as tx:
        await tx.run(record(community_id, tx.now, SYSTEM, *changes))


def told(found: Audit) -> list[tuple[str, str]]:
    return [(entry.entity, entry.verb) for entry in found.entries]


async def test_staff_read_who_changed_what_when_and_why_the_latest_first(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    session = await a_session(db, pair, NOW - 2 * HOUR)
    given(await complete(db, pair.mentor.asker, session))
    clock.forward(hours=1)
    given(await change_setting(db, owner_of(pair.community), "undo_days", 3))
    clock.forward(hours=1)
    gift = Grant(pair.student.user_id, "Stu", pair.mentor.id, 2, "a birthday")
    given(await grant(db, pair.staff, gift))

    entries = (await seen(db, pair)).entries

    assert [(each.entity, each.verb, each.by_name) for each in entries] == [
        ("pack", "grant", "Sam"),
        ("community", "set", "Olga"),
        ("session", "complete", "Mara"),
    ]
    given_pack, setting, done = entries
    assert (given_pack.student_name, given_pack.mentor_name, given_pack.why) == ("Stu", "Mara", "a birthday")
    assert setting.facts == {"name": "undo_days", "from": 7, "to": 3}
    assert (setting.student_name, setting.mentor_name) == (None, None)
    assert (done.at, done.starts_at, done.before, done.after) == (NOW, NOW - 2 * HOUR, "scheduled", "completed")
    assert (done.student_name, done.mentor_name, done.actor) == ("Stu", "Mara", Actor.MEMBER)


async def test_each_kind_of_row_is_told_with_the_names_that_belong_to_it(db: Database) -> None:
    pair = await a_pair(db)
    given(await adjust(db, pair.mentor.asker, pair.seat_id, pair.pack_id, -1, 4, "miscounted"))
    given(await retire_product(db, pair.staff, pair.mentor.id, pair.product_id))
    await a_dead_notice(db, pair, NoticeKind.RENEWAL_REMINDER)
    given(await try_again(db, pair.staff))
    async with db.begin() as tx:
        payment = await tx.one(select(tables.payments))
        assert payment is not None
        refund: int = await tx.value(
            insert(tables.refunds)
            .values(
                payment_id=payment["id"],
                state=RefundState.DONE,
                cause=RefundCause.STAFF,
                amount_minor=1,
                created_at=tx.now,
            )
            .returning(tables.refunds.c.id)
        )
        changes = [
            Change("refund", refund, "intended", "done", "refund"),
            Change("order", payment["order_id"], "open", "fulfilled", "fulfil"),
            Change("seat", pair.seat_id, None, "active", "fulfil"),
            Change("mentor", pair.mentor.id, "active", "paused", "pause"),
            Change("member", pair.student.id, "here", "gone", "leave"),
        ]
        await tx.run(record(pair.community.id, tx.now, PROVIDER, *changes))

    entries = {each.entity: each for each in (await seen(db, pair)).entries}

    names = {name: (each.student_name, each.mentor_name, each.product_name) for name, each in entries.items()}
    assert names == {
        "adjustment": ("Stu", "Mara", None),
        "product": (None, "Mara", "Four sessions"),
        "notice": (None, None, None),
        "refund": ("Stu", "Mara", "Four sessions"),
        "order": ("Stu", "Mara", "Four sessions"),
        "seat": ("Stu", "Mara", None),
        "mentor": (None, "Mara", None),
        "member": ("Stu", None, None),
    }
    assert entries["notice"].notice is NoticeKind.RENEWAL_REMINDER


async def test_it_can_be_asked_for_a_member_or_a_mentor(db: Database) -> None:
    pair = await a_pair(db)
    other = await a_pair(db, mentor=await a_mentor(db, pair.community, "Max"))
    session = await a_session(db, pair, NOW - 2 * HOUR)
    given(await complete(db, pair.mentor.asker, session))
    given(await adjust(db, other.mentor.asker, other.seat_id, other.pack_id, -1, 4, "miscounted"))
    given(await change_setting(db, pair.staff, "undo_days", 3))

    student = await seen(db, pair, user_id=pair.student.user_id)

    assert student.member == Named(pair.student.id, "Stu")
    assert told(student) == [("session", "complete")]
    assert told(await seen(db, pair, member_id=pair.student.id)) == [("session", "complete")]
    assert told(await seen(db, pair, user_id=99)) == [("community", "set")]
    assert told(await seen(db, pair, mentor_id=other.mentor.id)) == [("adjustment", "ask")]
    assert told(await seen(db, pair, mentor_id=pair.mentor.id, user_id=pair.mentor.user_id)) == [
        ("session", "complete")
    ]
    assert told(await seen(db, pair, mentor_id=pair.mentor.id, user_id=other.student.user_id)) == []
    nobody = await seen(db, pair, user_id=4711)
    assert (nobody.entries, nobody.member) == ((), Named(0, ""))


async def test_days_are_those_of_the_community(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    for instant in (NOW.replace(hour=22, minute=59), NOW.replace(hour=23), NOW + DAY):
        clock.set(instant)  # in Berlin 23:59, midnight of the next day, and noon of it
        await noted(db, pair.community.id, 1)

    first, second = date(2026, 3, 2), date(2026, 3, 3)

    assert len((await seen(db, pair, until=first)).entries) == 1
    assert len((await seen(db, pair, since=second)).entries) == 2
    assert len((await seen(db, pair, since=first, until=second)).entries) == 3
    assert (await seen(db, pair, since=second + timedelta(days=1))).entries == ()


async def test_pages_hold_ten_and_do_not_shift_when_more_happens(db: Database) -> None:
    pair = await a_pair(db)
    assert ((await seen(db, pair)).pages, (await seen(db, pair)).upto) == (1, 0)
    await noted(db, pair.community.id, 2 * PAGE)
    first = await seen(db, pair)
    await noted(db, pair.community.id, 1)

    last = await seen(db, pair, 1, upto=first.upto)

    assert (first.page, first.pages, len(first.entries)) == (0, 2, PAGE)
    assert (first.entries[0].why, first.entries[-1].why) == ("no. 19", "no. 10")
    assert (last.page, last.pages) == (1, 2)
    assert (last.entries[0].why, last.entries[-1].why) == ("no. 9", "no. 0")
    assert (await seen(db, pair, 99)).page == 2
    assert (await seen(db, pair, -1)).page == 0


async def test_nothing_of_another_community_is_ever_seen(db: Database) -> None:
    pair, other = await a_pair(db), await a_pair(db)
    await noted(db, other.community.id, 1)
    session = await a_session(db, other, NOW - 2 * HOUR)
    given(await complete(db, other.mentor.asker, session))

    assert (await seen(db, pair)).entries == ()
    assert (await seen(db, pair, user_id=other.student.user_id)).entries == ()
    assert (await seen(db, pair, member_id=other.student.id)).member == Named(0, "")
    assert why(await audit(db, pair.staff, Filter(mentor_id=other.mentor.id))) is Reason.UNKNOWN_MENTOR


async def test_nobody_but_staff_reads_it(db: Database) -> None:
    pair = await a_pair(db)
    elsewhere = await a_community(db, staff_role_id=4711)
    foreign = Asker(pair.community.guild_id, 5, "Else", frozenset({4711}))

    for asker in (pair.mentor.asker, pair.student.asker, (await a_member(db, elsewhere)).asker, foreign):
        assert why(await audit(db, asker, Filter())) is Reason.NOT_STAFF
    assert why(await audit(db, Asker(3, 1, "Nobody"), Filter())) is Reason.NOT_SET_UP


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_page_takes_at_most_four_statements(db: Database) -> None:
    pair = await a_pair(db)
    await noted(db, pair.community.id, 2 * PAGE)

    with statements(db) as sent:
        await seen(db, pair, user_id=99, mentor_id=pair.mentor.id)
        await seen(db, pair)

    assert len(sent) <= 3 + 3, sent  # nothing concerns the two, so the first asks for no page
