"""A refund that we owe is made once, whatever was forgotten since, and fails only for good (rule 28)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from core.db import tables
from core.db.unit import Database
from core.ports import ProviderRefused, Refunded, RefundFailed, RefundNews, RefundRequest
from core.rules.backoff import MOST_ATTEMPTS
from core.rules.states import RefundState
from core.usecases.refunds.make_refund import LOOKED_FOR_AFTER, make_refund, put_off_refund
from tests.builders import a_pair, row_of
from tests.clocks import SettableClock
from tests.provider import LedgerProvider
from tests.usecases.refunds.steps import refunds_in, standing, we_owe

KEYS_KEPT_FOR = timedelta(hours=24)


@dataclass
class ForgettingProvider(LedgerProvider):
    """Makes each refund that it is asked for, but for one under a key of the last day; its list tells of them all."""

    asked_at: dict[str, datetime] = field(default_factory=dict)
    telling: bool = True

    async def refund(self, request: RefundRequest) -> Refunded | RefundFailed:
        self._answer()
        asked_at = self.asked_at.get(request.key)
        if asked_at is not None and self.clock.now() - asked_at < KEYS_KEPT_FOR:
            return Refunded(next(each.refund_ref for each in self.refund_news if each.refund_id == request.refund_id))
        self.asked_at[request.key] = self.clock.now()
        ref = f"re_{len(self.refund_news)}"
        what = request.amount_minor, request.currency
        made = RefundNews(request.payment_ref, ref, *what, self.clock.now(), refund_id=request.refund_id)
        self.refund_news.append(made)
        return Refunded(ref)

    async def refunds_of(self, payment_ref: str) -> list[RefundNews]:
        if not self.telling:
            raise ProviderRefused("this payment is too old")
        return [*await super().refunds_of(payment_ref)]


class Ended(BaseException):
    """The end of our process."""


@dataclass
class Killed(ForgettingProvider):
    """Makes the refund; of its answer nobody hears, as our process ends there."""

    async def refund(self, request: RefundRequest) -> Refunded | RefundFailed:
        await super().refund(request)
        raise Ended


@pytest.mark.parametrize("down_for", [timedelta(hours=1), LOOKED_FOR_AFTER, timedelta(days=40)])
async def test_made_just_before_we_were_killed_it_is_not_made_again_however_long_we_were_down(
    db: Database, clock: SettableClock, down_for: timedelta
) -> None:
    pair = await a_pair(db)
    refund_id = await we_owe(db, pair, 5_000)
    provider = Killed(clock)
    with pytest.raises(Ended):
        await make_refund(db, {"stripe": provider}, refund_id)
    back = ForgettingProvider(clock, refund_news=provider.refund_news, asked_at=provider.asked_at)
    clock.forward(seconds=down_for.total_seconds())

    assert await make_refund(db, {"stripe": back}, refund_id) is RefundState.DONE

    assert len(back.refund_news) == 1
    assert await refunds_in(db) == [(RefundState.DONE, 5_000, 0)]
    assert (await standing(db, pair)).refunded_minor == 5_000


async def test_an_old_one_that_was_never_made_is_made_and_not_before_the_provider_tells_what_was(
    db: Database, clock: SettableClock
) -> None:
    pair = await a_pair(db)
    refund_id = await we_owe(db, pair, 5_000)
    provider = ForgettingProvider(clock, telling=False)
    clock.forward(hours=12)

    assert await make_refund(db, {"stripe": provider}, refund_id) is RefundState.INTENDED
    assert provider.refund_news == []
    provider.telling = True
    assert await make_refund(db, {"stripe": provider}, refund_id) is RefundState.DONE

    assert len(provider.refund_news) == 1


async def test_a_key_that_may_not_refund_is_not_the_end_of_it(db: Database, clock: SettableClock) -> None:
    pair = await a_pair(db)
    refund_id = await we_owe(db, pair, 5_000)
    provider = LedgerProvider(clock, forbidding=True)

    for _ in range(MOST_ATTEMPTS - 1):
        assert await make_refund(db, {"stripe": provider}, refund_id) is RefundState.INTENDED
    provider.forbidding = False
    assert await make_refund(db, {"stripe": provider}, refund_id) is RefundState.DONE


@pytest.mark.parametrize("fault", ["the key", "a fault"])
async def test_what_is_in_the_way_for_too_long_is_for_staff_to_see_to(
    db: Database, clock: SettableClock, fault: str
) -> None:
    pair = await a_pair(db)
    refund_id = await we_owe(db, pair, 5_000)
    providers = {"stripe": LedgerProvider(clock, forbidding=True)}

    for _ in range(MOST_ATTEMPTS):
        if fault == "the key":
            await make_refund(db, providers, refund_id)
        else:
            await put_off_refund(db, refund_id, "fault 0badcafe")

    refund = await row_of(db, tables.refunds, refund_id)
    assert refund["state"] is RefundState.FAILED
    assert refund["last_error"] == ("401, the key is not known" if fault == "the key" else "fault 0badcafe")
    assert await put_off_refund(db, refund_id, "fault 1badcafe") is RefundState.FAILED
