"""The stage: one clock for all, a tab for each place, all fresh, and no press lost.

Which of SimCord's private names this rests on, and whether they still mean the same, is in test_simcord.py.
"""

import asyncio
import logging
from datetime import timedelta

import aiohttp
import pytest
from simcord.preview import _markdown, _messages

from seatkeeper.demo.clock import MovableClock
from tests.clocks import SettableClock
from tests.demo.rehearsal import HOUR, Rehearsal, built, rehearsal
from tests.demo.tab import opened, texts

# ---------------------------------------------------------------- the clock


async def test_one_move_moves_the_demo_and_discord(on: Rehearsal) -> None:
    before = on.stage.clock.now()

    await on.stage.forward(12 * HOUR)
    await on.tell_ann("Good morning")

    (message,) = on.ann.user.dm_channel.history()
    assert on.stage.clock.now() == on.stage.env.now() == before + 12 * HOUR
    assert message.created_at == before + 12 * HOUR


async def test_the_bots_timers_run_when_the_clock_is_moved(on: Rehearsal) -> None:
    await on.ann.slash(on.public.channel, "button")

    await on.stage.forward(HOUR - timedelta(seconds=1))
    early = on.bot.button_ended
    await on.stage.forward(timedelta(seconds=2))

    assert (early, on.bot.button_ended) == (False, True)


async def test_discords_time_flows_with_the_machines(on: Rehearsal, machine: SettableClock) -> None:
    before = on.stage.env.now()

    machine.forward(seconds=90)

    assert on.stage.env.now() == before + timedelta(seconds=90)


def test_the_clock_never_goes_back(machine: SettableClock) -> None:
    clock = MovableClock(machine)
    clock.forward(HOUR)
    latest = clock.now()

    machine.forward(hours=-2)

    assert clock.now() == latest
    with pytest.raises(ValueError, match="forward"):
        clock.forward(-HOUR)


def test_who_was_there_before_the_curtain_rose_has_the_same_id_in_every_run(machine: SettableClock) -> None:
    first = built(machine)
    machine.forward(days=40)
    again = built(machine)
    other = built(machine, ids_last=False)

    def ids(made: Rehearsal) -> list[int]:
        return [made.ann.id, made.ben.id, made.public.channel.id, made.ann_dm.channel.id]

    assert ids(first) == ids(again)
    assert not set(ids(first)) & set(ids(other))


async def test_a_stage_is_closed_whether_its_curtain_rose_or_not(
    machine: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    made = built(machine)

    with caplog.at_level(logging.WARNING):
        await made.stage.close()

    assert caplog.records == []


# ---------------------------------------------------------------- the tabs


async def test_each_place_has_a_tab_of_its_own_at_once(on: Rehearsal) -> None:
    async with opened(on.public) as public, opened(on.ann_dm) as dm:
        shown = {int(tab.state["channelId"]) for tab in (public, dm)}

    assert shown == {place.channel.id for place in on.stage.places}


async def test_the_guilds_tab_lets_its_reader_be_anybody(on: Rehearsal) -> None:
    await on.ann.slash(on.public.channel, "hello")

    async with opened(on.public) as tab:
        as_ann = texts(await tab.until(lambda state: bool(state["messages"])))
        offered = tab.viewers
        await tab.act("viewer", viewer_id=str(on.ben.id))
        as_ben = texts(await tab.until(lambda state: int(state["viewerId"]) == on.ben.id))
        await tab.command("hello")
        answered = texts(await tab.look())

    assert offered == ["Ann", "Ben"]
    assert as_ann == ["Hello, Ann"]
    assert as_ben == []
    assert answered == ["Hello, Ben"]


async def test_a_dm_tab_is_its_owners_alone(on: Rehearsal) -> None:
    async with opened(on.ann_dm) as tab:
        offered, reader = tab.viewers, tab.viewer_id

    assert offered == ["Ann"]
    assert reader == on.ann.id
    with pytest.raises(aiohttp.ClientResponseError) as refused:
        await opened(on.ann_dm, viewer_id=on.ben.id).__aenter__()
    assert refused.value.status == 400


async def test_the_bot_has_the_name_that_it_was_given(on: Rehearsal) -> None:
    async with opened(on.ann_dm) as tab:
        assert tab.state["channel"]["recipient"]["name"] == "Parrot"


async def test_a_tab_shows_what_came_from_elsewhere_without_being_asked(on: Rehearsal) -> None:
    async with opened(on.ann_dm) as first, opened(on.ann_dm) as second:
        await on.tell_ann("Your seat is yours")

        for tab in (first, second):
            assert texts(await tab.until(lambda state: bool(state["messages"]))) == ["Your seat is yours"]


async def test_what_one_tab_did_another_shows(on: Rehearsal) -> None:
    async with opened(on.public) as anns, opened(on.public, viewer_id=on.ben.id) as bens:
        receipt = await anns.act("send_message", content="Anybody here?")

        assert receipt["dispatched"]
        assert texts(await bens.until(lambda state: bool(state["messages"]))) == ["Anybody here?"]


async def test_a_tab_shows_the_time_that_the_clock_was_moved_to(on: Rehearsal) -> None:
    async with opened(on.ann_dm) as tab:
        before = tab.state["profile"]["presentationTime"]
        await on.stage.forward(HOUR)
        after = await tab.until(lambda state: bool(state["profile"]["presentationTime"] != before))

    assert after["profile"]["presentationTime"] == on.stage.clock.now().isoformat()


async def test_a_press_on_a_page_that_was_published_anew_counts(on: Rehearsal) -> None:
    async with opened(on.ann_dm) as tab:
        seen = tab.state
        await on.tell_ann("Something came between")
        await tab.until(lambda state: bool(state["messages"]))

        receipt = await tab.act("send_message", seen=seen, content="I did not see that")

    assert not receipt["rejected"]
    assert [each.content for each in on.ann.user.dm_channel.history()][-1] == "I did not see that"


async def test_a_press_waits_while_the_bot_is_at_something_else(on: Rehearsal) -> None:
    async with opened(on.ann_dm) as tab:
        busy = asyncio.create_task(on.ben.slash(on.public.channel, "wait"))
        await on.bot.waiting.wait()
        pressing = asyncio.create_task(tab.act("send_message", content="Patiently"))
        moving = asyncio.create_task(on.stage.forward(HOUR))
        await tab.look()
        still_waiting = not pressing.done() and not moving.done()

        on.bot.may_go_on.set()
        await busy
        await moving
        receipt = await pressing

    assert still_waiting
    assert not receipt["rejected"]
    assert [each.content for each in on.ann.user.dm_channel.history()] == ["Patiently"]


async def test_many_presses_in_many_tabs_at_once_all_count(on: Rehearsal) -> None:
    async with opened(on.ann_dm) as dm, opened(on.public) as anns, opened(on.public, viewer_id=on.ben.id) as bens:
        said = []
        for number in range(5):
            await on.tell_ann(f"Number {number}")
            said += await asyncio.gather(*(tab.act("send_message", content=f"{number}") for tab in (dm, anns, bens)))

    assert [receipt["rejected"] for receipt in said] == [False] * 15
    assert len(on.public.channel.history()) == 10
    assert len(on.ann.user.dm_channel.history()) == 10


async def test_mentions_show_the_names_of_those_who_share_a_guild_with_the_reader(on: Rehearsal) -> None:
    await on.tell_ann(f"{on.ben.mention} is here, <@{on.zoe.id}> is not")

    async with opened(on.ann_dm) as tab:
        shown = texts(await tab.until(lambda state: bool(state["messages"])))

    assert shown == [f"@Ben is here, <@{on.zoe.id}> is not"]


async def test_when_the_stage_is_closed_simcord_is_as_it_was(machine: SettableClock) -> None:
    before = _messages._user_allowed

    async with rehearsal(machine) as made:
        during = _messages._user_allowed
        url = made.ann_dm.url

    assert during is not before
    assert _messages._user_allowed is before
    assert _markdown._FIELD_POLICIES["embed_description"]["mentions"] is False
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get(url)


async def test_errors_of_the_bot_are_told_when_the_stage_is_closed(
    machine: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with rehearsal(machine) as made:
        made.stage.env.inject_error("POST", "/interactions/*/*/callback", status=500)
        with caplog.at_level(logging.CRITICAL):  # discord.py's own word of it
            await made.ann.slash(made.public.channel, "hello")
        caplog.clear()

    assert [record.getMessage() for record in caplog.records] == ["the bot met an error: CommandInvokeError"]
