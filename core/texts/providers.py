"""Providers of payment by the names that people know."""

NAMES = {"stripe": "Stripe", "paypal": "PayPal"}


def provider_name(provider: str) -> str:
    """A brand's name is the same in every language."""
    return NAMES.get(provider, provider.capitalize())
