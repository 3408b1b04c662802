"""/staff settings: staff read every number of the rules, and change one of them."""

from simcord import Env

from bot.replies.settings import LINES
from core.db import tables
from core.rules.refusals import Reason
from core.rules.settings import BOUNDS, Settings
from core.texts.refusals import SENTENCES
from seatkeeper.demo.languages import speaks
from tests.bot.world import World, read, reply_to
from tests.builders import row_of, rows_of

REFUSED = SENTENCES[Reason.NOT_STAFF].without
MOST_OF_A_FIELD, MOST_OF_AN_EMBED = 1024, 6000  # characters, Discord's limits


async def stored(world: World) -> dict[str, int]:
    kept: dict[str, int] = (await row_of(world.db, tables.communities, world.community.id))["settings"]
    return kept


def test_every_setting_has_its_line() -> None:
    assert set(LINES) == set(BOUNDS)


async def test_staff_read_every_setting_with_its_meaning_number_unit_and_bounds(world: World) -> None:
    shown = await world.sam.slash(world.public, "staff settings show")

    told = read(shown)
    assert reply_to(shown).ephemeral
    assert [name for name in BOUNDS if f"`{name}` **{getattr(Settings(), name)} " not in told] == []
    assert "`grace_hours` **72 hours** (12 to 720): How long a seat without sessions is kept" in told
    assert "`unpaid_pause_hours` **1 hour** (0 to 720)" in told
    assert "`sessions_per_pack` **4 sessions** (1 to 100)" in told


async def test_the_list_is_shown_whole_in_every_language(world: World) -> None:
    speaks(world.env, world.olga.id, "de")

    for staff in (world.sam, world.olga):
        (embed,) = reply_to(await staff.slash(world.public, "staff settings show")).embeds
        assert len(embed) <= MOST_OF_AN_EMBED
        assert all(len(field.value or "") < MOST_OF_A_FIELD for field in embed.fields)


async def test_staff_change_a_setting_and_read_what_it_was_and_that_what_runs_keeps_its_own(world: World) -> None:
    done = await world.sam.slash(world.public, "staff settings set", name="grace_hours", value=48)

    assert reply_to(done).ephemeral
    assert "`grace_hours`: 72 hours → **48 hours**" in read(done)
    assert "What already runs keeps its own" in read(done)
    assert await stored(world) == {"grace_hours": 48}
    shown = read(await world.olga.slash(world.public, "staff settings show"))
    assert "`grace_hours` **48 hours** (12 to 720, first 72)" in shown
    assert "`final_warning_hours` **12 hours** (6 to 48)" in shown
    (change,) = await rows_of(world.db, tables.history, tables.history.c.verb == "set")
    assert change["facts"] == {"name": "grace_hours", "from": 72, "to": 48}
    assert "`grace_hours`: 72 → 48" in read(await world.sam.slash(world.public, "staff audit"))


async def test_the_number_that_it_has_already_changes_nothing(world: World) -> None:
    done = await world.sam.slash(world.public, "staff settings set", name="undo_days", value=7)

    assert "`undo_days` is 7 days already." in read(done)
    assert await rows_of(world.db, tables.history, tables.history.c.verb == "set") == []


async def test_a_limit_says_that_it_counts_at_once(world: World) -> None:
    done = await world.sam.slash(world.public, "staff settings set", name="cancel_free_hours", value=48)

    assert "It counts at once, for what is booked" in read(done)


async def test_out_of_bounds_is_refused_with_the_bounds(world: World) -> None:
    done = await world.sam.slash(world.public, "staff settings set", name="final_warning_hours", value=73)

    assert "goes from 6 to 72 as the other settings stand; 73 is not possible" in read(done)
    assert await stored(world) == {}


async def test_what_is_no_setting_is_refused(world: World) -> None:
    done = await world.sam.slash(world.public, "staff settings set", name="colour", value=3)

    assert "There is no setting “colour”. `/staff settings show` lists them all." in read(done)


async def test_a_setting_is_chosen_by_its_name_or_meaning_and_only_staff_see_them(world: World) -> None:
    offered = await world.sam.autocomplete(world.public, "staff settings set", "name", "warning")
    for_eve = await world.eve.autocomplete(world.public, "staff settings set", "name", "warning")

    assert {each["value"] for each in offered} == {"final_warning_hours", "least_warning_hours"}
    assert any(each["name"].startswith("final_warning_hours (12) · How long before") for each in offered)
    assert for_eve == []


async def test_whoever_is_not_staff_reads_and_changes_nothing(world: World) -> None:
    for somebody in (world.eve, world.mara.actor):
        shown = await somebody.slash(world.public, "staff settings show")
        done = await somebody.slash(world.public, "staff settings set", name="grace_hours", value=1)
        assert read(shown).endswith(REFUSED)
        assert read(done).endswith(REFUSED)
    assert await stored(world) == {}


async def test_staff_read_and_change_them_in_german(world: World) -> None:
    speaks(world.env, world.sam.id, "de")

    done = await world.sam.slash(world.public, "staff settings set", name="grace_hours", value=48)

    assert "`grace_hours`: 72 Stunden → **48 Stunden**" in read(done)
    assert "Was schon läuft" in read(done)
    assert "`undo_days` **7 Tage** (0 bis 90)" in read(await world.sam.slash(world.public, "staff settings show"))


async def test_every_setting_can_be_chosen_from_the_list(world: World, env: Env) -> None:
    offered = await world.sam.autocomplete(world.public, "staff settings set", "name", "")

    assert {each["value"] for each in offered} == set(BOUNDS)
    assert not env.errors
