"""`seatkeeper ledger`: every movement of money and sessions, in a form that an accountant can add up (rule 31)."""

import asyncio
import csv
import io
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any

import typer

from core.config import Config
from core.rules.accounts import Movement, Total, totals
from core.rules.money import in_decimals
from core.usecases.reading.accounts import Accounts, accounts
from seatkeeper.terminal import FAILED, aside, clear_errors, complain, database_of, out, show_table, write_new

ledger = typer.Typer(help="The books: what was paid, given back and used.", no_args_is_help=True)

# What a spreadsheet takes for the beginning of a formula, also in its wide forms, and what it may skip before one.
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def _amount(movement: Movement) -> str | None:
    if movement.amount_minor is None or movement.currency is None:
        return None
    return in_decimals(movement.amount_minor, movement.currency)


COLUMNS: Mapping[str, Callable[[Movement], Any]] = {
    "date": lambda movement: movement.at.isoformat(),
    "community_id": attrgetter("community_id"),
    "community": attrgetter("community"),
    "kind": attrgetter("kind"),
    "order": attrgetter("order_id"),
    "pack": attrgetter("pack_id"),
    "student_id": attrgetter("student_id"),
    "student": attrgetter("student"),
    "mentor": attrgetter("mentor"),
    "product": attrgetter("product"),
    "provider": attrgetter("provider"),
    "reference": attrgetter("reference"),
    "amount": _amount,
    "amount_minor": attrgetter("amount_minor"),
    "currency": attrgetter("currency"),
    "live": attrgetter("live"),
    "sessions": attrgetter("sessions"),
    "balance": attrgetter("balance"),
    "why": attrgetter("why"),
}

_OURS = ("date", "amount")  # texts that we made: a minus before an amount begins no formula


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"


@ledger.callback()
def books() -> None:
    """The books: what was paid, given back and used."""


@ledger.command()
def export(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The first day, in UTC.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The last day, in UTC.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="CSV for spreadsheets, JSON for machines.")] = Format.CSV,
    output: Annotated[Path | None, typer.Option(help="Write it to this new file, which only you can read.")] = None,
) -> None:
    """Every payment, fee, refund, dispute and movement of sessions, one a line, and what they add up to."""
    first = None if since is None else since.replace(tzinfo=UTC)
    after = None if until is None else until.replace(tzinfo=UTC) + timedelta(days=1)
    if first is not None and after is not None and after <= first:
        raise typer.BadParameter("the last day is before the first", param_hint="--until")

    async def ask() -> Accounts:
        async with database_of(Config.load()) as db:
            return await accounts(db, first, after)

    with clear_errors():
        found = asyncio.run(ask())
    text = as_csv(found) if form is Format.CSV else as_json(found)
    if output is None:
        # As it is: on Windows a text stream would make two line ends of one.
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
    else:
        try:
            write_new(output, text)
        except OSError as error:
            complain(f"{output}: {error.strerror}. Nothing was written.")
            raise typer.Exit(FAILED) from None
    _say_totals(found, output)
    for each in found.disagreements:
        complain(f"The books do not agree: {each.what} {each.id} says {each.stored}, its rows say {each.summed}.")
    if found.disagreements:
        raise typer.Exit(FAILED)


def as_csv(found: Accounts) -> str:
    """As RFC 4180 says, with a line of names first. No text in it can be taken for a formula."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for each in found.movements:
        writer.writerow({name: value if name in _OURS else _harmless(value) for name, value in line(each).items()})
    return text.getvalue()


def as_json(found: Accounts) -> str:
    document = {
        "movements": [line(each) for each in found.movements],
        "totals": [_total(each) for each in totals(found.movements)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def line(movement: Movement) -> dict[str, Any]:
    return {name: value_of(movement) for name, value_of in COLUMNS.items()}


def _harmless(value: object) -> object:
    """A text that a spreadsheet would run as a formula is marked as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str) or not value.lstrip(" \xa0").startswith(_FORMULA):
        return value
    return "'" + value


def _say_totals(found: Accounts, output: Path | None) -> None:
    on = aside if output is None else out
    if output is not None:
        out.print(f"Written to {output}: {len(found.movements)} lines.", markup=False, soft_wrap=True)
    rows = [_total(each) for each in totals(found.movements)]
    for row in rows:
        row["currency"] = row["currency"] if row["live"] else f"{row['currency']} (test)"
    show_table(rows, "currency", "paid", "refunded", "lost", "kept", "fees", nothing="No money moved.", on=on)


def _total(total: Total) -> dict[str, Any]:
    figures = {
        "paid": total.paid_minor,
        "refunded": total.refunded_minor,
        "lost": total.lost_minor,
        "kept": total.kept_minor,
        "fees": total.fees_minor,
    }
    return {
        "currency": total.currency,
        "live": total.live,
        **{name: in_decimals(figure, total.currency) for name, figure in figures.items()},
        **{f"{name}_minor": figure for name, figure in figures.items()},
    }
