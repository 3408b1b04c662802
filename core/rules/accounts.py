"""The accounts: every movement of money and sessions as a line, and what the lines add up to (rules 1 and 31)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.rules.states import EntryKind


class MoneyKind(StrEnum):
    """What a line of money is. What came in is above zero, what went is below; opened and won disputes move nothing."""

    PAYMENT = "payment"
    FEE = "fee"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"  # its money came back to us
    REFUND_REPLACED = "refund_replaced"  # said to be paid by hand, and then found among the provider's
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"


_REFUNDED = (MoneyKind.REFUND, MoneyKind.REFUND_FAILED, MoneyKind.REFUND_REPLACED)


def sessions_kind(kind: EntryKind) -> str:
    """The kind of a line that moves sessions. A refund of money and one of sessions are two lines."""
    return f"sessions_{kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One line of the accounts: so much money, or so many sessions of a pack. `balance` is the pack's afterwards."""

    at: datetime
    community_id: int
    community: str
    kind: str
    order_id: int | None
    pack_id: int | None
    student_id: int
    student: str
    mentor: str
    product: str | None
    provider: str | None = None
    reference: str | None = None  # the provider's
    amount_minor: int | None = None
    currency: str | None = None
    live: bool | None = None  # False: the provider's test mode, no real money
    sessions: int | None = None
    balance: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What the lines of one currency add up to: paid = kept + refunded + lost. Fees come out of what is kept."""

    currency: str
    live: bool
    paid_minor: int = 0
    refunded_minor: int = 0
    lost_minor: int = 0
    fees_minor: int = 0

    @property
    def kept_minor(self) -> int:
        return self.paid_minor - self.refunded_minor - self.lost_minor


def totals(movements: Iterable[Movement]) -> tuple[Total, ...]:
    """By currency; test mode apart from real money, which comes first."""
    sums: dict[tuple[bool, str], dict[str, int]] = {}
    for each in movements:
        if each.amount_minor is None or each.currency is None or each.live is None:
            continue
        of = sums.setdefault((not each.live, each.currency), {})
        of[each.kind] = of.get(each.kind, 0) + each.amount_minor
    return tuple(
        Total(
            currency=currency,
            live=not is_test,
            paid_minor=of.get(MoneyKind.PAYMENT, 0),
            refunded_minor=-sum(of.get(kind, 0) for kind in _REFUNDED),
            lost_minor=-of.get(MoneyKind.DISPUTE_LOST, 0),
            fees_minor=-of.get(MoneyKind.FEE, 0),
        )
        for (is_test, currency), of in sorted(sums.items())
    )


def lost_shares(lost_minor: int, disputed_minor: Sequence[int]) -> tuple[int, ...]:
    """How much of what a payment lost went by each of its lost disputes, in their order.

    A bank may dispute more than was left of the payment; never more is lost than that.
    """
    shares = []
    for disputed in disputed_minor:
        share = min(disputed, lost_minor)
        lost_minor -= share
        shares.append(share)
    return tuple(shares)
