"""`seatkeeper notices` and `seatkeeper events`: what was given up, and having it tried again (rules 30, 33)."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from core.config import Config
from core.db.unit import Database
from core.rules.refusals import Refused
from core.usecases.records.replay import dead_notices, failed_events, replay_events, replay_notices
from seatkeeper.terminal import FAILED, clear_errors, complain, database_of, ids_of, out, show_json, show_table

notices = typer.Typer(help="Messages that did not reach anybody: list them, have them sent again.")
events = typer.Typer(help="News of payment providers that could not be settled: list them, have them tried again.")

Json = Annotated[bool, typer.Option("--json", help="For machines.")]
Ids = Annotated[list[int] | None, typer.Argument(help="As the list names them.", show_default=False)]
Everything = Annotated[bool, typer.Option("--all", help="All of them.")]

Replay = Callable[[Database, Collection[int] | None], Awaitable[tuple[int, ...] | Refused]]


@notices.callback(invoke_without_command=True)
def list_by_default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        dead()


@notices.command()
def dead(as_json: Json = False) -> None:
    """The messages that were given up, the latest first."""
    rows = _rows(dead_notices)
    columns = ("id", "kind", "community name", "to", "due at", "died at", "why")
    show_json(rows) if as_json else show_table(rows, *columns, nothing="No message was given up.")


@notices.command("replay")
def send_again(ids: Ids = None, everything: Everything = False) -> None:
    """Have messages sent again that were given up. What is no longer true is dropped instead."""
    _replay(replay_notices, ids, everything, "message")


@events.callback(invoke_without_command=True)
def list_failed_by_default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        failed()


@events.command()
def failed(as_json: Json = False) -> None:
    """The events that wait for another attempt, or were given up; the latest first."""
    rows = _rows(failed_events)
    columns = ("id", "provider", "event id", "kind", "order id", "attempts", "tried at", "why")
    show_json(rows) if as_json else show_table(rows, *columns, nothing="No event has failed.")


@events.command("replay")
def settle_again(ids: Ids = None, everything: Everything = False) -> None:
    """Have events settled again that failed. What one of them did before is not done twice."""
    _replay(replay_events, ids, everything, "event")


def _rows(look: Callable[[Database], Awaitable[Sequence[Any]]]) -> list[dict[str, Any]]:
    async def ask() -> Sequence[Any]:
        async with database_of(Config.load()) as db:
            return await look(db)

    with clear_errors():
        return [asdict(each) for each in asyncio.run(ask())]


def _replay(replay: Replay, ids: list[int] | None, everything: bool, what: str) -> None:
    if bool(ids) == everything:
        raise typer.BadParameter("name their ids, or --all")

    async def do() -> tuple[int, ...] | Refused:
        async with database_of(Config.load()) as db:
            return await replay(db, None if everything else ids)

    with clear_errors():
        due = asyncio.run(do())
    if isinstance(due, Refused):
        complain(f"Refused: {due.reason}")
        raise typer.Exit(FAILED)
    if due:
        out.print(f"Due again: {what} {ids_of(due)}. The jobs take it from here.", soft_wrap=True)
    elif everything:
        out.print(f"There is no {what} to try again.")
    if unknown := sorted(set(ids or []) - set(due)):
        complain(f"Left alone, as nothing of this kind was given up: {ids_of(unknown)}")
        raise typer.Exit(FAILED)
