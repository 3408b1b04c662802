"""The command `seatkeeper`. A user's mistake is one clear line on stderr, never a traceback."""

import asyncio
from typing import Annotated

import typer

from core.config import Config
from core.db.migrate import newest, upgrade
from seatkeeper import accounts, failures, privacy, reconciling
from seatkeeper.logs import configure_logs
from seatkeeper.terminal import FAILED, clear_errors, complain, out

app = typer.Typer(
    help="Discord bot and web service for paid one-to-one mentorship.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(failures.notices, name="notices")
app.add_typer(failures.events, name="events")
app.add_typer(accounts.ledger, name="ledger")
app.command()(reconciling.reconcile)
app.command()(privacy.export)
app.command()(privacy.erase)

ROLES = ("bot", "web", "jobs")


@app.command()
def migrate() -> None:
    """Bring the database's schema to the version of this program."""
    with clear_errors():
        upgrade(Config.load().database_url.get_secret_value())
        out.print(f"The database is at version {newest()}.")


@app.command()
def doctor() -> None:
    """What is set up, what is not, and how to mend it. Ends with 1 if something is missing."""
    from seatkeeper.doctor import examine, is_well

    with clear_errors():
        config = Config.load()
        findings = asyncio.run(examine(config, config.discord_api_url))
    for finding in findings:
        out.print(str(finding), markup=False, highlight=False, soft_wrap=True)
    if not is_well(findings):
        raise typer.Exit(FAILED)


@app.command()
def run(
    roles: Annotated[
        str, typer.Option(help="Which of bot, web and jobs this process does, by commas.")
    ] = "bot,web,jobs",
    sync: Annotated[
        bool, typer.Option("--sync", help="Tell Discord our commands even if they look unchanged.")
    ] = False,
) -> None:
    """Run the bot, the web server and the jobs, until SIGTERM or Ctrl-C."""
    chosen = [role.strip() for role in roles.split(",") if role.strip()]
    if not chosen or not set(chosen) <= set(ROLES):
        raise typer.BadParameter(f"'{roles}': choose from {', '.join(ROLES)}", param_hint="--roles")
    from seatkeeper.run import serve

    with clear_errors():
        config = Config.load()
        configure_logs(config.log_level, config.log_format)
        asyncio.run(serve(config, frozenset(chosen), sync=sync))


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The start page's port.")] = 8000,
    check: Annotated[bool, typer.Option("--check", help="Walk the story by itself, print it, and exit.")] = False,
) -> None:
    """The whole product offline: play student and mentor in your browser. Needs no token and no account."""
    with clear_errors():
        try:
            from seatkeeper.demo import run_demo
        except ModuleNotFoundError as error:
            complain(f"The demo needs more than is installed ({error.name} is missing): type `make demo`.")
            raise typer.Exit(FAILED) from None
        config = Config.load()
        configure_logs("WARNING", config.log_format)
        chosen = "database_url" in config.model_fields_set
        raise typer.Exit(
            asyncio.run(
                run_demo(port, check=check, database_url=config.database_url.get_secret_value() if chosen else None)
            )
        )
