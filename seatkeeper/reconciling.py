"""`seatkeeper reconcile`: compare orders with the providers, settle what had not reached us, and say it (rule 31)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.config import Config
from core.texts.providers import provider_name
from seatkeeper.logs import configure_logs
from seatkeeper.terminal import FAILED, aside, clear_errors, complain, database_of, out, show_json, show_table

if TYPE_CHECKING:
    from core.usecases.reconcile.reconcile import Finding, Reconciled

_FOUND: Mapping[str, str] = {
    "granted": "it was paid, and nothing had been granted: it is granted now",
    "given_back": "a refund or dispute had not reached us: it is in the books now",
    "refunded": "it was paid, and cannot be granted: the money goes back",
    "closed": "its checkout was over, unpaid: it is closed now",
    "parked": "what was paid is not what the order says: staff decide in /staff tasks",
    "differs": "other refunds than at the provider",
    "unsettled": "what the provider tells could not be settled",
    "unanswered": "the provider does not say how it stands",
}


def reconcile(
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The first day, in UTC; 35 days ago if not named."),
    ] = None,
    as_data: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Compare orders with Stripe and PayPal, and settle what had not reached us. Twice changes nothing more."""
    with clear_errors():
        config = Config.load()
        if not (config.stripe_api_key or config.paypal_client_id):
            complain("No provider is configured: set STRIPE_API_KEY, or PAYPAL_CLIENT_ID with its secret.")
            raise typer.Exit(FAILED)
        configure_logs("ERROR", config.log_format)  # what is merely odd is in the result
        found = asyncio.run(_compare(config, None if since is None else since.replace(tzinfo=UTC)))
    if as_data:
        show_json(
            {
                "since": found.since,
                "until": found.until,
                "agreed": found.agreed,
                "others": found.others,
                "repaired": _lines(found.repaired),
                "needs_a_person": _lines(found.needs_a_person),
                "not_asked": [asdict(each) for each in found.not_asked],
            }
        )
    else:
        _show(found)
    for each in found.not_asked:
        complain(f"{provider_name(each.provider)} {each.why}.")
    if found.needs_a_person or found.not_asked:
        raise typer.Exit(FAILED)


async def _compare(config: Config, since: datetime | None) -> "Reconciled":
    import aiohttp
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from core.jobs.faults import Edge
    from core.usecases.reconcile.reconcile import RECONCILED_FOR
    from core.usecases.reconcile.reconcile import reconcile as compare
    from seatkeeper.providers import providers_of

    async with aiohttp.ClientSession() as http, database_of(config) as db:
        # How many there are no provider says beforehand: it counts.
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:.0f} compared"))
        with Progress(*columns, console=aside, transient=True) as bar:
            providers = providers_of(config, http)
            tasks = {name: bar.add_task(provider_name(name), total=None) for name in providers}
            now = db.clock.now()
            return await compare(
                db,
                providers,
                config.public_url,
                since or now - RECONCILED_FOR,
                now,
                edge=Edge,
                progress=lambda name, compared: bar.update(tasks[name], completed=compared),
            )


def _show(found: "Reconciled") -> None:
    counts = f"{found.agreed} agreed, {len(found.repaired)} repaired, {len(found.needs_a_person)} need a person"
    days = f"{found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}"
    out.print(f"{days}: {counts}; {found.others} of other business.", highlight=False, soft_wrap=True)
    for head, findings in (("Repaired", found.repaired), ("Needs a person", found.needs_a_person)):
        if findings:
            out.print(f"\n{head}:", highlight=False)
            show_table(_lines(findings), "provider", "order", "student", "found", nothing="")


def _lines(findings: Sequence["Finding"]) -> list[dict[str, Any]]:
    return [
        {
            "provider": each.provider,
            "order": each.order_id,
            "student": each.student,
            "what": str(each.found),
            "found": _FOUND[each.found] + (f" ({each.detail})" if each.detail else ""),
        }
        for each in findings
    ]
