"""The providers of payment as they are configured."""

import logging

import aiohttp

from core.config import Config
from core.payments.paypal import PayPalProvider
from core.payments.stripe import StripeProvider
from core.ports import PaymentProvider

log = logging.getLogger(__name__)


def providers_of(config: Config, http: aiohttp.ClientSession) -> dict[str, PaymentProvider]:
    """Each by its name; without any, everything works but buying."""
    providers: list[PaymentProvider] = []
    key = config.stripe_api_key.get_secret_value()
    if key:
        providers.append(StripeProvider(key, http, api_url=config.stripe_api_url, automatic_tax=config.stripe_tax))
    client_id, secret = config.paypal_client_id, config.paypal_client_secret.get_secret_value()
    if client_id and secret:
        providers.append(PayPalProvider(client_id, secret, http, api_url=config.paypal_api_url))
    if not providers:
        log.warning("neither STRIPE_API_KEY nor PAYPAL_CLIENT_ID is set: nothing can be bought")
    return {each.name: each for each in providers}
