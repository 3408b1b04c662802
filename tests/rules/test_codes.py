"""What a code takes off, and when it may be used."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.codes import Code, Uses, discount, why_not_use
from core.rules.money import EXPONENTS, MOST_MINOR, coin, why_not_price
from core.rules.refusals import Reason

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEN_PERCENT = Code(percent=10)


@pytest.mark.parametrize(
    ("code", "price", "currency", "off"),
    [
        (TEN_PERCENT, 20_000, "EUR", 2_000),
        (TEN_PERCENT, 4_999, "EUR", 500),  # 499.9 cents: what is left over is the student's
        (Code(percent=33), 1_000, "JPY", 330),
        (Code(percent=100), 4_999, "EUR", 4_999),
        (Code(percent=15), 49_900, "KWD", 7_490),  # 7485 would leave a last decimal that nobody charges
        (Code(percent=15), 999_000, "HUF", 149_900),  # 849,150 would leave half a forint
        (Code(off_minor=1_000, currency="EUR"), 4_999, "EUR", 1_000),
        (Code(off_minor=9_999, currency="EUR"), 4_999, "EUR", 4_999),
    ],
)
def test_a_code_takes_this_off(code: Code, price: int, currency: str, off: int) -> None:
    assert discount(code, price, currency) == off


@given(st.integers(1, 100), st.integers(1, MOST_MINOR // 100), st.sampled_from(sorted(EXPONENTS)))
def test_a_discount_is_at_least_its_percentage_and_leaves_a_price_that_can_be_charged(
    percent: int, coins: int, currency: str
) -> None:
    price = coins * coin(currency)

    off = discount(Code(percent=percent), price, currency)

    due = price - off
    assert due == 0 or why_not_price(due, currency) is None
    assert off * 100 >= price * percent
    assert off * 100 < price * percent + coin(currency) * 100


@given(st.integers(1, MOST_MINOR), st.integers(1, MOST_MINOR // 100), st.sampled_from(sorted(EXPONENTS)))
def test_an_amount_off_is_that_amount_to_the_next_coin_and_never_more_than_the_price(
    amount: int, coins: int, currency: str
) -> None:
    price = coins * coin(currency)

    off = discount(Code(off_minor=amount, currency=currency), price, currency)

    assert off == price if amount >= price else amount <= off < amount + coin(currency)
    assert off == price or why_not_price(price - off, currency) is None


@pytest.mark.parametrize(
    ("code", "uses", "reason"),
    [
        (TEN_PERCENT, Uses(10**6, 10**6), None),
        (replace(TEN_PERCENT, most_uses=3), Uses(2, 2), None),
        (replace(TEN_PERCENT, most_uses=3), Uses(3, 0), Reason.CODE_USED_UP),
        (replace(TEN_PERCENT, most_uses_each=1), Uses(9, 0), None),
        (replace(TEN_PERCENT, most_uses_each=1), Uses(9, 1), Reason.CODE_USED_BY_YOU),
        (replace(TEN_PERCENT, mentor_id=7), Uses(), None),
        (replace(TEN_PERCENT, mentor_id=8), Uses(), Reason.CODE_OF_ANOTHER_MENTOR),
        (Code(off_minor=1, currency="USD"), Uses(), Reason.CODE_OF_ANOTHER_CURRENCY),
        (replace(TEN_PERCENT, ends_at=NOW + timedelta(microseconds=1)), Uses(), None),
        (replace(TEN_PERCENT, ends_at=NOW), Uses(), Reason.CODE_IS_OVER),
    ],
)
def test_a_code_may_be_used_or_says_why_not(code: Code, uses: Uses, reason: Reason | None) -> None:
    refused = why_not_use(code, uses, mentor_id=7, currency="EUR", now=NOW)

    assert (None if refused is None else refused.reason) is reason
