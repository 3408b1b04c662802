"""`seatkeeper doctor` at the providers of payment: keys, webhooks, currencies, clocks. It changes nothing there."""

import base64
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import quote

from core.clock import SystemClock
from core.config import WHERE_TO_GET, Config
from core.payments.paypal_amounts import DECIMALS
from core.payments.paypal_api import is_live
from core.payments.paypal_events import KINDS as PAYPAL_KINDS
from core.payments.stripe_events import KINDS as STRIPE_KINDS
from seatkeeper.findings import MISSING, OK, TRY_AGAIN, WARN, Answer, Finding, ask, clock_beside, is_set

_REPORTS = {"/services/reporting/search/": "Transaction search", "/services/disputes/": "Customer disputes"}


async def at_stripe(config: Config) -> list[Finding]:
    """Not asked where only PayPal is used."""
    key = config.stripe_api_key.get_secret_value()
    secret = is_set("STRIPE_WEBHOOK_SECRET", bool(config.stripe_webhook_secret.get_secret_value()))
    if not key and secret.level != OK and _uses_paypal(config):
        return [Finding(OK, "Stripe", "is not used")]
    if not key:
        return [is_set("STRIPE_API_KEY", there=False), secret]
    headers = {"Authorization": f"Bearer {key}"}
    # Of a checkout that cannot be: whoever may read checkouts is told that there is none.
    answer = await ask(f"{config.stripe_api_url}/v1/checkout/sessions/cs_test_doctor", headers)
    accepted = _stripe_key(answer, "live" if "_live_" in key else "test")
    if accepted.level != OK:
        return [accepted, secret]
    endpoints = await ask(f"{config.stripe_api_url}/v1/webhook_endpoints?limit=100", headers)
    return [accepted, secret, _stripe_webhook(endpoints, config), *_clock(answer, "Stripe's")]


def _stripe_key(answer: Answer, mode: str) -> Finding:
    match answer.status:
        case 200 | 404:
            return Finding(OK, "STRIPE_API_KEY", f"Stripe accepts it, in {mode} mode")
        case 401:
            return Finding(MISSING, "STRIPE_API_KEY", "Stripe does not accept it", WHERE_TO_GET["stripe_api_key"])
        case 403:
            mend = "Give the key Checkout Sessions: write, and the others of docs/operators.md."
            return Finding(MISSING, "STRIPE_API_KEY", "it may not read checkouts", mend)
    return Finding(MISSING, "STRIPE_API_KEY", f"Stripe does not answer ({answer.body})", TRY_AGAIN)


def _stripe_webhook(answer: Answer, config: Config) -> Finding:
    about = "Stripe's webhook"
    if answer.status != 200:
        mend = "Give the key Webhook Endpoints: read, or look at Stripe's page Webhooks."
        return Finding(WARN, about, f"cannot be looked at ({answer.body})", mend)
    ours = f"{config.public_url}/webhooks/stripe"
    found = [each for each in _objects(answer.body, "data") if each.get("url") == ours]
    if not found:
        return Finding(MISSING, about, f"Stripe has none for {ours}", WHERE_TO_GET["stripe_webhook_secret"])
    enabled = [each for each in found if each.get("status") == "enabled"]
    if not enabled:
        return Finding(MISSING, about, "is disabled", "Enable it on Stripe's page Webhooks.")
    told = {kind for each in enabled for kind in each.get("enabled_events") or ()}
    return _told(about, told, STRIPE_KINDS, "Add them on Stripe's page Webhooks.")


async def at_paypal(config: Config, communities: Iterable[Any]) -> list[Finding]:
    """Not asked where PayPal is not used."""
    if not _uses_paypal(config):
        return [Finding(OK, "PayPal", "is not used")]
    secret = config.paypal_client_secret.get_secret_value()
    webhook_id = is_set("PAYPAL_WEBHOOK_ID", bool(config.paypal_webhook_id))
    if not config.paypal_client_id or not secret:
        unset = [
            is_set("PAYPAL_CLIENT_ID", bool(config.paypal_client_id)),
            is_set("PAYPAL_CLIENT_SECRET", bool(secret)),
        ]
        return [*unset, webhook_id]
    basic = base64.b64encode(f"{config.paypal_client_id}:{secret}".encode()).decode()
    answer = await ask(
        f"{config.paypal_api_url}/v1/oauth2/token",
        {"Authorization": f"Basic {basic}"},
        {"grant_type": "client_credentials"},
    )
    accepted = _paypal_app(answer, "live mode" if is_live(config.paypal_api_url) else "the sandbox")
    if accepted.level != OK:
        return [accepted, webhook_id]
    if webhook_id.level == OK:
        webhook_id = await _paypal_webhook(config, str(answer.body.get("access_token")))
    return [
        accepted,
        webhook_id,
        _paypal_lists(str(answer.body.get("scope"))),
        *_paypal_currencies(communities),
        *_clock(answer, "PayPal's"),
    ]


def _uses_paypal(config: Config) -> bool:
    secret = config.paypal_client_secret.get_secret_value()
    return bool(config.paypal_client_id or secret or config.paypal_webhook_id)


def _paypal_app(answer: Answer, mode: str) -> Finding:
    about = "PAYPAL_CLIENT_ID"
    if answer.status == 200 and isinstance(answer.body, dict):
        return Finding(OK, about, f"PayPal accepts it and its secret, in {mode}")
    if answer.status == 401:
        mend = f"{WHERE_TO_GET['paypal_client_id']} Sandbox and live differ: look at PAYPAL_API_URL."
        return Finding(MISSING, about, "PayPal does not accept it and its secret", mend)
    return Finding(MISSING, about, f"PayPal does not answer ({answer.body})", TRY_AGAIN)


async def _paypal_webhook(config: Config, token: str) -> Finding:
    about = "PAYPAL_WEBHOOK_ID"
    path = f"/v1/notifications/webhooks/{quote(config.paypal_webhook_id, safe='')}"
    answer = await ask(config.paypal_api_url + path, {"Authorization": f"Bearer {token}"})
    if answer.status in (400, 404):
        return Finding(MISSING, about, "PayPal does not know it", WHERE_TO_GET["paypal_webhook_id"])
    if answer.status != 200 or not isinstance(answer.body, dict):
        return Finding(MISSING, about, f"PayPal does not answer ({answer.body})", TRY_AGAIN)
    ours = f"{config.public_url}/webhooks/paypal"
    if answer.body.get("url") != ours:
        return Finding(MISSING, about, "is of another address", f"Let it lead to {ours}, or set PUBLIC_URL.")
    told = {str(each.get("name")) for each in _objects(answer.body, "event_types")}
    return _told(about, told, PAYPAL_KINDS, "Add them to the webhook, in your app.")


def _paypal_lists(scope: str) -> Finding:
    missing = [name for part, name in _REPORTS.items() if part not in scope]
    if not missing:
        return Finding(OK, "PayPal's lists", "may be read")
    mend = "Switch them on in your app, Features; PayPal may take 9 hours."
    return Finding(WARN, "PayPal's lists", f"may not be read: {', '.join(missing)}", mend)


def _paypal_currencies(communities: Iterable[Any]) -> list[Finding]:
    return [
        Finding(WARN, f"Server {each['guild_id']}", f"PayPal takes no {each['currency']}", "Sell with Stripe there.")
        for each in communities
        if each["currency"] not in DECIMALS
    ]


def _told(about: str, told: Collection[str], needed: Iterable[str], mend: str) -> Finding:
    missing = [] if "*" in told else [kind for kind in needed if kind not in told]
    if missing:
        return Finding(WARN, about, f"is not told of {', '.join(missing)}", mend)
    return Finding(OK, about, "leads here and is told of all that matters")


def _clock(answer: Answer, whose: str) -> list[Finding]:
    return [] if answer.at is None else [clock_beside(whose, answer.at, SystemClock().now())]


def _objects(body: Any, name: str) -> list[dict[str, Any]]:
    listed = body.get(name) if isinstance(body, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
