"""News of a payment that is given up is told to staff, once (rule 30)."""

import pytest
from sqlalchemy import update

from core.db import tables
from core.db.due import put_off_event
from core.db.unit import Database
from core.rules.backoff import MOST_ATTEMPTS
from core.rules.notices import NoticeKind
from tests.builders import a_pair, an_order, rows_of
from tests.usecases.records.steps import a_failed_event


async def put_off(db: Database, event_id: int, attempts: int) -> None:
    async with db.begin() as tx:
        await tx.run(update(tables.provider_events).values(attempts=attempts))
    async with db.begin() as tx:
        await put_off_event(tx, event_id, "fault 12ab")


async def test_the_last_attempt_that_fails_is_told_to_staff_and_only_once(db: Database) -> None:
    pair = await a_pair(db)
    order = await an_order(db, pair.student, pair.product_id)
    event = await a_failed_event(db, order)

    await put_off(db, event, MOST_ATTEMPTS - 2)
    assert await rows_of(db, tables.notices) == []
    for _ in range(2):
        await put_off(db, event, MOST_ATTEMPTS - 1)

    (told,) = await rows_of(db, tables.notices)
    assert (told["kind"], told["subject_id"], told["cycle"]) == (NoticeKind.NEWS_GIVEN_UP_STAFF, order, event)
    assert (told["to_member_id"], told["community_id"]) == (None, pair.community.id)


@pytest.mark.parametrize("order", [None, 4711])
async def test_news_of_nobodys_order_has_nobody_to_be_told(db: Database, order: int | None) -> None:
    event = await a_failed_event(db, order)

    await put_off(db, event, MOST_ATTEMPTS - 1)

    assert await rows_of(db, tables.notices) == []
