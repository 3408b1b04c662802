"""The bot is restarted between any two steps of a flow, and nobody notices.

Each action alone is pressed in `test_permissions.py` on a message that the running bot never sent: a line for each.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from simcord import InteractionResult, MemberActor
from simcord.results import ResponseMessage

from core.db import tables
from core.usecases.completion.no_show import no_show
from tests.answers import given
from tests.bot.world import Player, World, custom_ids, options_of, read, reply_to
from tests.builders import HOUR, a_product, a_session, rows_of

Step = Callable[[World, InteractionResult | None], Awaitable[InteractionResult]]


def message_in(shown: InteractionResult | None) -> ResponseMessage:
    assert shown is not None
    return reply_to(shown)


def types(who: str, command: str, **options: Any) -> Step:
    async def step(world: World, shown: InteractionResult | None) -> InteractionResult:
        return await actor(world, who).slash(world.public, command, **options)

    return step


def presses(who: str, label: str) -> Step:
    async def step(world: World, shown: InteractionResult | None) -> InteractionResult:
        return await actor(world, who).click(message_in(shown), label=label)

    return step


def chooses(who: str, number: int = 0) -> Step:
    """What stands at this place in the first select shown."""

    async def step(world: World, shown: InteractionResult | None) -> InteractionResult:
        assert shown is not None
        pick = custom_ids(shown)[0]
        return await actor(world, who).select(reply_to(shown), [options_of(shown, pick)[number]], custom_id=pick)

    return step


def picks(who: str, custom_id: str, what: str) -> Step:
    """One of the server's own roles or channels, or none."""

    async def step(world: World, shown: InteractionResult | None) -> InteractionResult:
        picked = [getattr(world, what)] if what else []
        return await actor(world, who).select(message_in(shown), picked, custom_id=custom_id)

    return step


def sends(who: str, **words: str) -> Step:
    async def step(world: World, shown: InteractionResult | None) -> InteractionResult:
        assert shown is not None
        return await actor(world, who).submit_modal(shown, words)

    return step


def answers_the_question(button: str) -> Step:
    """Stu, in the DM that the notice makes."""

    async def step(world: World, shown: InteractionResult | None) -> InteractionResult:
        (question,) = await rows_of(world.db, tables.adjustments)
        pressed = f"{button}:{question['id']}"
        message = world.forge(world.stu.actor.user.dm_channel.id, pressed)
        done: InteractionResult = await world.stu.actor.user.click(message, custom_id=pressed)
        return done

    return step


def actor(world: World, who: str) -> MemberActor:
    found: Player | MemberActor = getattr(world, who)
    return found.actor if isinstance(found, Player) else found


async def nothing(world: World) -> None:
    pass


async def a_session_over(world: World) -> None:
    await a_session(world.db, world.pair, world.clock.now() - 2 * HOUR)


async def a_session_missed(world: World) -> None:
    session_id = await a_session(world.db, world.pair, world.clock.now() - 2 * HOUR)
    given(await no_show(world.db, world.mara.person.asker, session_id))


async def two_products(world: World) -> None:
    await a_product(world.db, world.mara.person, name="One session", sessions=1)


WHY = "We met on the phone"

FLOWS: dict[str, tuple[Callable[[World], Awaitable[object]], Sequence[Step], str]] = {
    "book from the picker": (
        nothing,
        [
            types("stu", "book"),
            presses("stu", "Next"),
            presses("stu", "Back"),
            chooses("stu"),
            chooses("stu"),
            presses("stu", "Other times"),
            chooses("stu"),
            presses("stu", "Book it"),
        ],
        "session 1 of 4",
    ),
    "book from what is left": (
        nothing,
        [
            types("stu", "remaining"),
            presses("stu", "Book a session"),
            chooses("stu"),
            chooses("stu"),
            presses("stu", "Book it"),
            presses("stu", "Schedule"),
        ],
        "Mara",
    ),
    "buy one of two": (two_products, [types("eve", "buy", mentor="Mara"), chooses("eve")], "pay"),
    "renew from what is left": (nothing, [types("stu", "remaining"), presses("stu", "Renew")], "pay"),
    "complete, undo, miss": (
        a_session_over,
        [types("mara", "complete"), chooses("mara"), presses("mara", "Undo"), presses("mara", "No-show")],
        "Noted: Stu did not come",
    ),
    "miss, undo, complete": (
        a_session_over,
        [types("mara", "noshow"), chooses("mara"), presses("mara", "Undo"), presses("mara", "Complete")],
        "3 sessions are left",
    ),
    "undo by choice": (a_session_missed, [types("sam", "undo"), chooses("sam")], "is open again"),
    "waive by choice": (a_session_missed, [types("sam", "waive"), chooses("sam")], "4 sessions are left"),
    "adjust by staff": (
        nothing,
        [types("sam", "adjust", student="Stu", delta=-1, reason=WHY), presses("sam", "Change it")],
        "3 of 4 sessions left",
    ),
    "adjust with the student's yes": (
        nothing,
        [
            types("mara", "adjust", student="Stu", delta=-1, reason=WHY),
            presses("mara", "Ask Stu"),
            answers_the_question("adjust-yes"),
        ],
        "Done: 4 → 3",
    ),
    "adjust with the student's no": (
        nothing,
        [
            types("mara", "adjust", student="Stu", delta=-1, reason=WHY),
            presses("mara", "Ask Stu"),
            answers_the_question("adjust-no"),
        ],
        "You said no",
    ),
    "release a seat": (
        nothing,
        [types("sam", "staff release", student="Stu", reason=WHY), presses("sam", "Release the seat")],
        "Stu",
    ),
    "remove a mentor": (
        nothing,
        [types("sam", "staff mentor remove", mentor="Mara", reason=WHY), presses("sam", "Remove the mentor")],
        "Removed: Mara",
    ),
    "take something off sale": (
        nothing,
        [
            types("sam", "staff product retire", mentor="Mara", product="Four sessions"),
            presses("sam", "Take it off sale"),
        ],
        "Off sale with Mara",
    ),
    "set a community up": (
        nothing,
        [
            types("olga", "setup"),
            picks("olga", "pick-staff-role", "staff_role"),
            picks("olga", "pick-staff-channel", ""),
            presses("olga", "Time zone and currency"),
            sends("olga", zone="Asia/Kolkata", currency="inr"),
            picks("olga", "pick-sessions-channel", "public"),
        ],
        "Asia/Kolkata",
    ),
    "say when one can be booked": (
        nothing,
        [types("mara", "availability set"), sends("mara", hours="Mon 10:00-12:00")],
        "10:00",
    ),
}


@pytest.mark.parametrize("flow", FLOWS)
async def test_a_flow_goes_on_after_a_restart_between_any_two_of_its_steps(world: World, flow: str) -> None:
    prepare, steps, said = FLOWS[flow]
    await prepare(world)

    shown: InteractionResult | None = None
    for number, step in enumerate(steps):
        if number:
            await world.restart()
        shown = await step(world, shown)

    assert shown is not None
    assert said in read(shown)
