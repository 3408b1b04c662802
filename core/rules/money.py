"""Money as whole minor units with an ISO 4217 currency (rules 24 and 26). Never floats.

The exponents are those of ISO 4217. A provider that counts a currency otherwise is translated where it is spoken to.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from core.rules.refusals import Reason, Refused, refuse

_CODES_BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
        CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
        KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
        NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
        TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
}
EXPONENTS = {code: exponent for exponent, codes in _CODES_BY_EXPONENT.items() for code in codes.split()}
"""Decimals of each currency that people are paid in: no metals, no funds, no test codes."""

_COINS = {"HUF": 100, "TWD": 100, "MGA": 100}

MOST_MINOR = 999_999_999_999
"""Twelve digits, the most that any provider takes in any currency."""

_DECIMAL = re.compile(r"([0-9]{1,12})(?:([.,])([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True)
class Money:
    """So many minor units of a currency."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise ValueError(f"no currency {self.currency!r}")


def coin(currency: str) -> int:
    """The fewest minor units that every provider moves: some count a currency more coarsely than ISO 4217 does.

    PayPal takes whole HUF and TWD, Stripe whole MGA, and of three decimals it takes the last one only as 0.
    """
    return 10 if EXPONENTS[currency] == 3 else _COINS.get(currency, 1)


def why_not_price(amount_minor: int, currency: str) -> Refused | None:
    """Why a product cannot cost this."""
    if currency not in EXPONENTS:
        return refuse(Reason.BAD_CURRENCY, currency=currency)
    if not 0 < amount_minor <= MOST_MINOR:
        return refuse(Reason.BAD_NUMBER, number=amount_minor)
    if amount_minor % coin(currency):
        return refuse(Reason.PART_OF_A_COIN, currency=currency)
    return None


def parse_price(text: str, currency: str) -> int | Refused:
    """Minor units of what something costs: never nothing, never a part of a coin. Otherwise as `parse_amount`."""
    amount_minor = parse_amount(text, currency)
    if isinstance(amount_minor, Refused):
        return amount_minor
    return why_not_price(amount_minor, currency) or amount_minor


def parse_amount(text: str, currency: str) -> int | Refused:
    """Minor units of '49.90' or '49,90'. Nothing is rounded: more decimals than the currency has are refused.

    A comma before three digits is refused too, as nobody can tell thousands from thousandths.
    """
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        return refuse(Reason.BAD_CURRENCY, currency=currency)

    match = _DECIMAL.fullmatch(text.strip())
    if not match:
        return refuse(Reason.BAD_NUMBER, number=text[:40])

    whole, separator, decimals = match[1], match[2], match[3] or ""
    if len(decimals) > exponent or (separator == "," and len(decimals) == 3):
        return refuse(Reason.BAD_NUMBER, number=text[:40])

    return int(whole + decimals.ljust(exponent, "0"))


def in_decimals(amount_minor: int, currency: str) -> str:
    """The amount for machines and spreadsheets: a point before the currency's own decimals, and no word for it."""
    return f"{Decimal(amount_minor).scaleb(-EXPONENTS[currency]):f}"


def agrees(amount_due: Money, received_minor: int, tax_minor: int, currency: str) -> bool:
    """Whether what arrived, without its tax, is what the order's snapshot asks for, in its currency (rule 26)."""
    return currency == amount_due.currency and tax_minor >= 0 and received_minor - tax_minor == amount_due.amount_minor
