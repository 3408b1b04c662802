"""/help knows who asks and forgets no command; /timezone shows the clock of the zone."""

import re

import discord
import pytest

from bot.client import SeatkeeperBot
from bot.cogs.about import commands_of
from bot.replies.help import WHOM, Command, For, help_page, usable, whom
from core.db import tables
from core.usecases.reading.audience import Standing
from tests.bot.world import World, labels, read, reply_to
from tests.builders import row_of

STRANGER = Standing(set_up=True)
EVERYTHING = Standing(set_up=True, student=True, mentor=True, staff=True)


def bot_of(world: World) -> SeatkeeperBot:
    assert isinstance(world.env.bot, SeatkeeperBot)
    return world.env.bot


def listed(said: str) -> set[str]:
    """The commands that a page names."""
    return set(re.findall(r"</([^:>]+):[0-9]+>", said)) | set(re.findall(r"under Apps: \*\*(.+)\*\*", said))


def fitting(*standings: For) -> set[str]:
    return {name for name, of in WHOM.items() if set(of) & {For.EVERYBODY, *standings}}


async def test_every_command_is_for_somebody_and_none_is_gone(world: World) -> None:
    names = {command.name for command in commands_of(bot_of(world))}

    assert {name for name in names if not whom(name)} == set(), "say in bot/replies/help.py whom it is for"
    assert set(WHOM) - names == set(), "bot/replies/help.py names commands that there are not"


@pytest.mark.parametrize(
    ("standing", "others"),
    [
        (STRANGER, ()),
        (Standing(set_up=True, student=True), (For.STUDENT,)),
        (Standing(set_up=True, mentor=True), (For.MENTOR,)),
        (Standing(set_up=True, staff=True), (For.STAFF,)),
        (EVERYTHING, (For.STUDENT, For.MENTOR, For.STAFF)),
    ],
)
async def test_each_sees_exactly_the_commands_meant_for_them(
    world: World, standing: Standing, others: tuple[For, ...]
) -> None:
    commands = list(commands_of(bot_of(world)))

    found = [command.name for group in usable(commands, standing).values() for command in group]

    assert len(found) == len(set(found))
    of_staff = {each.name for each in commands if each.name.startswith("staff ")} if standing.staff else set()
    assert set(found) == fitting(*others) | of_staff


async def test_a_stranger_learns_how_to_begin(world: World) -> None:
    shown = await world.eve.slash(world.public, "help")

    assert reply_to(shown).ephemeral
    assert listed(read(shown)) == {"mentors", "mentor", "buy", "timezone", "help"}
    assert "For everybody" in read(shown)
    assert labels(reply_to(shown)) == ["See the mentors"]


async def test_a_student_a_mentor_and_staff_see_theirs_first(world: World) -> None:
    student = read(await world.stu.actor.slash(world.public, "help"))
    mentor = read(await world.mara.actor.slash(world.public, "help"))
    staff = read(await world.sam.slash(world.public, "help"))

    assert {"book", "remaining", "renew", "history"} <= listed(student)
    assert not {"complete", "setup"} & listed(student)
    assert {"complete", "availability set", "schedule"} <= listed(mentor)
    assert not {"setup", "remaining"} & listed(mentor)
    assert {"setup", "staff mentor add", "complete"} <= listed(staff)
    assert not {"availability set", "renew"} & listed(staff)
    assert student.index("For students") < student.index("For everybody")
    assert mentor.index("For mentors") < mentor.index("For everybody")
    assert staff.index("For staff") < staff.index("For everybody")


async def test_commands_are_mentioned_with_the_ids_that_discord_gave(world: World) -> None:
    shown = read(await world.eve.slash(world.public, "help"))
    await world.restart()
    unknown = read(await world.eve.slash(world.public, "help"))
    assert not await bot_of(world).sync_commands()
    again = read(await world.eve.slash(world.public, "help"))

    assert f"</timezone:{bot_of(world).command_ids['timezone']}>" in shown
    assert "`/timezone` · Say in which time zone you live" in unknown
    assert again == shown


async def test_where_nothing_is_set_up_only_the_next_step_is_told(world: World) -> None:
    other = world.env.create_guild("New Place")
    room = other.create_text_channel("general")
    managers = other.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    owner, guest = other.add_member(world.olga.user, roles=[managers]), other.add_member(world.eve.user)

    assert listed(read(await owner.slash(room, "help"))) == {"setup"}
    told = read(await guest.slash(room, "help"))
    assert "Manage Server" in told
    assert listed(told) == set()


async def test_a_long_list_has_pages_that_survive_a_restart(world: World) -> None:
    many = [Command(f"staff number {number}", "x" * 90) for number in range(60)]
    pages = help_page(many, EVERYTHING)
    middle = help_page(many, EVERYTHING, 1)

    assert pages.footer == "Page 1 of 2"
    assert len(pages.text) <= 4096
    assert pages.text.startswith("**For staff**")
    assert middle.text.startswith("**For staff**")
    assert len(re.findall("number", pages.text + middle.text)) == 60

    message = world.forge(world.public.id, "help-page:7")
    assert "For everybody" in read(await world.eve.click(message, custom_id="help-page:7"))


async def test_a_chosen_zone_shows_its_clock(world: World) -> None:
    (choice, *_) = await world.stu.actor.autocomplete(world.public, "timezone", "zone", "kolkata")

    shown = await world.stu.actor.slash(world.public, "timezone", zone=choice["value"])

    assert reply_to(shown).ephemeral
    assert "It is **Monday, 2 March, 17:30** in Asia/Kolkata now" in read(shown)
    assert (await row_of(world.db, tables.members, world.stu.id))["time_zone"] == "Asia/Kolkata"


async def test_a_mentor_is_told_that_their_hours_stay(world: World) -> None:
    shown = await world.mara.actor.slash(world.public, "timezone", zone="America/New_York")

    assert "Your hours as a mentor stay on the clock of UTC" in read(shown)
    assert "your hours" not in read(await world.mara.actor.slash(world.public, "timezone", zone="Etc/UTC")).lower()


@pytest.mark.parametrize("zone", ["Mars/Base", "@everyone **x**", "\u202eniB/eporuE", "x" * 4000])
async def test_an_unknown_zone_is_refused_in_words(world: World, zone: str) -> None:
    shown = await world.stu.actor.slash(world.public, "timezone", zone=zone)

    assert "is not known. Choose one from the list" in read(shown)
    assert "\u202e" not in read(shown)
    assert "@everyone" not in read(shown).replace(r"\@everyone", "")
