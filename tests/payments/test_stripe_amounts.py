"""Stripe's minor units against those of ISO 4217."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.payments.stripe_amounts import from_stripe, to_stripe
from core.rules.money import EXPONENTS, MOST_MINOR, coin


@pytest.mark.parametrize(
    ("amount_minor", "currency", "figure"),
    [
        (4_990, "EUR", 4_990),
        (5_000, "JPY", 5_000),
        (5_000, "UYI", 5_000),
        (9_000, "ISK", 900_000),
        (9_000, "UGX", 900_000),
        (4_990, "HUF", 4_990),
        (4_990, "TWD", 4_990),
        (500_000, "MGA", 5_000),
        (500_050, "MGA", None),
        (5_120, "KWD", 5_120),
        (5_125, "KWD", None),
        (5_125, "BHD", None),
    ],
)
def test_a_price_is_stripes_figure_or_cannot_be_charged(amount_minor: int, currency: str, figure: int | None) -> None:
    assert to_stripe(amount_minor, currency) == figure


def test_a_fraction_that_the_currency_does_not_have_is_not_read() -> None:
    assert from_stripe(900_050, "ISK") is None
    assert from_stripe(900_050, "UGX") is None


@given(st.integers(0, MOST_MINOR), st.sampled_from(sorted(EXPONENTS)))
def test_what_is_charged_is_what_is_read_back(amount_minor: int, currency: str) -> None:
    figure = to_stripe(amount_minor, currency)

    assert figure is None or from_stripe(figure, currency) == amount_minor


@given(st.integers(0, MOST_MINOR // 100), st.sampled_from(sorted(EXPONENTS)))
def test_whole_coins_can_be_charged(coins: int, currency: str) -> None:
    assert to_stripe(coins * coin(currency), currency) is not None
