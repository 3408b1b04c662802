"""/staff audit: the history in words."""

import ast
from pathlib import Path

import pytest

from bot.parsing import day_of, day_of_number
from bot.replies.audit import audit
from bot.replies.audit_words import SENTENCES
from core.db.history import SYSTEM, By, Change, by_member, record
from core.rules.completion import Outcome
from core.rules.refusals import Reason
from core.rules.states import Actor
from core.texts.refusals import SENTENCES as REFUSALS
from core.usecases.community.settings import change_setting
from core.usecases.completion.complete import complete
from core.usecases.reading.audit import Audit, Audited
from seatkeeper.demo.languages import speaks
from tests.answers import given
from tests.bot.world import World, labels, read, reply_to, stamp
from tests.builders import HOUR, a_session, owner_of
from tests.clocks import NOW

REFUSED = REFUSALS[Reason.NOT_STAFF].without
USE_CASES = Path(__file__).parents[2] / "core"


async def noted(world: World, by: By, *changes: Change) -> None:
    async with world.db.begin() as tx:
        await tx.run(record(world.community.id, tx.now, by, *changes))


def a_set(why: str = "") -> Change:
    return Change("community", 1, "set_up", "set_up", "set", why, {"name": "undo_days", "from": 7, "to": 3})


async def test_staff_read_who_what_when_and_why(world: World) -> None:
    session = await a_session(world.db, world.pair, NOW - 2 * HOUR)
    given(await complete(world.db, world.mara.person.asker, session))
    ends = {"from": NOW.isoformat(), "to": (NOW + HOUR).isoformat()}
    seat = world.pair.seat_id
    await noted(world, by_member(world.max.id), Change("seat", seat, "grace", "grace", "extend", "*ill*", ends))
    await noted(world, SYSTEM, Change("seat", seat, "grace", "released", "release", "the grace is over"), a_set())

    shown = await world.sam.slash(world.public, "staff audit")

    assert reply_to(shown).ephemeral
    at = stamp(NOW, "f")
    assert read(shown).splitlines()[1:] == [
        f"{at} · **Seatkeeper**",
        "A setting was changed. `undo_days`: 7 → 3",
        "",
        f"{at} · **Seatkeeper**",
        "The seat of Stu with Mara is released.",
        "Why: the grace is over",
        "",
        f"{at} · **Max**",
        f"The seat of Stu with Mara is kept longer. {at} → {stamp(NOW + HOUR, 'f')}",
        r"Why: \*ill\*",
        "",
        f"{at} · **Mara**",
        f"The session of Stu with Mara, {stamp(NOW - 2 * HOUR, 'f')}, took place.",
        "The latest first.",
    ]


async def test_pages_keep_what_was_asked_for_after_a_restart(world: World) -> None:
    await noted(world, by_member(world.mara.id), *(a_set(f"no. {each}.") for each in range(12)))
    await noted(world, by_member(world.max.id), a_set("not this one"))

    first = await world.sam.slash(
        world.public, "staff audit", member=world.mara.actor, since="2026-03-02", until="2026-03-02"
    )
    before = read(first)
    await world.restart()
    second = await world.sam.click(reply_to(first), label="Next")

    for said in (before, read(second)):
        assert "Only what concerns **Mara**. Only since `2026-03-02`. Only until `2026-03-02`." in said
        assert "not this one" not in said
    assert "no. 11" in before
    assert "no. 1." not in before
    assert "no. 0." in read(second)
    assert "Page 2 of 2" in read(second)
    assert labels(reply_to(second)) == ["Back"]


async def test_what_there_is_not_is_said(world: World) -> None:
    assert "Nothing was changed here yet." in read(await world.sam.slash(world.public, "staff audit"))
    nobody = read(await world.sam.slash(world.public, "staff audit", member=world.eve, mentor="Mara"))
    assert "Only what concerns somebody who did nothing here yet. Only with **Mara** as the mentor." in nobody
    assert "There is no such change." in nobody
    assert "no such mentor" in read(await world.sam.slash(world.public, "staff audit", mentor="Zed"))
    for typed in ("yesterday", "2026-02-30", "0001-01-01", "9999-12-31"):
        assert "cannot be read" in read(await world.sam.slash(world.public, "staff audit", since=typed))


async def test_it_is_read_in_german(world: World) -> None:
    speaks(world.env, world.sam.id, "de")
    given(await change_setting(world.db, owner_of(world.community), "undo_days", 3))

    shown = read(await world.sam.slash(world.public, "staff audit"))

    assert "Eine Einstellung wurde geändert." in shown


async def test_a_stranger_a_mentor_and_a_student_read_nothing(world: World) -> None:
    await noted(world, SYSTEM, a_set("secret"))

    for somebody in (world.eve, world.mara.actor, world.stu.actor):
        assert read(await somebody.slash(world.public, "staff audit")).endswith(REFUSED)
        forged = "audit-page:99:0:0:0:0:0"
        assert read(await somebody.click(world.forge(world.public.id, forged), custom_id=forged)).endswith(REFUSED)


def an_entry(entity: str, verb: str, **values: object) -> Audited:
    known: dict[str, object] = {
        "at": NOW,
        "entity": entity,
        "entity_id": 3,
        "before": None,
        "after": "new",
        "verb": verb,
        "actor": Actor.PARTNER,
        "by_name": None,
        "why": None,
        "facts": {},
        "student_name": None,
        "mentor_name": None,
        "product_name": None,
        "starts_at": None,
        "notice": None,
    }
    return Audited(**{**known, **values})  # type: ignore[arg-type]  # by the entry's names


def said(*entries: Audited) -> str:
    return audit(Audit(entries=entries, page=0, pages=1, upto=9, member=None, mentor=None, since=None, until=None)).text


def test_details_are_figures_and_an_unknown_change_is_told_in_the_historys_own_words() -> None:
    assert r"seat 3\: polish \(– → new\)" in said(an_entry("seat", "polish"))
    assert "**Another system**" in said(an_entry("seat", "release"))
    assert "somebody with somebody is released" in said(an_entry("seat", "release"))
    assert "3 → 2" in said(an_entry("pack", "adjust", facts={"before": 3, "after": 2}))
    assert "Yes." in said(an_entry("adjustment", "answer", facts={"yes": True}))
    assert "No." in said(an_entry("adjustment", "answer", facts={"yes": False}))
    assert "Above capacity." in said(an_entry("seat", "grant", facts={"above_capacity": True}))
    changed = {"capacity": {"from": 3, "to": 5}, "time_zone": {"from": None, "to": "T-1"}, "other": 7}
    text = said(an_entry("mentor", "edit", facts=changed, actor=Actor.PROVIDER))
    assert r"**The payment provider**" in text
    assert r"`capacity`: 3 → 5 `time_zone`: – → T\-1" in text
    assert "other" not in text


def test_a_page_of_the_longest_words_keeps_each_change_its_place() -> None:
    hostile = "@everyone *" * 400
    text = said(*(an_entry("pack", "adjust", why=hostile, student_name="*" * 100) for _ in range(10)))

    assert len(text) <= 4096
    assert text.count("was corrected") == 10
    assert "@everyone" not in text.replace(r"\@everyone", "")


def test_only_days_that_there_can_be_here_are_read() -> None:
    assert [day_of_number(each) for each in (0, 1, 9**18)] == [None, None, None]
    assert day_of_number(739_000) is not None
    assert day_of(" 2026-3-2 ") == NOW.date()


def changes_in_the_code() -> set[tuple[str, str]]:
    """Each `Change("entity", …, "verb")` that is written out in the core."""
    found = set()
    for file in USE_CASES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Change":
                words = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args]
                if len(words) > 4 and isinstance(words[0], str) and isinstance(words[4], str):
                    found.add((words[0], words[4]))
    return found


@pytest.mark.parametrize("change", sorted(changes_in_the_code() | {("session", each.verb) for each in Outcome}))
def test_every_change_that_the_core_writes_down_has_its_sentence(change: tuple[str, str]) -> None:
    assert change in SENTENCES, "say in bot/replies/audit_words.py what happened"
