"""What the engine does for us: each piece of work talks to the outside about one row, and may safely be done twice.

A fault puts the row off and lives on: whatever comes of it, the row says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.correlation import caused_by, go_on_as
from core.db.due import Row, end_comparison, failed_event, put_off_checkout, put_off_event, put_off_row
from core.db.tables import comparisons
from core.db.unit import Database, Transaction, reading, transaction
from core.jobs import engine
from core.jobs.faults import Edge, log
from core.notices.deliver import deliver, put_off
from core.ports import Courier, News, PaymentProvider, ProviderEvent, Roles
from core.rules.refusals import Refused
from core.rules.states import OrderState
from core.usecases.buying.checkout import ask_provider
from core.usecases.buying.settle import settle_event
from core.usecases.reconcile.reconcile import RECONCILED_FOR, reconcile
from core.usecases.refunds.ask_refunds import ask_refunds, put_off_asking
from core.usecases.refunds.make_refund import make_refund, put_off_refund
from core.usecases.seats.bring_role import bring_role, put_off_bringing

DELIVER_NOTICE = "deliver_notice"
SETTLE_CHECKOUT = "settle_checkout"
MAKE_REFUND = "make_refund"
RETRY_EVENT = "retry_event"
ASK_REFUNDS = "ask_refunds"
BRING_ROLE = "bring_role"
RECONCILE = "reconcile"

Reread = Callable[[str, bytes], News | None]
"""What a provider's stored event, whose signature was proven when it came, says of a checkout: (provider, body)."""


@dataclass(frozen=True, slots=True)
class Errands:
    """The work with what it needs of the outside."""

    db: Database
    courier: Courier
    roles: Roles
    providers: Mapping[str, PaymentProvider]
    public_url: str
    reread: Reread

    def by_name(self) -> Mapping[str, engine.Work]:
        """The engine's rows carry these names: they never change."""
        work: dict[str, engine.Work] = {
            DELIVER_NOTICE: self.deliver_notice,
            SETTLE_CHECKOUT: self.settle_checkout,
            MAKE_REFUND: self.make_refund,
            RETRY_EVENT: self.retry_event,
            ASK_REFUNDS: self.ask_refunds,
            BRING_ROLE: self.bring_role,
            RECONCILE: self.reconcile,
        }
        return {name: _under_its_name(name, each) for name, each in work.items()}

    async def deliver_notice(self, notice_id: int, attempt: int) -> str:
        """One attempt to deliver one notice."""
        with Edge("delivering notice", notice_id) as edge:
            return str(await deliver(self.db, self.courier, notice_id, attempt))
        return str(await put_off(self.db, notice_id, attempt, f"fault {edge.reference}"))

    async def settle_checkout(self, order_id: int, provider_name: str) -> str:
        """Ask the provider about the order's checkout and settle the answer; finish an opening that a crash cut off."""
        provider = self.providers.get(provider_name)
        if provider is None:
            log.error("order %s waits: %s is not configured", order_id, provider_name)
            await _put_off_checkout(self.db, order_id)
            return "not configured"
        with Edge("settling order", order_id):
            settled = await ask_provider(self.db, provider, self.public_url, order_id)
            if isinstance(settled, Refused):
                return settled.reason  # the use case has put it off
            # Of money that is on its way still, the use case has said when to ask again.
            if settled.what == "known" and settled.state is not OrderState.PENDING:
                await _put_off_checkout(self.db, order_id)
            return settled.what
        await _put_off_checkout(self.db, order_id)
        return "fault"

    async def make_refund(self, refund_id: int) -> str:
        """One attempt to give a payment back."""
        with Edge("making refund", refund_id) as edge:
            return str(await make_refund(self.db, self.providers, refund_id))
        await put_off_refund(self.db, refund_id, f"fault {edge.reference}")
        return "fault"

    async def ask_refunds(self, payment_id: int) -> str:
        """Ask what was given back of a payment, and settle the answer."""
        with Edge("asking for the refunds of payment", payment_id):
            return await ask_refunds(self.db, self.providers, payment_id)
        await put_off_asking(self.db, payment_id)
        return "fault"

    async def retry_event(self, event_id: int) -> str:
        """Settle an event once more that met a fault when it came (rule 30)."""
        event = await _failed_event(self.db, event_id)
        if event is None:
            return "known"
        go_on_as(f"{event['provider']}:{event['event_id']}")
        with Edge("settling event", event_id) as edge:
            settled = await settle_event(self.db, self._read_again(event))
            if isinstance(settled, Refused):
                await _put_off_event(self.db, event_id, settled.reason)
                return settled.reason
            return settled.what
        await _put_off_event(self.db, event_id, f"fault {edge.reference}")
        return "fault"

    async def bring_role(self, seat_id: int) -> str:
        """One attempt to give or take the role that goes with a seat (rule 12)."""
        with Edge("bringing the role of seat", seat_id):
            return await bring_role(self.db, self.roles, seat_id)
        await put_off_bringing(self.db, seat_id)
        return "fault"

    async def reconcile(self, comparison_id: int) -> str:
        """A day's comparison with all providers (rule 31), once more where one of them was away.

        After the last attempt the next day's looks back as far.
        """
        now = self.db.clock.now()
        with Edge("reconciling", comparison_id):
            found = await reconcile(self.db, self.providers, self.public_url, now - RECONCILED_FOR, now, edge=Edge)
            log.info(
                "reconciled: %s agreed, %s repaired, %s for a person, %s not asked",
                found.agreed,
                len(found.repaired),
                len(found.needs_a_person),
                len(found.not_asked),
            )
            if any(each.is_away for each in found.not_asked):
                await _put_off_comparison(self.db, comparison_id)
                return "later"
            await _end_comparison(self.db, comparison_id)
            return "not asked" if found.not_asked else "found" if found.found else "agreed"
        await _put_off_comparison(self.db, comparison_id)
        return "fault"

    def _read_again(self, event: Row) -> ProviderEvent:
        news = self.reread(event["provider"], event["body"])
        return ProviderEvent(
            provider=event["provider"],
            event_id=event["event_id"],
            kind=event["kind"],
            body=event["body"],
            news=news,
            why_parked=None if news else "unreadable when it was tried again",
        )


def _under_its_name(name: str, work: engine.Work) -> engine.Work:
    """What is done and logged for this row stands under its errand, until a better cause is known."""

    async def named(row_id: int, *args: int | str) -> str:
        with caused_by(f"{name}:{row_id}"):
            return await work(row_id, *args)

    return named


@reading
async def _failed_event(tx: Transaction, event_id: int) -> Row | None:
    return await failed_event(tx, event_id)


@transaction
async def _put_off_checkout(tx: Transaction, order_id: int) -> None:
    await put_off_checkout(tx, order_id)


@transaction
async def _put_off_event(tx: Transaction, event_id: int, why: str) -> None:
    await put_off_event(tx, event_id, why)


@transaction
async def _put_off_comparison(tx: Transaction, comparison_id: int) -> None:
    if await put_off_row(tx, comparisons, comparison_id):
        await end_comparison(tx, comparison_id)


@transaction
async def _end_comparison(tx: Transaction, comparison_id: int) -> None:
    await end_comparison(tx, comparison_id)
