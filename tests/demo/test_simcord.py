"""What the stage takes for granted of SimCord's private names, one by one: the one that fails is the one that changed.

What the stage makes of them is in test_stage.py.
"""

import ast
import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import simcord
from simcord._clock import Clock
from simcord.preview import Preview, _markdown, _messages
from simcord.preview._pages import _Page

import seatkeeper.demo
from tests.demo.rehearsal import Parrot

ROOM = Path(seatkeeper.demo.__file__).parent


@dataclass(frozen=True)
class Simcord:
    """SimCord by itself, with Ann's DMs in a preview and nothing of ours around it."""

    env: simcord.Env
    preview: Preview
    page: _Page
    public: simcord.ChannelHandle
    ann: simcord.MemberActor
    ben: simcord.MemberActor

    @property
    def bot(self) -> Parrot:
        assert isinstance(self.env.bot, Parrot)
        return self.env.bot


@pytest.fixture
async def bare() -> AsyncIterator[Simcord]:
    env = simcord.Env(Parrot(), shard_count=1)
    guild = env.create_guild("Bare")
    public = guild.create_text_channel("public")
    ann, ben = (guild.add_member(env.create_user(name)) for name in ("ann", "ben"))
    await env.start()
    async with env.preview(ann.user.dm_channel, viewers=[ann.user], layout="channel") as preview:
        page = preview._open_page()
        yield Simcord(env, preview, page, public, ann, ben)
    await env.shutdown()


def has_an_epoch(_: Simcord) -> bool:
    return Clock()._epoch == datetime(2026, 1, 1, tzinfo=UTC)


def counts_in_elapsed_seconds(_: Simcord) -> bool:
    clock = Clock()
    clock.advance(5)
    return clock.elapsed == 5.0 and clock.now() == clock._epoch + timedelta(seconds=5)


def asks_whose_mention_may_be_named(bare: Simcord) -> bool:
    """By its module's name, each time; in DMs it knows the two alone."""
    named = [_messages._user_allowed(bare.preview, bare.page, each.id) for each in (bare.ann, bare.ben)]
    return named == [True, False] and "_user_allowed(" in inspect.getsource(_messages)


def names_nobody_in_embeds(_: Simcord) -> bool:
    parts = [_markdown._FIELD_POLICIES[part] for part in ("embed_description", "embed_field_value")]
    return all(part["mentions"] is part["commands"] is False for part in parts)


def keeps_the_one_preview(bare: Simcord) -> bool:
    return bare.env._preview is bare.preview


def says_which_task_it_is_at(bare: Simcord) -> bool:
    bare.env._begin_operation("test")
    during = bare.env._operation_task
    bare.env._end_operation()
    return during is asyncio.current_task() and bare.env._operation_task is None


def tells_the_preview_of_what_goes_out(bare: Simcord) -> bool:
    told = "_preview._mark_action_dispatched()" in inspect.getsource(simcord.Env)
    return told and not inspect.signature(bare.preview._mark_action_dispatched).parameters


def has_actions_of_pages(bare: Simcord) -> bool:
    return inspect.iscoroutinefunction(bare.preview._action) and (
        list(inspect.signature(bare.preview._action).parameters) == ["context_id", "body"]
    )


def is_active_while_open(bare: Simcord) -> bool:
    return bare.preview._active


def is_at_no_action(bare: Simcord) -> bool:
    return bare.preview._active_action is None


def takes_the_time_when_asked(bare: Simcord) -> bool:
    bare.env.backend.advance_clock(3600)
    before = bare.preview.capture_time
    bare.preview._advance_presentation_time()
    return bare.preview.capture_time - before == timedelta(hours=1)


def finds_pages_by_id(bare: Simcord) -> bool:
    return bare.preview._pages[bare.page.id] is bare.page is bare.preview._get_page(bare.page.id)


def publishes_a_page_as_a_new_revision(bare: Simcord) -> bool:
    before = bare.page.revision
    bare.preview._publish(bare.page, reason="refresh")
    return bare.page.revision == before + 1


def knows_a_pages_viewer(bare: Simcord) -> bool:
    return bool(bare.page.viewer.id == bare.ann.id)


TOUCHED: Mapping[str, Callable[[Simcord], bool]] = {
    "Clock": counts_in_elapsed_seconds,
    "_FIELD_POLICIES": names_nobody_in_embeds,
    "_Page": knows_a_pages_viewer,
    "_action": has_actions_of_pages,
    "_active": is_active_while_open,
    "_active_action": is_at_no_action,
    "_advance_presentation_time": takes_the_time_when_asked,
    "_epoch": has_an_epoch,
    "_get_page": finds_pages_by_id,
    "_markdown": names_nobody_in_embeds,
    "_mark_action_dispatched": tells_the_preview_of_what_goes_out,
    "_messages": asks_whose_mention_may_be_named,
    "_operation_task": says_which_task_it_is_at,
    "_pages": finds_pages_by_id,
    "_preview": keeps_the_one_preview,
    "_publish": publishes_a_page_as_a_new_revision,
    "_user_allowed": asks_whose_mention_may_be_named,
}
"""By the name that the stage uses, what it takes for granted."""


@pytest.mark.parametrize("name", TOUCHED)
async def test_simcord_still_means_what_the_stage_takes_it_to_mean(bare: Simcord, name: str) -> None:
    holds = TOUCHED[name]

    assert holds(bare), (
        f"seatkeeper/demo/stage.py uses SimCord's {name}: it no longer {holds.__name__.replace('_', ' ')}"
    )


def test_every_private_name_of_simcord_that_the_stage_uses_is_in_this_table() -> None:
    assert _private_names_in(ROOM / "stage.py") == set(TOUCHED)


@pytest.mark.parametrize("module", sorted(ROOM.glob("*.py")), ids=lambda path: path.stem)
def test_only_the_stage_uses_simcords_private_names(module: Path) -> None:
    if module.stem != "stage":
        assert _private_names_in(module) == set()


async def test_simcord_allows_no_second_preview(bare: Simcord) -> None:
    """The control of the tabs: if this fails, `Tabs` may do without standing in for 'the' preview."""
    with pytest.raises(simcord.SetupError, match="Only one"):
        bare.env.preview(bare.public, viewers=[bare.ann])


async def test_simcord_publishes_nothing_by_itself(bare: Simcord) -> None:
    """The control of the tabs: if this fails, they need not be kept fresh from outside."""
    before = bare.page.revision

    await (await bare.bot.fetch_user(bare.ann.id)).send("Unasked")
    await bare.env.settle()

    assert bare.page.revision == before


async def test_simcord_refuses_a_press_on_what_was_published_anew(bare: Simcord) -> None:
    """The control of the tabs: if this fails, presses need not be brought up to date."""
    body: dict[str, Any] = {
        "protocol_version": 3,
        "sequence": 1,
        "request_id": "r1",
        "generation": bare.page.generation,
        "bot_generation": bare.page.snapshot["botGeneration"],
        "kind": "send_message",
        "content": "Hello",
    }

    late = await bare.preview._action(bare.page.id, body | {"published_revision": bare.page.revision - 1})
    in_time = await bare.preview._action(bare.page.id, body | {"published_revision": bare.page.revision})

    assert (late["rejected"], in_time["rejected"]) == (True, False)


def _private_names_in(module: Path) -> set[str]:
    """Names with an underscore that are imported from SimCord, or that belong to something that is not ours."""
    nodes = list(ast.walk(ast.parse(module.read_text())))
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    ours = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    ours |= {node.target.id for node in nodes if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    ours |= {node.attr for node in attributes if isinstance(node.ctx, ast.Store) and _is_self(node.value)}
    found = {
        node.attr
        for node in attributes
        if node.attr.startswith("_") and not (_is_self(node.value) and node.attr in ours)
    }
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("simcord"):
            hidden = "._" in (node.module or "")
            found |= {each.name for each in node.names if hidden or each.name.startswith("_")}
    return {name for name in found if not name.startswith("__")}


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
