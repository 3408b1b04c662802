"""Stripe's minor units, where they are not those of ISO 4217.

Source: Stripe's page on supported currencies, 'Zero-decimal' and 'Special cases'. HUF and TWD are special for payouts
alone: their charges are counted in hundredths, as in ISO 4217.
"""

_STEPS = {
    # No decimals; Stripe still counts hundredths, and takes whole units only.
    "ISK": (100, 1),
    "UGX": (100, 1),
    # Two decimals in ISO 4217; Stripe counts whole units.
    "MGA": (1, 100),
}

# Three decimals, of which Stripe takes the last one only as 0.
_IN_TENS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def to_stripe(amount_minor: int, currency: str) -> int | None:
    """Stripe's figure for so many minor units, or None where Stripe cannot charge exactly that. Nothing is rounded."""
    times, parts = _STEPS.get(currency, (1, 1))
    if amount_minor % parts or (currency in _IN_TENS and amount_minor % 10):
        return None
    return amount_minor * times // parts


def from_stripe(amount: int, currency: str) -> int | None:
    """Minor units of Stripe's figure, or None where the currency has none so small."""
    times, parts = _STEPS.get(currency, (1, 1))
    if amount % times:
        return None
    return amount * parts // times
