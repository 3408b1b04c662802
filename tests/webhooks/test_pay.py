"""The pages around the hosted checkout, as a browser gets them."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import update

from core.db.tables import checkouts, orders, packs, seats
from core.db.unit import Database
from core.limits import Limit
from core.payments.stripe import StripeProvider
from core.rules.states import OrderState, SeatState
from core.usecases.buying.buy import CheckoutReady, buy
from core.usecases.buying.place import Wanted
from tests.builders import a_product, count_of, row_of, rows_of
from tests.clocks import SettableClock
from tests.payments.fake_stripe import BadDay, FakeStripe
from tests.webhooks.fixtures import PUBLIC_URL, Bought, House, Web
from webhooks.app import make_app
from webhooks.parts import Parts


def words_of(page: str) -> str:
    """What a reader sees of it."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("<body>")[2]).split())


async def test_the_page_says_what_is_bought_for_how_much_and_until_when(
    web: Web, bought: Bought, house: House, clock: SettableClock
) -> None:
    clock.forward(minutes=3, seconds=30)

    status, page = await web.see(bought.page)

    assert status == 200
    assert words_of(page) == (
        "Your sessions with Mara You have 31 minutes left to pay, until 13:35 (Europe/Berlin). "
        "What Four sessions Sessions 4 Mentor Mara Amount €200.00 Pay €200.00 Back to Discord"
    )
    assert f'href="https://checkout.stripe.example/c/pay/{bought.checkout}"' in page
    assert f'href="https://discord.com/channels/{house.student.community.guild_id}"' in page


async def test_looking_at_the_page_asks_nobody(web: Web, bought: Bought, stripe: FakeStripe) -> None:
    asked = len(stripe.requests)

    await web.see(bought.page)
    async with web.client.head(f"{bought.page}/cancel") as response:
        assert response.status == 405

    assert len(stripe.requests) == asked


async def test_a_hostile_name_is_only_text(web: Web, db: Database, provider: StripeProvider, house: House) -> None:
    hostile = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>{{ 7 * 7 }}"
    product = await a_product(db, house.mentor, name=hostile)
    order = await buy(db, {provider.name: provider}, PUBLIC_URL, house.student.asker, house.mentor.id, Wanted(product))
    assert isinstance(order, CheckoutReady)

    _, page = await web.see(order.pay_url.removeprefix(PUBLIC_URL))

    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page
    assert "{{ 7 * 7 }}" in page


@pytest.mark.parametrize("path", ["/pay/unknown-token-abcdef", "/pay/short", "/pay/%00", "/nothing", "/pay/a/b/c"])
async def test_a_link_that_leads_nowhere_says_so(web: Web, path: str) -> None:
    status, page = await web.see(path)

    assert status == 404
    assert "There is no such page" in words_of(page)


async def test_an_unknown_order_has_no_return_and_no_cancel(web: Web, stripe: FakeStripe) -> None:
    assert (await web.see("/pay/unknown-token-abcdef/return"))[0] == 404
    assert (await web.see("/pay/unknown-token-abcdef/cancel"))[0] == 404
    assert not stripe.requests


async def test_the_return_page_settles_what_no_webhook_told(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database
) -> None:
    stripe.pay(bought.checkout)

    status, page = await web.see(f"{bought.page}/return")

    assert status == 200
    assert "Paid, thank you! 4 sessions with Mara are yours. Next: choose a time in Discord, with /book." in words_of(
        page
    )
    assert "Back to Discord" in page
    assert "checkout.stripe.example" not in page
    assert await count_of(db, packs) == 1


async def test_returning_again_asks_nobody(web: Web, bought: Bought, stripe: FakeStripe) -> None:
    stripe.pay(bought.checkout)
    await web.see(f"{bought.page}/return")
    asked = len(stripe.requests)

    pages = [await web.see(f"{bought.page}{more}") for more in ("/return", "/cancel", "")]

    assert all("Paid, thank you!" in page for _, page in pages)
    assert len(stripe.requests) == asked


async def test_returning_without_having_paid_leads_back_to_paying(web: Web, bought: Bought) -> None:
    _, page = await web.see(f"{bought.page}/return")

    assert "Not paid yet" in words_of(page)
    assert "Pay €200.00" in words_of(page)


async def test_a_bank_debit_is_told_to_be_on_its_way(web: Web, bought: Bought, stripe: FakeStripe) -> None:
    stripe.pay_later(bought.checkout)

    _, page = await web.see(f"{bought.page}/return")

    assert "Your payment is on its way" in words_of(page)
    assert "Pay €200.00" not in words_of(page)


async def test_a_provider_that_does_not_answer_worries_nobody(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database
) -> None:
    stripe.pay(bought.checkout)
    stripe.bad_days = [BadDay()]

    status, page = await web.see(f"{bought.page}/return")

    assert status == 200
    assert "we settle your order as soon as the provider answers" in words_of(page)
    assert "Pay €200.00" not in words_of(page)
    assert (await rows_of(db, orders))[0]["state"] is OrderState.OPEN
    assert "Paid, thank you!" in (await web.see(f"{bought.page}/return"))[1]


async def test_an_order_of_a_provider_that_is_not_configured_worries_nobody(parts: Parts, bought: Bought) -> None:
    app = make_app(replace(parts, providers={}))

    async with TestClient(TestServer(app)) as client, client.get(f"{bought.page}/return") as response:
        page = await response.text()

    assert "we settle your order as soon as the provider answers" in words_of(page)


async def test_giving_up_closes_the_checkout_and_frees_the_seat(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database
) -> None:
    status, page = await web.see(f"{bought.page}/cancel")

    assert status == 200
    assert "This checkout is closed" in words_of(page)
    assert stripe.checkouts[bought.checkout]["status"] == "expired"
    (seat,) = await rows_of(db, seats)
    assert seat["state"] is SeatState.RELEASED


async def test_giving_up_after_having_paid_is_having_paid(
    web: Web, bought: Bought, stripe: FakeStripe, db: Database
) -> None:
    stripe.pay(bought.checkout)

    _, page = await web.see(f"{bought.page}/cancel")

    assert "Paid, thank you!" in words_of(page)
    assert await count_of(db, packs) == 1


async def test_after_its_time_a_checkout_is_not_offered(web: Web, bought: Bought, clock: SettableClock) -> None:
    clock.set(bought.order.expires_at)

    _, page = await web.see(bought.page)

    assert "The time to pay is over" in words_of(page)
    assert "checkout.stripe.example" not in page


async def test_in_its_last_second_there_is_a_minute_left(web: Web, bought: Bought, clock: SettableClock) -> None:
    clock.set(bought.order.expires_at - timedelta(seconds=1))

    assert "You have 1 minute left to pay" in words_of((await web.see(bought.page))[1])


async def test_a_checkout_that_stripe_has_not_made_yet_is_being_prepared(
    web: Web, bought: Bought, db: Database
) -> None:
    async with db.begin() as tx:
        await tx.run(update(checkouts).values(provider_ref=None, url=None, opened_at=None))

    assert "Your checkout is being prepared" in words_of((await web.see(bought.page))[1])


@pytest.mark.parametrize(
    ("state", "title"),
    [
        (OrderState.PARKED, "Staff are looking at your payment"),
        (OrderState.REFUNDED, "Your money goes back to you"),
        (OrderState.CLOSED, "This checkout is closed"),
    ],
)
async def test_the_page_says_what_became_of_the_order(
    web: Web, bought: Bought, db: Database, state: OrderState, title: str
) -> None:
    async with db.begin() as tx:
        await tx.run(update(orders).values(state=state))

    _, page = await web.see(bought.page)

    assert title in words_of(page)
    assert (await row_of(db, orders, bought.order.order_id))["state"] is state


async def test_no_page_may_be_kept_framed_or_named_to_others(web: Web, bought: Bought) -> None:
    for path in (bought.page, "/pay/unknown-token-abcdef", "/healthz"):
        async with web.client.get(path) as response:
            headers = response.headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert headers["Server"] == "Seatkeeper"


async def test_the_style_is_our_own(web: Web, bought: Bought) -> None:
    _, page = await web.see(bought.page)
    (style,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page)

    async with web.client.get(style) as response:
        assert (response.status, response.content_type) == (200, "text/css")
        assert "max-age" in response.headers["Cache-Control"]


async def test_pages_that_ask_the_provider_and_guessed_ones_have_a_limit_and_the_page_itself_has_none(
    web: Web, bought: Bought, stripe: FakeStripe
) -> None:
    asked = [(await web.see(f"{bought.page}/return"))[0] for _ in range(Limit.ORDER_PAGES.a_minute + 1)]
    at_stripe = len(stripe.requests)
    status, page = await web.see(f"{bought.page}/return")
    guessed = [(await web.see(f"/pay/{'x' * 32}"))[0] for _ in range(Limit.UNKNOWN_PAGES.a_minute + 1)]
    still, _ = await web.see(bought.page)

    assert asked == [200] * Limit.ORDER_PAGES.a_minute + [429]
    assert (status, "Wait a minute" in page, len(stripe.requests)) == (429, True, at_stripe)
    assert guessed == [404] * Limit.UNKNOWN_PAGES.a_minute + [429]
    assert still == 200
