"""What goes back of what was charged, in the figures of the provider that charged it."""

from hypothesis import assume, given
from hypothesis import strategies as st

from core.payments.paypal_amounts import from_paypal, to_paypal, why_not_charge
from core.payments.stripe_amounts import from_stripe, to_stripe
from core.rules.codes import Code, discount
from core.rules.money import EXPONENTS, MOST_MINOR, coin
from core.rules.refunds import GivenBack, default_amount


@given(
    coins=st.integers(1, MOST_MINOR // 100),
    percent=st.integers(0, 99),
    split=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    currency=st.sampled_from(sorted(EXPONENTS)),
)
def test_in_every_currency_the_provider_that_charged_a_price_can_give_it_back_session_by_session(
    coins: int, percent: int, split: list[int], currency: str
) -> None:
    price = coins * coin(currency)
    charged = price - (discount(Code(percent=percent), price, currency) if percent else 0)
    assume(charged > 0)
    figure = to_stripe(charged, currency)
    assert figure is not None
    paypal_takes_it = why_not_charge(charged, currency) is None
    gone, before = 0, 0

    for taking in split:
        payment = GivenBack(paid_minor=charged, refunded_minor=gone, lost_minor=0, currency=currency)
        amount = default_amount(payment, sum(split), before, taking)
        part = to_stripe(amount, currency)
        assert part is not None
        assert from_stripe(part, currency) == amount
        figure -= part
        if paypal_takes_it:
            assert why_not_charge(amount, currency) is None
            assert from_paypal(to_paypal(amount, currency), currency) == amount
        gone, before = gone + amount, before + taking

    assert (gone, figure) == (charged, 0)


@given(st.sampled_from(sorted(EXPONENTS)))
def test_paypal_takes_every_price_of_a_currency_or_none(currency: str) -> None:
    refused = {why_not_charge(coins * coin(currency), currency) for coins in (1, 7, 100, 12_345)}

    assert refused in ({None}, {f"PayPal takes no {currency}"})
