"""PayPal's decimal strings, and the currencies that it takes.

Source: PayPal's page on currency codes. HUF and TWD have no decimals there, though they have two in ISO 4217; of those
with three it takes none.
"""

import re

from core.rules.money import EXPONENTS

_CODES_BY_DECIMALS = {
    0: "HUF JPY TWD",
    2: "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD ILS MXN MYR NOK NZD PHP PLN SEK SGD THB USD",
}
DECIMALS = {code: decimals for decimals, codes in _CODES_BY_DECIMALS.items() for code in codes.split()}
"""Decimals of each currency that PayPal takes."""

_VALUE = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,10}))?")


def why_not_charge(amount_minor: int, currency: str) -> str | None:
    """Why PayPal cannot charge exactly so many minor units."""
    if currency not in DECIMALS:
        return f"PayPal takes no {currency}"
    if amount_minor % _step(currency):
        return f"PayPal takes no such fraction of {currency}"
    return None


def to_paypal(amount_minor: int, currency: str) -> str:
    """PayPal's string for so many minor units, which it can charge (`why_not_charge`). Nothing is rounded."""
    units = amount_minor // _step(currency)
    if not DECIMALS[currency]:
        return str(units)
    whole, hundredths = divmod(units, 100)
    return f"{whole}.{hundredths:02}"


def from_paypal(value: str, currency: str) -> int | None:
    """Minor units of PayPal's string, or None where it is none, or finer than the currency's minor unit."""
    match = _VALUE.fullmatch(value)
    exponent = EXPONENTS.get(currency)
    if match is None or exponent is None:
        return None
    decimals = (match[2] or "").ljust(exponent, "0")
    if decimals[exponent:].strip("0"):
        return None
    return int(match[1] + decimals[:exponent])


def _step(currency: str) -> int:
    """So many minor units are PayPal's smallest."""
    return int(10 ** (EXPONENTS[currency] - DECIMALS[currency]))
