from tests.fixtures import clock
from tests.payments.fixtures import api_url, http, paypal, paypal_provider, paypal_url, provider, stripe, till

__all__ = ["api_url", "clock", "http", "paypal", "paypal_provider", "paypal_url", "provider", "stripe", "till"]
