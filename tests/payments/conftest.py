from tests.fixtures import clock
from tests.payments.fixtures import api_url, http, provider, stripe

__all__ = ["api_url", "clock", "http", "provider", "stripe"]
