"""PayPal's decimal strings against the minor units of ISO 4217."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.payments.paypal_amounts import DECIMALS, from_paypal, to_paypal, why_not_charge
from core.rules.money import EXPONENTS, MOST_MINOR, coin

CHARGED = st.sampled_from(sorted(DECIMALS))


@pytest.mark.parametrize(
    ("amount_minor", "currency", "value"),
    [
        (4_990, "EUR", "49.90"),
        (5, "USD", "0.05"),
        (100, "GBP", "1.00"),
        (5_000, "JPY", "5000"),
        (199_000, "HUF", "1990"),
        (29_900, "TWD", "299"),
        (MOST_MINOR, "EUR", "9999999999.99"),
    ],
)
def test_a_price_is_paypals_string(amount_minor: int, currency: str, value: str) -> None:
    assert why_not_charge(amount_minor, currency) is None
    assert to_paypal(amount_minor, currency) == value


@pytest.mark.parametrize(
    ("amount_minor", "currency", "why"),
    [
        (199_050, "HUF", "PayPal takes no such fraction of HUF"),
        (29_901, "TWD", "PayPal takes no such fraction of TWD"),
        (5_000, "KWD", "PayPal takes no KWD"),
        (5_000, "ISK", "PayPal takes no ISK"),
        (5_000, "XXX", "PayPal takes no XXX"),
    ],
)
def test_what_paypal_cannot_charge_is_said(amount_minor: int, currency: str, why: str) -> None:
    assert why_not_charge(amount_minor, currency) == why


@pytest.mark.parametrize(
    ("value", "currency", "amount_minor"),
    [
        ("1990", "HUF", 199_000),
        ("1990.00", "HUF", 199_000),
        ("5000.00", "JPY", 5_000),
        ("5000.50", "JPY", None),
        ("10.5", "EUR", 1_050),
        ("10.505", "EUR", None),
        ("10.500", "EUR", 1_050),
        ("5.125", "KWD", 5_125),
        ("-1.00", "EUR", None),
        ("1e3", "EUR", None),
        ("1,000.00", "EUR", None),
        (" 1.00", "EUR", None),
        ("1.", "EUR", None),
        (".50", "EUR", None),
        ("", "EUR", None),
        ("١٠.٠٠", "EUR", None),
        ("1\n", "EUR", None),
        ("9" * 5_000, "EUR", None),
        ("1.00", "XXX", None),
    ],
)
def test_a_string_is_minor_units_or_nothing(value: str, currency: str, amount_minor: int | None) -> None:
    assert from_paypal(value, currency) == amount_minor


@given(st.integers(1, MOST_MINOR), CHARGED)
def test_what_is_charged_is_what_is_read_back(amount_minor: int, currency: str) -> None:
    if why_not_charge(amount_minor, currency) is None:
        assert from_paypal(to_paypal(amount_minor, currency), currency) == amount_minor


@given(st.integers(1, MOST_MINOR), CHARGED)
def test_nothing_is_made_or_lost_on_the_way(amount_minor: int, currency: str) -> None:
    exact = Decimal(amount_minor).scaleb(-EXPONENTS[currency])
    decimals = DECIMALS[currency]

    if why_not_charge(amount_minor, currency) is None:
        value = to_paypal(amount_minor, currency)
        assert Decimal(value) == exact
        assert len(value.partition(".")[2]) == decimals
    else:
        assert exact != exact.quantize(Decimal(1).scaleb(-decimals)), "only what cannot be written is refused"


@given(st.integers(0, 10**9), st.integers(0, 10**9), CHARGED)
def test_parts_that_go_back_are_together_the_whole(first: int, second: int, currency: str) -> None:
    step = 10 ** (EXPONENTS[currency] - DECIMALS[currency])
    parts = [to_paypal(first * step, currency), to_paypal(second * step, currency)]

    assert sum(map(Decimal, parts)) == Decimal(to_paypal((first + second) * step, currency))


@given(st.text(max_size=40), st.sampled_from(sorted(EXPONENTS)))
def test_no_text_makes_trouble(value: str, currency: str) -> None:
    amount_minor = from_paypal(value, currency)

    assert amount_minor is None or Decimal(amount_minor).scaleb(-EXPONENTS[currency]) == Decimal(value)


@given(st.integers(1, MOST_MINOR // 100), CHARGED)
def test_whole_coins_can_be_charged(coins: int, currency: str) -> None:
    assert why_not_charge(coins * coin(currency), currency) is None
