"""Money is read as it is counted: no decimal more or less than the currency has."""

import pytest

from core.texts.prices import price


@pytest.mark.parametrize(
    ("amount_minor", "currency", "read"),
    [
        (20_000, "EUR", "€200.00"),
        (4_990, "USD", "$49.90"),
        (1_200, "JPY", "¥1,200"),
        (12_345, "KWD", "KWD12.345"),
        (150_000_000, "USD", "$1,500,000.00"),
        (1, "EUR", "€0.01"),
    ],
)
def test_a_price_shows_the_decimals_of_its_currency(amount_minor: int, currency: str, read: str) -> None:
    assert price(amount_minor, currency) == read
