"""How a payment stands at its provider's stand-in: what is left of it, and whether it is disputed."""

from dataclasses import dataclass

from core.rules.states import DisputeOutcome
from core.texts.prices import price


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`page` shows it. `left_minor` is neither given back nor lost; `ended` is how the last dispute did."""

    page: str
    left_minor: int
    currency: str
    disputed_minor: int | None = None
    ended: DisputeOutcome | None = None

    @property
    def left(self) -> str:
        return price(self.left_minor, self.currency)

    @property
    def half(self) -> str:
        """Half of what is left, the odd cent with it."""
        return price(self.half_minor, self.currency)

    @property
    def half_minor(self) -> int:
        return -(-self.left_minor // 2)

    @property
    def disputed(self) -> str | None:
        return None if self.disputed_minor is None else price(self.disputed_minor, self.currency)
