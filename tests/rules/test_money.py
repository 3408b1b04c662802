import pytest
from babel.numbers import list_currencies
from hypothesis import given
from hypothesis import strategies as st

from core.rules.money import EXPONENTS, MOST_MINOR, Money, agrees, coin, parse_price, why_not_price
from core.rules.refusals import Reason
from tests.rules.builders import reason


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("49.90", "EUR", 4990),
        ("49,90", "EUR", 4990),
        ("49.9", "EUR", 4990),
        ("49", "EUR", 4900),
        (" 0.01 ", "USD", 1),
        ("007", "USD", 700),
        ("4900", "JPY", 4900),
        ("12.340", "KWD", 12340),
        ("12,34", "KWD", 12340),
        ("12", "KWD", 12000),
        ("9999999999.99", "EUR", MOST_MINOR),
    ],
)
def test_a_price_is_read_into_minor_units(text: str, currency: str, minor: int) -> None:
    assert parse_price(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "EUR"),
        ("free", "EUR"),
        ("-5", "EUR"),
        ("0", "EUR"),
        ("0.00", "EUR"),
        ("49.999", "EUR"),  # nothing is rounded
        ("1,000", "EUR"),
        ("1,000", "KWD"),  # one, or a thousand?
        ("1.000.000", "EUR"),
        ("1e3", "EUR"),
        ("49.", "EUR"),
        (".5", "EUR"),
        ("49.5", "JPY"),
        ("€49", "EUR"),
        ("٤٩", "EUR"),
        ("NaN", "EUR"),
        ("10000000000.00", "EUR"),
        ("9" * 5000, "EUR"),
    ],
)
def test_what_is_no_price_is_refused(text: str, currency: str) -> None:
    assert reason(parse_price(text, currency)) is Reason.BAD_NUMBER


@pytest.mark.parametrize(("text", "currency"), [("99.90", "HUF"), ("99.01", "TWD"), ("99.50", "MGA"), ("9.995", "KWD")])
def test_a_price_of_parts_that_nobody_charges_is_refused(text: str, currency: str) -> None:
    assert reason(parse_price(text, currency)) is Reason.PART_OF_A_COIN


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XXX", "XTS", "XAU", "BTC", "DEM"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    assert reason(parse_price("49", currency)) is Reason.BAD_CURRENCY
    assert reason(why_not_price(4900, currency)) is Reason.BAD_CURRENCY
    with pytest.raises(ValueError, match="no currency"):
        Money(4900, currency)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (-1, Reason.BAD_NUMBER),
        (0, Reason.BAD_NUMBER),
        (1, None),
        (MOST_MINOR, None),
        (MOST_MINOR + 1, Reason.BAD_NUMBER),
    ],
)
def test_a_price_is_something_and_not_more_than_a_provider_takes(amount: int, expected: Reason | None) -> None:
    assert reason(why_not_price(amount, "EUR")) is expected


@pytest.mark.parametrize(
    ("currency", "exponent"),
    [("JPY", 0), ("KRW", 0), ("ISK", 0), ("EUR", 2), ("USD", 2), ("MGA", 2), ("KWD", 3), ("TND", 3)],
)
def test_currencies_have_the_decimals_of_iso_4217(currency: str, exponent: int) -> None:
    assert EXPONENTS[currency] == exponent


def test_no_currency_is_misspelt() -> None:
    assert set(EXPONENTS) <= list_currencies("en")


@given(st.integers(1, MOST_MINOR // 100), st.sampled_from(sorted(EXPONENTS)))
def test_a_price_that_is_written_out_is_read_back(coins: int, currency: str) -> None:
    amount_minor = coins * coin(currency)
    exponent = EXPONENTS[currency]
    whole, decimals = divmod(amount_minor, 10**exponent)

    text = f"{whole}.{decimals:0{exponent}}" if exponent else str(whole)

    assert parse_price(text, currency) == amount_minor


@pytest.mark.parametrize(
    ("received", "tax", "currency", "expected"),
    [
        (4990, 0, "EUR", True),
        (5938, 948, "EUR", True),
        (4990, 948, "EUR", False),
        (4989, 0, "EUR", False),
        (4991, 0, "EUR", False),
        (4990, 0, "USD", False),
        (4980, -10, "EUR", False),
        (0, 0, "EUR", False),
    ],
)
def test_what_arrived_agrees_when_it_is_what_was_due_without_its_tax(
    received: int, tax: int, currency: str, expected: bool
) -> None:
    assert agrees(Money(4990, "EUR"), received, tax, currency) is expected
