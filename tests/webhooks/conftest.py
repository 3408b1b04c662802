from tests.fixtures import clock, db
from tests.payments.fixtures import api_url, http, provider, stripe
from tests.webhooks.fixtures import bought, house, parts, web

__all__ = ["api_url", "bought", "clock", "db", "house", "http", "parts", "provider", "stripe", "web"]
