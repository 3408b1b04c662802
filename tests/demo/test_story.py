"""The story that `seatkeeper demo --check` walks: what it prints is what the tables hold, and it can fail."""

import io
import re
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import discord
import pytest
from aiohttp import web
from rich.console import Console
from sqlalchemy import make_url, select

from core.clock import SystemClock
from core.db import tables
from core.db.unit import Database
from core.rules.states import Channel, NoticeState
from core.usecases.reading.books import EntryLine, books, communities_kept
from seatkeeper.demo import run_demo
from seatkeeper.demo.pages import make_app
from seatkeeper.demo.play import Play
from seatkeeper.demo.story import Story, tell
from seatkeeper.demo.stripe_stand_in import StripeStandIn
from seatkeeper.demo.walk import Unexpected
from tests.demo.plays import a_play
from tests.seatkeeper.test_command_line import ended

STEP = re.compile(r"^ ?([0-9]+)  (.+)$")
LINE = re.compile(r"^    (\S.{21}) (.*)$")
MORE = re.compile(r"^ {27}(.*)$")

ANNS = ["You have a seat", "One session left", "No sessions left", "Last call", "Renewed"]
BENS = ["Your payment is on its way", "You have a seat", "No sessions left", "Last call", "Your seat with"]
BENS_SECOND = ["Taken back", "Missed", "No sessions left", "Given back"]
BENS_BREAK = ["Jonas Weber is taking a break", "Jonas Weber is back"]
ANNS_MONEY = ["You get €90.00 back", "A payment of yours is disputed", "Your payment went back", "Your seat with"]
BENS_OTHER_SEAT = [  # agreed to late at PayPal, disputed there in vain, and refunded
    "You have a seat",
    "A payment of yours is disputed",
    "A dispute is over",
    "You get €180.00 back",
    "Your seat with",
]
BENS_LAST = ["No sessions left", "You get €55.00 back", "Last call", "Your seat with"]
CHLOES = ["Du hast einen Platz", "Jonas Weber macht Pause", "Jonas Weber ist wieder da"]
CHLOES_MONEY = ["Es wurde nichts abgebucht", "Kein Platz war frei", "Du bekommst 50,00"]
DEVS = ["Coming up", "Soon", "Done", "One session left"]
TURNS = sorted(
    {*ANNS, "A question", *ANNS_MONEY}
    | {*BENS, *BENS_SECOND, *BENS_BREAK, *BENS_OTHER_SEAT, *BENS_LAST}
    | {*CHLOES, *CHLOES_MONEY}
)
BOOKS = {  # paid, kept, refunded, lost
    "EUR": ["€1,155.00", "€510.00", "€555.00", "€90.00"],
    "USD": ["$300.00", "$300.00", "$0.00", "$0.00"],
}
WHERE = {Channel.DM: "messages", Channel.THREAD: "thread"}
STAFFS = "Staff channel"


@dataclass
class Told:
    """One step as it was printed: what was done, then what was seen or held where."""

    what: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    def said(self, where: str) -> list[str]:
        return [what for place, what in self.lines if place == where]


def told(out: str) -> list[Told]:
    """The steps of a printed story, in order, with the lines that were wrapped made whole again."""
    steps: list[Told] = []
    for line in out.splitlines():
        if found := STEP.match(line):
            assert int(found[1]) == len(steps) + 1
            steps.append(Told(found[2]))
        elif found := LINE.match(line):
            steps[-1].lines.append((found[1].rstrip(), found[2]))
        elif found := MORE.match(line):
            where, what = steps[-1].lines[-1]
            steps[-1].lines[-1] = where, f"{what} {found[1]}"
    return steps


def in_words(ledger: tuple[EntryLine, ...]) -> list[str]:
    """The tables' ledger, a line a pack."""
    lines = []
    for _, entries in groupby(sorted(ledger, key=lambda each: each.pack_id), key=lambda each: each.pack_id):
        pack = list(entries)
        changes = ", ".join(f"{each.kind} {each.delta:+d} → {each.balance}" for each in pack)
        lines.append(f"{pack[0].student} with {pack[0].mentor}: {changes}")
    return lines


async def delivered(db: Database) -> Counter[str]:
    """How many messages the tables say went where: into whose messages, whose thread, the staff channel."""
    query = (
        select(tables.members.c.name, tables.notices.c.channel)
        .select_from(tables.notices.outerjoin(tables.members, tables.members.c.id == tables.notices.c.to_member_id))
        .where(tables.notices.c.state == NoticeState.DELIVERED)
    )
    async with db.look() as tx:
        rows = await tx.all(query)
    return Counter(f"{row['name']}'s {WHERE[row['channel']]}" if row["channel"] in WHERE else STAFFS for row in rows)


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_the_command_walks_the_story_and_prints_what_the_tables_hold(tmp_path: Path, database_url: str) -> None:
    walked = await ended(tmp_path, "demo", "--check", DATABASE_URL=database_url)

    assert (walked.code, walked.err) == (0, ""), walked.out[-2000:]
    await is_what_the_tables_hold(walked.out, database_url)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_the_story_is_the_same_on_sqlite(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole check, but for the process around it."""
    monkeypatch.setenv("COLUMNS", "200")

    code = await run_demo(8000, check=True, database_url=database_url)

    walked = capsys.readouterr()
    assert (code, walked.err) == (0, ""), walked.out[-2000:]
    await is_what_the_tables_hold(walked.out, database_url)


async def is_what_the_tables_hold(out: str, database_url: str) -> None:
    """The printed story has both ends of a seat, and every line of it agrees with the tables."""
    steps = told(out)
    assert f"All {len(steps)} steps went as they must, and the books balance:" in out
    sums = re.findall(r"^ ([A-Z]{3}) +(.+)$", out, re.MULTILINE)
    assert {currency: line.split() for currency, line in sums} == BOOKS
    db = Database(database_url, SystemClock())
    [kept] = await communities_kept(db)
    packs = in_words((await books(db, kept.guild_id)).ledger)
    messages = await delivered(db)
    await db.close()
    assert steps[-1].said("Ledger") == packs
    for step in steps:
        assert all(any(pack.startswith(line) for pack in packs) for line in step.said("Ledger")), step
    before = Counter({"Dev's messages": 1, "Grace Lee's messages": 1})  # these came before the story
    assert shown(steps) + before == messages
    assert turns(steps, "Ann's messages") == [*ANNS, "A question", *ANNS_MONEY]
    assert turns(steps, "Ben's messages") == [*BENS, *BENS_SECOND, *BENS_BREAK, *BENS_OTHER_SEAT, *BENS_LAST]
    assert turns(steps, "Chloe's messages") == [*CHLOES, *CHLOES_MONEY]
    assert turns(steps, "Dev's thread", DEVS) == DEVS
    assert not [line for step in steps for line in step.said("Dev's messages")]


def turns(steps: list[Told], where: str, known: list[str] = TURNS) -> list[str]:
    """The turns of somebody's seat as they read of them there; those of one instant come in any order."""
    said = [line for step in steps for line in sorted(step.said(where))]
    return [turn for line in said for turn in known if line.startswith(f"“{turn}")]


def shown(steps: list[Told]) -> Counter[str]:
    """How many messages were printed where."""
    places = [where for step in steps for where, _ in step.lines]
    return Counter(where for where in places if where == STAFFS or where.endswith(tuple(WHERE.values())))


# ---------------------------------------------------------------- controls: it can fail


def order(database_url: str, *statements: str) -> None:
    """Do this to an SQLite database behind everybody's back."""
    held = sqlite3.connect(str(make_url(database_url).database))
    with held:
        for statement in statements:
            held.execute(statement)
    held.close()


NOBODYS_PAYMENT = """
    INSERT INTO payments
        (provider_ref, order_id, provider, amount_minor, tax_minor, currency, livemode, paid_at, recorded_at)
    SELECT 'pi_nobodys', order_id, provider, amount_minor, tax_minor, currency, livemode, paid_at, recorded_at
    FROM payments
"""


class NothingCharged(StripeStandIn):
    """Its page says thank you, and no money ever moves."""

    async def pay(self, ref: str) -> None:
        self.found(ref)


def front_with_nothing_charged(play: Play) -> web.Application:
    known = play.stripe
    play.stripe = NothingCharged(
        known.clock, known.http, known.api_key, known.webhook_secret, told_at=known.told_at, at=known.at
    )
    return make_app(play)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_payment_that_does_not_arrive_fails_the_check(database_url: str) -> None:
    out = io.StringIO()

    async with a_play(database_url, front=front_with_nothing_charged) as play:
        code = await tell(play, Console(file=out, width=200))

    assert code == 1
    assert told(out.getvalue())[-1].what == "Ann follows “Pay €180.00 with Stripe” and pays by card"
    assert "Step 3 did not go as it must: “Paid” is not in" in out.getvalue()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_message_that_does_not_reach_its_student_fails_the_check(database_url: str) -> None:
    out = io.StringIO()

    async with a_play(database_url) as play:
        dms = play.guild.people["Ann"].user.dm_channel
        play.stage.env.inject_error("POST", f"/channels/{dms.id}/messages", status=403, code=50007, times=None)
        code = await tell(play, Console(file=out, width=200))

    assert code == 1
    assert "Step 3 did not go as it must: Ann should have got “You have a seat with …”, but got: nothing" in (
        out.getvalue()
    )


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_ledger_that_does_not_add_up_fails_the_check(database_url: str) -> None:
    out = io.StringIO()

    async with a_play(database_url) as play:
        order(database_url, "DROP TRIGGER ledger_no_update", "UPDATE ledger SET balance = balance - 1")
        code = await tell(play, Console(file=out, width=200))

    assert code == 1
    assert re.search(r"Step 1 did not go as it must: entry [0-9]+ says 1, the sum is 2", out.getvalue())


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("behind_backs", "why"),
    [
        ("UPDATE payments SET amount_minor = amount_minor - 1", "stripe says .+ the books say"),
        ("DELETE FROM payments", "the books say None"),
        ("UPDATE packs SET remaining = remaining - 1", "the books do not agree"),
        (NOBODYS_PAYMENT, r"of USD 30000 are kept, the providers hold 15000"),
    ],
)
async def test_books_that_do_not_balance_fail_the_check(database_url: str, behind_backs: str, why: str) -> None:
    async with a_play(database_url) as play:
        story = Story(play, Console(file=io.StringIO()))
        await story.the_books_balance()
        order(database_url, behind_backs)

        with pytest.raises(Unexpected, match=why):
            await story.the_books_balance()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_an_error_of_the_bot_that_nobody_saw_fails_the_check(database_url: str) -> None:
    async def stumble(_: discord.Interaction) -> None:
        raise LookupError("behind everybody's back")

    async with a_play(database_url) as play:
        story = Story(play, Console(file=io.StringIO()))
        story.nothing_broke()
        play.stage.bot.add_listener(stumble, "on_interaction")
        await play.guild.people["Ann"].slash(play.guild.public, "mentors")

        with pytest.raises(Unexpected, match="behind everybody's back"):
            story.nothing_broke()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_check_that_fails_ends_with_a_code_that_says_so(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole check, but for the process around it, on a database in which nothing can be booked."""
    order(database_url, "CREATE TRIGGER closed BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'closed'); END")

    code = await run_demo(8000, check=True, database_url=database_url)

    said = capsys.readouterr().out
    assert code == 1
    assert "Step 4 did not go as it must" in said
    assert "went as they must" not in said
