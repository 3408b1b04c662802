"""Money as people read it (rule 24)."""

from decimal import Decimal

from babel.numbers import format_currency

from core.rules.money import EXPONENTS


def price(amount_minor: int, currency: str, locale: str = "en") -> str:
    """The amount with its currency; its decimals are ISO 4217's, never rounded to those that a locale would show."""
    amount = Decimal(amount_minor).scaleb(-EXPONENTS[currency])
    return format_currency(amount, currency, locale=locale, decimal_quantization=False)
