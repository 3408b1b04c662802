"""Money as people read it (rule 24)."""

from decimal import Decimal

from babel.numbers import format_currency

from core.rules.money import EXPONENTS
from core.texts.language import language


def price(amount_minor: int, currency: str) -> str:
    """The amount as the reader's language writes it, with its currency's own decimals (ISO 4217's), never rounded."""
    amount = Decimal(amount_minor).scaleb(-EXPONENTS[currency])
    return format_currency(amount, currency, locale=language(), decimal_quantization=False)
