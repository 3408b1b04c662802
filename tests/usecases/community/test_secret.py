"""The secret of completion webhooks: made and replaced by staff, seen once, two of them good for a day."""

import asyncio
from datetime import timedelta

from core.db import tables
from core.db.unit import Database
from core.ports import ProviderEvent
from core.rules.refusals import Reason
from core.usecases.asker import Asker
from core.usecases.buying.settle import settle_event
from core.usecases.community.secret import (
    OLD_SECRET_FOR,
    Secret,
    WebhookSetUp,
    new_webhook_secret,
    webhook_of,
    webhook_secrets_of,
)
from tests.answers import given, why
from tests.builders import a_community, a_member, owner_of, rows_of, staff_of
from tests.clocks import NOW, SettableClock


async def test_staff_make_a_secret_and_the_next_one_stands_beside_it_for_a_day(
    db: Database, clock: SettableClock
) -> None:
    community = await a_community(db)
    assert await webhook_secrets_of(db, community.id) == ()

    first = given(await new_webhook_secret(db, staff_of(community), 0))
    second = given(await new_webhook_secret(db, owner_of(community), 1))

    assert first.secret.startswith("whsec_")
    assert (first.number, first.old_until) == (1, None)
    assert (second.number, second.old_until) == (2, NOW + OLD_SECRET_FOR)
    assert await webhook_secrets_of(db, community.id) == (second.secret, first.secret)
    clock.set(NOW + OLD_SECRET_FOR)
    assert await webhook_secrets_of(db, community.id) == (second.secret,)
    assert await webhook_secrets_of(db, community.id + 1) == ()


async def test_a_third_one_ends_the_first_and_one_at_once_ends_all_others(db: Database) -> None:
    community = await a_community(db)
    made = [given(await new_webhook_secret(db, staff_of(community), number)) for number in range(3)]
    assert await webhook_secrets_of(db, community.id) == (made[2].secret, made[1].secret)

    last = given(await new_webhook_secret(db, staff_of(community), 3, at_once=True))

    assert last.old_until is None
    assert await webhook_secrets_of(db, community.id) == (last.secret,)


async def test_the_secret_is_in_no_history_and_not_shown_with_its_record(db: Database) -> None:
    community = await a_community(db)

    secret = given(await new_webhook_secret(db, staff_of(community), 0))

    assert secret.secret not in repr(secret)
    (row,) = await rows_of(db, tables.history)
    assert secret.secret not in str(dict(row))
    assert (row["verb"], row["facts"]) == ("new webhook secret", {"number": 1, "old_until": None})


async def test_whoever_looked_before_it_changed_changes_nothing(db: Database) -> None:
    community = await a_community(db)
    first = given(await new_webhook_secret(db, staff_of(community), 0))

    assert why(await new_webhook_secret(db, owner_of(community), 0)) is Reason.SECRET_HAS_CHANGED
    assert await webhook_secrets_of(db, community.id) == (first.secret,)
    assert len(await rows_of(db, tables.history)) == 1


async def test_of_five_who_make_one_at_once_one_does(db: Database) -> None:
    community = await a_community(db)

    made = await asyncio.gather(*(new_webhook_secret(db, staff_of(community), 0) for _ in range(5)))

    (secret,) = [each for each in made if isinstance(each, Secret)]
    assert {why(each) for each in made if each is not secret} == {Reason.SECRET_HAS_CHANGED}
    assert await webhook_secrets_of(db, community.id) == (secret.secret,)


async def test_staff_see_how_it_stands(db: Database, clock: SettableClock) -> None:
    community = await a_community(db)
    staff = staff_of(community)
    assert await webhook_of(db, staff) == WebhookSetUp(community.id, 0, None)

    for number in range(2):
        given(await new_webhook_secret(db, staff, number))

    assert await webhook_of(db, staff) == WebhookSetUp(community.id, 2, NOW + OLD_SECRET_FOR)
    clock.set(NOW + OLD_SECRET_FOR)
    assert await webhook_of(db, staff) == WebhookSetUp(community.id, 2, None)


async def test_staff_see_what_came_last_to_their_own_community(db: Database, clock: SettableClock) -> None:
    community = await a_community(db)
    for number, why_parked in enumerate([None, None, "unreadable: data", None]):
        clock.forward(minutes=1)
        event = ProviderEvent("sessions", f"{community.id}:msg_{number}", "session.completed", b"{}", None, why_parked)
        given(await settle_event(db, event))
    given(await settle_event(db, ProviderEvent("sessions", f"{community.id}9:msg_1", "foreign", b"{}", None)))
    given(await settle_event(db, ProviderEvent("stripe", f"{community.id}:evt_1", "foreign", b"{}", None)))

    latest = given(await webhook_of(db, staff_of(community))).latest

    assert [each.at for each in latest] == [NOW + timedelta(minutes=minutes) for minutes in (4, 3, 2)]
    assert [each.why for each in latest] == [None, "unreadable: data", None]
    assert {each.kind for each in latest} == {"session.completed"}


async def test_nobody_else_sees_or_makes_one(db: Database) -> None:
    community, other = await a_community(db), await a_community(db, staff_role_id=4711)
    member = await a_member(db, community)
    foreign = Asker(community.guild_id, 5, "Else", staff_of(other).role_ids - {700} | {4711})

    for asker in (member.asker, foreign):
        assert why(await new_webhook_secret(db, asker, 0)) is Reason.NOT_STAFF
        assert why(await webhook_of(db, asker)) is Reason.NOT_STAFF
    assert why(await new_webhook_secret(db, Asker(1, 1, "Nobody"), 0)) is Reason.NOT_SET_UP
    assert why(await webhook_of(db, Asker(1, 1, "Nobody"))) is Reason.NOT_SET_UP
    assert await webhook_secrets_of(db, community.id) == ()
