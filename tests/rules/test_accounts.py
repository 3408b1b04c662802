from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.rules.accounts import MoneyKind, Movement, Total, lost_shares, totals
from core.rules.money import EXPONENTS, MOST_MINOR, in_decimals, parse_amount
from tests.clocks import NOW

LINE = Movement(
    at=NOW,
    community_id=1,
    community="Chess Club",
    kind=MoneyKind.PAYMENT,
    order_id=1,
    pack_id=1,
    student_id=1,
    student="Stu",
    mentor="Mara",
    product="Four sessions",
    amount_minor=20_000,
    currency="EUR",
    live=True,
)


def test_totals_are_of_one_currency_each_and_test_money_is_none() -> None:
    lines = [
        LINE,
        replace(LINE, kind=MoneyKind.FEE, amount_minor=-630),
        replace(LINE, kind=MoneyKind.REFUND, amount_minor=-5_000),
        replace(LINE, kind=MoneyKind.REFUND, amount_minor=-1_000),
        replace(LINE, kind=MoneyKind.REFUND_FAILED, amount_minor=1_000),
        replace(LINE, kind=MoneyKind.DISPUTE_LOST, amount_minor=-2_000),
        replace(LINE, amount_minor=7, currency="JPY"),
        replace(LINE, amount_minor=9, live=False),
        replace(LINE, kind="sessions_consume", amount_minor=None, currency=None, live=None, sessions=-1),
    ]

    found = totals(lines)

    assert found == (
        Total(currency="EUR", live=True, paid_minor=20_000, refunded_minor=5_000, lost_minor=2_000, fees_minor=630),
        Total(currency="JPY", live=True, paid_minor=7),
        Total(currency="EUR", live=False, paid_minor=9),
    )
    assert found[0].kept_minor == 13_000


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**9), max_size=5))
def test_disputes_never_take_more_than_the_payment_lost(lost_minor: int, disputed: list[int]) -> None:
    shares = lost_shares(lost_minor, disputed)

    assert sum(shares) == min(lost_minor, sum(disputed))
    assert all(0 <= share <= each for share, each in zip(shares, disputed, strict=True))


def test_amounts_for_machines_have_the_decimals_of_their_currency() -> None:
    written = [in_decimals(amount, currency) for amount, currency in ((-5, "EUR"), (1_234, "JPY"), (12_345, "KWD"))]

    assert written == ["-0.05", "1234", "12.345"]
    assert (in_decimals(0, "EUR"), in_decimals(10**14, "KWD")) == ("0.00", "100000000000.000")


@given(st.integers(-(10**15), 10**15), st.sampled_from(sorted(EXPONENTS)))
def test_an_amount_that_is_written_for_machines_is_the_same_when_it_is_read(amount: int, currency: str) -> None:
    written = in_decimals(amount, currency)

    assert Decimal(written).scaleb(EXPONENTS[currency]) == amount
    assert len(written.partition(".")[2]) == EXPONENTS[currency]
    if 0 <= amount <= MOST_MINOR:
        assert parse_amount(written, currency) == amount
