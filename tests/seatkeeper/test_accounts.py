"""`seatkeeper ledger export`, typed by whoever keeps the books."""

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from core.db import tables
from core.db.unit import Database
from core.rules.money import EXPONENTS
from core.usecases.reading.accounts import Accounts
from seatkeeper.accounts import as_csv, as_json
from tests.builders import a_community, a_mentor, a_pair, a_product
from tests.fixtures import clock, db
from tests.rules.test_accounts import LINE
from tests.seatkeeper.test_command_line import ended
from tests.usecases.refunds.steps import hears, news_of

__all__ = ["clock", "db"]


async def _dinars(db: Database) -> None:
    """A payment of 12.340 dinars, 0.040 of it given back, by somebody whose name is a formula."""
    mentor = await a_mentor(db, await a_community(db), '=HYPERLINK("https://evil.example")')
    await a_product(db, mentor, name=" @SUM(A1)", currency="KWD", price_minor=12_340)
    pair = await a_pair(db, mentor=mentor)
    await hears(db, await news_of(db, pair, 40, currency="KWD"))
    async with db.begin() as tx:
        await tx.run(update(tables.refunds).values(reason="-1\nand more, “so”"))


async def test_the_books_are_a_spreadsheet_in_which_no_name_is_a_formula(tmp_path: Path, db: Database) -> None:
    await _dinars(db)

    told = await ended(tmp_path, "ledger", "export", DATABASE_URL=db.url)

    assert told.code == 0, told.err
    rows = list(csv.DictReader(io.StringIO(told.out, newline="")))
    assert [(row["kind"], row["amount"], row["amount_minor"], row["sessions"]) for row in rows] == [
        ("payment", "12.340", "12340", ""),
        ("refund", "-0.040", "-40", ""),
        ("sessions_purchase", "", "", "4"),
    ]
    assert {row["mentor"] for row in rows} == {'\'=HYPERLINK("https://evil.example")'}
    assert {row["product"] for row in rows} == {"' @SUM(A1)"}
    assert [row["why"] for row in rows] == ["", "'-1\nand more, “so”", ""]
    assert rows[0]["date"] == "2026-03-02T12:00:00+00:00"
    assert "KWD (test)" in told.err
    assert "12.300" in told.err


async def test_the_books_are_kept_in_a_new_file_and_for_machines(tmp_path: Path, db: Database) -> None:
    await _dinars(db)
    typed = ("ledger", "export", "--format", "json", "--output", "books.json")

    told = await ended(tmp_path, *typed, "--since", "2026-03-02", "--until", "2026-03-02", DATABASE_URL=db.url)
    again = await ended(tmp_path, *typed, DATABASE_URL=db.url)

    assert (told.code, again.code) == (0, 1)
    assert "3 lines" in told.out
    assert "Nothing was written" in again.err
    file = tmp_path / "books.json"
    assert file.stat().st_mode & 0o077 == 0
    kept = json.loads(file.read_text("utf-8"))
    assert [each["amount_minor"] for each in kept["movements"]] == [12_340, -40, None]
    assert kept["movements"][0]["mentor"].startswith("=HYPERLINK"), "no spreadsheet reads this one"
    (total,) = kept["totals"]
    assert (total["paid"], total["refunded"], total["lost"], total["kept"]) == ("12.340", "0.040", "0.000", "12.300")


async def test_books_that_do_not_agree_and_days_in_the_wrong_order_are_said(tmp_path: Path, db: Database) -> None:
    pair = await a_pair(db)
    async with db.begin() as tx:
        await tx.run(update(tables.packs).values(remaining=3))

    told = await ended(tmp_path, "ledger", "export", "--since", "2027-01-01", DATABASE_URL=db.url)
    wrong = await ended(tmp_path, "ledger", "export", "--since", "2026-03-02", "--until", "2026-03-01")

    assert told.code == 1
    assert f"The books do not agree: pack {pair.pack_id} says 3, its rows say 4." in told.err
    assert wrong.code == 2


_AMOUNTS = st.tuples(st.integers(-(10**15), 10**15), st.sampled_from(sorted(EXPONENTS)))


@given(st.lists(_AMOUNTS, max_size=8))
def test_what_is_read_from_either_export_is_what_was_moved_to_the_last_minor_unit(moved: list[tuple[int, str]]) -> None:
    found = Accounts(tuple(replace(LINE, amount_minor=amount, currency=currency) for amount, currency in moved), ())

    rows = list(csv.DictReader(io.StringIO(as_csv(found), newline="")))
    document = json.loads(as_json(found))

    for read in (rows, document["movements"]):
        assert [(int(row["amount_minor"]), row["currency"]) for row in read] == moved
        assert [(_minor(row["amount"], row["currency"]), row["currency"]) for row in read] == moved
    for total in document["totals"]:
        paid = sum(amount for amount, currency in moved if currency == total["currency"])
        assert (total["paid_minor"], _minor(total["paid"], total["currency"])) == (paid, paid)
    assert len(document["totals"]) == len({currency for _, currency in moved})


def _minor(written: str, currency: str) -> int:
    return int(Decimal(written).scaleb(EXPONENTS[currency]))
