"""Staff change the numbers of their community's rules, one at a time."""

from core.db import tables
from core.db.unit import Database
from core.rules.refusals import Reason
from core.usecases.community.settings import change_setting, settings_of
from tests.answers import given, why
from tests.builders import a_community, a_member, owner_of, row_of, rows_of, staff_of


async def test_staff_see_every_number_with_its_default_and_its_bounds(db: Database) -> None:
    community = await a_community(db, settings={"grace_hours": 48})

    shown = {each.name: each for each in given(await settings_of(db, staff_of(community)))}

    assert (shown["grace_hours"].value, shown["grace_hours"].default) == (48, 72)
    assert (shown["final_warning_hours"].least, shown["final_warning_hours"].most) == (6, 48)


async def test_a_changed_setting_is_kept_beside_the_others_and_written_down(db: Database) -> None:
    community = await a_community(db, settings={"undo_days": 3})

    changed = given(await change_setting(db, staff_of(community), "grace_hours", 48))
    given(await change_setting(db, staff_of(community), "grace_hours", 48))

    assert (changed.before, changed.value) == (72, 48)
    assert (await row_of(db, tables.communities, community.id))["settings"] == {"undo_days": 3, "grace_hours": 48}
    (change,) = await rows_of(db, tables.history)
    assert (change["verb"], change["facts"]) == ("set", {"name": "grace_hours", "from": 72, "to": 48})


async def test_what_cannot_be_is_refused_with_its_bounds_and_changes_nothing(db: Database) -> None:
    community = await a_community(db)

    assert why(await change_setting(db, staff_of(community), "colour", 3)) is Reason.UNKNOWN_SETTING
    assert why(await change_setting(db, staff_of(community), "checkout_minutes", 30)) is Reason.BAD_SETTING
    assert why(await change_setting(db, staff_of(community), "final_warning_hours", 73)) is Reason.BAD_SETTING

    assert (await row_of(db, tables.communities, community.id))["settings"] == {}


async def test_only_staff_of_this_community_see_and_change_its_settings(db: Database) -> None:
    community, member_of = await a_community(db), await a_community(db, staff_role_id=4711)
    stranger = (await a_member(db, community)).asker

    assert why(await settings_of(db, stranger)) is Reason.NOT_STAFF
    assert why(await change_setting(db, stranger, "grace_hours", 1)) is Reason.NOT_STAFF
    assert why(await change_setting(db, staff_of(member_of), "grace_hours", 1)) is Reason.NOT_STAFF
    given(await change_setting(db, owner_of(community), "grace_hours", 24))


async def test_before_the_set_up_there_is_nothing_to_show(db: Database) -> None:
    community = await a_community(db)
    elsewhere = owner_of(type(community)(community.id, 4711))

    assert why(await settings_of(db, elsewhere)) is Reason.NOT_SET_UP
