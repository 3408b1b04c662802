"""`seatkeeper export` and `seatkeeper erase`: what is held of one person, and holding it no more (rule 38)."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from core.config import Config
from core.db.unit import Database
from core.rules.refusals import Refused
from core.texts.refusals import sentence
from core.usecases.privacy.erase_member import Erasure, erase_member, preview_erasure
from core.usecases.privacy.export_member import export_member
from seatkeeper.terminal import (
    FAILED,
    MISUSE,
    clear_errors,
    complain,
    database_of,
    out,
    show_json,
    show_table,
    write_new,
)

T = TypeVar("T")

Member = Annotated[int, typer.Argument(min=1, help="Their Discord user id.", show_default=False)]
Server = Annotated[int | None, typer.Option(min=1, help="Only in the community of this Discord server.")]

_STAYS = {
    "orders": "orders",
    "payments": "payments",
    "refunds": "refunds",
    "disputes": "disputes",
    "provider events": "provider_events",
    "packs": "packs",
    "ledger entries": "ledger",
    "sessions": "sessions",
    "seats they had": "seats",
    "changes in the history": "history",
}
_GOES = {
    "notes about them": "notes",
    "hours": "mentor_hours",
    "dates with other hours": "mentor_overrides",
}


def export(
    member: Member,
    server: Server = None,
    output: Annotated[Path | None, typer.Option(help="Write it to this new file, which only you can read.")] = None,
) -> None:
    """Everything that is held of a person, as JSON; notes about them included."""
    found = _run(lambda db: export_member(db, member, server))
    if output is None:
        sys.stdout.write(found.text())
        return
    try:
        write_new(output, found.text())
    except OSError as error:
        complain(f"{output}: {error.strerror}. Nothing was written.")
        raise typer.Exit(FAILED) from None
    out.print(f"Written to {output}.", markup=False, soft_wrap=True)


def erase(
    member: Member,
    reason: Annotated[str, typer.Option(help="Why, for the history. Do not name the person in it.")],
    server: Server = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_data: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Make a person nobody: what is held of them goes, the books of what was paid stay. There is no way back."""
    if not yes:
        _show(_run(lambda db: preview_erasure(db, member, reason, server)), "would be erased", as_data=as_data)
        if not sys.stdin.isatty():
            complain("Nothing was erased. To do it without being asked: --yes")
            raise typer.Exit(MISUSE)
        if not typer.confirm("Erase this? There is no way back.", err=True):
            complain("Nothing was erased.")
            raise typer.Exit(FAILED)
    _show(_run(lambda db: erase_member(db, member, reason, server)), "was erased", as_data=as_data)


def _run(ask: Callable[[Database], Awaitable[T | Refused]]) -> T:
    """What the use case answers; a refusal ends the command with its sentence."""

    async def answered() -> T | Refused:
        async with database_of(Config.load()) as db:
            return await ask(db)

    with clear_errors():
        answer = asyncio.run(answered())
    if isinstance(answer, Refused):
        complain(sentence(answer, words=str))
        raise typer.Exit(FAILED)
    return answer


def _show(erasures: Sequence[Erasure], what: str, *, as_data: bool) -> None:
    if as_data:
        show_json([asdict(each) for each in erasures])
        return
    for each in erasures:
        head = f"{each.name} in {each.community_name} (server {each.guild_id}) {what}:"
        out.print(head, markup=False, highlight=False, soft_wrap=True)
        show_table(_lines(each), "what", "how many", "becomes of it", nothing="")


def _lines(erasure: Erasure) -> list[dict[str, Any]]:
    """What is there of them, and what becomes of it."""
    lines = [
        _line("name, Discord user id", 1, f"“{erasure.pseudonym}”, and no id"),
        _line("e-mail, language, time zone", 1, "goes"),
        *(_line(name, erasure.rows[table], "goes") for name, table in _GOES.items()),
        _line("messages to them", erasure.rows["notices"], "those not sent yet are not sent"),
        _line("places in waiting lists", erasure.rows["waiting_list"], "left"),
        *(_line(name, erasure.rows[table], f"stays, of “{erasure.pseudonym}”") for name, table in _STAYS.items()),
        *(_line(f"Discord thread {each}", 1, "stays: delete it in Discord") for each in erasure.in_discord.threads),
        *(_line(f"Discord role {each}", 1, "stays: take it in Discord") for each in erasure.in_discord.roles),
    ]
    return [line for line in lines if line["how_many"]]


def _line(what: str, how_many: int, becomes: str) -> dict[str, Any]:
    return {"what": what, "how_many": how_many, "becomes_of_it": becomes}
