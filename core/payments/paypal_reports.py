"""What PayPal's own lists hold of a period: Transaction Search and Disputes (rule 31).

Transaction Search knows a payment some hours after it was made. It names no order, so each capture that carries a token
is asked for.
"""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from core.payments.paypal_api import PayPalApi, SaidNo
from core.payments.paypal_news import (
    capture_news,
    dispute_news,
    instant_in,
    linked,
    marked_refund,
    money_in,
    objects_in,
    ref_in,
    token_in,
)
from core.payments.reading import Json, Unreadable, part_of
from core.ports import REVERSED, DisputeNews, News, ProviderRefused, ProviderUnavailable, RefundNews
from core.rules.states import DisputeOutcome

log = logging.getLogger(__name__)

_LONGEST_WINDOW = timedelta(days=31)
_SHORTEST_WINDOW = timedelta(minutes=1)
_PAGE_SIZE = 500
_DISPUTES_PAGE_SIZE = 50
_MOST_PAGES = 1000
_PAGE_TOKEN = re.compile(r"[!-~]{1,2000}")

# PayPal's event codes: T00xx are payments, in or out.
_PAYMENT = re.compile(r"T00[0-9]{2}")
_REFUND, _REVERSAL = "T1107", "T1106"
_CHARGEBACK_REVERSAL = "T1202"  # the money of a chargeback comes back to us


async def reported(api: PayPalApi, since: datetime, until: datetime) -> AsyncIterator[News]:
    """Payments, refunds and reversals, and then the disputes that changed in this period."""
    start = since
    while start < until:
        end = min(start + _LONGEST_WINDOW, until)
        async for news in _transactions(api, start, end):
            yield news
        start = end
    async for dispute in _disputes(api, since, until):
        yield dispute


async def _transactions(api: PayPalApi, start: datetime, end: datetime) -> AsyncIterator[News]:
    page, pages = 1, 1
    while page <= min(pages, _MOST_PAGES):
        params = {
            "start_date": _written(start),
            "end_date": _written(end),
            "fields": "transaction_info",
            "page_size": str(_PAGE_SIZE),
            "page": str(page),
        }
        try:
            found = await _ask(api, "/v1/reporting/transactions", params, "Transaction Search")
        except _TooMany:
            if end - start < _SHORTEST_WINDOW:
                raise ProviderRefused("PayPal lists no more than 10,000 transactions at a time") from None
            middle = start + (end - start) / 2
            for half in ((start, middle), (middle, end)):
                async for news in _transactions(api, *half):
                    yield news
            return
        pages = _pages(found)
        for transaction in objects_in(found, "transaction_details"):
            told = await _readable(api, transaction)
            if told is not None:
                yield told
        page += 1


async def _readable(api: PayPalApi, transaction: Json) -> News | None:
    """The news in a transaction. One that cannot be read does not keep us from the others."""
    try:
        return await _news_of(api, part_of(transaction, "transaction_info"))
    except Unreadable as error:
        log.warning("a transaction in PayPal's list cannot be read: %s", error)
        return None


async def _news_of(api: PayPalApi, info: Json) -> News | None:
    code = info.get("transaction_event_code")
    if not isinstance(code, str):
        raise Unreadable("transaction_event_code")
    if _PAYMENT.fullmatch(code):
        return await _payment(api, info)
    if code not in (_REFUND, _REVERSAL, _CHARGEBACK_REVERSAL) or info.get("paypal_reference_id_type") != "TXN":
        return None
    payment_ref, ref = ref_in(info, "paypal_reference_id"), ref_in(info, "transaction_id")
    amount_minor, currency = money_in(info, "transaction_amount", signed=True)
    at = instant_in(info, "transaction_initiation_date")
    denied = info.get("transaction_status") == "D"
    if code != _REFUND:
        outcome = DisputeOutcome.WON if _came_to_us(info) else DisputeOutcome.LOST
        news = DisputeNews(payment_ref, ref, amount_minor, currency, at, outcome, REVERSED)
        return None if denied or (code != _REVERSAL and outcome is DisputeOutcome.LOST) else news
    mark = marked_refund(info.get("custom_field"))
    return RefundNews(payment_ref, ref, amount_minor, currency, at, "denied" if denied else None, mark)


async def _payment(api: PayPalApi, info: Json) -> News | None:
    """What the capture says, if the payment carries an order's token, as ours do, and was made to us."""
    if token_in({"custom_id": info.get("custom_field")}) is None or not _came_to_us(info):
        return None
    ref = ref_in(info, "transaction_id")
    async with api.asking():
        try:
            capture = await api.get(f"/v2/payments/captures/{ref}")
        except SaidNo as no:
            if no.status == 404:  # of another of PayPal's products
                return None
            raise
    return capture_news(capture, api.livemode)


def _came_to_us(info: Json) -> bool:
    """What leaves the account has a minus sign."""
    amount = part_of(info, "transaction_amount").get("value")
    return isinstance(amount, str) and amount[:1] != "-"


async def _disputes(api: PayPalApi, since: datetime, until: datetime) -> AsyncIterator[DisputeNews]:
    params = {
        "update_time_after": _written(since),
        "update_time_before": _written(until),
        "page_size": str(_DISPUTES_PAGE_SIZE),
    }
    for _ in range(_MOST_PAGES):
        found = await _ask(api, "/v1/customer/disputes", params, "Customer Disputes")
        for listed in objects_in(found, "items"):
            dispute = await _dispute(api, listed, until)
            if dispute is not None:
                yield dispute
        next_page = _next_page(found)
        if next_page is None:
            return
        params["next_page_token"] = next_page


async def _dispute(api: PayPalApi, listed: Json, at: datetime) -> DisputeNews | None:
    """The dispute itself: the list does not say which payment it is about."""
    try:
        whole = await _ask(api, f"/v1/customer/disputes/{ref_in(listed, 'dispute_id')}", {}, "Customer Disputes")
        return dispute_news(whole, at)
    except Unreadable as error:
        log.warning("a dispute in PayPal's list cannot be read: %s", error)
        return None


class _TooMany(Exception):
    """More transactions than PayPal lists at a time: a shorter period is to be asked for."""


async def _ask(api: PayPalApi, path: str, params: Mapping[str, str], feature: str) -> Json:
    async with api.asking():
        try:
            return await api.get(path, params)
        except SaidNo as no:
            if no.status == 403:
                raise ProviderRefused(
                    f"this app may not read PayPal's {feature}: switch it on in its settings"
                ) from None
            if "RESULTSET_TOO_LARGE" in no.issues:
                raise _TooMany from None
            raise


def _pages(found: Json) -> int:
    pages = found.get("total_pages", 1)
    if type(pages) is not int:
        raise ProviderUnavailable("unreadable answer of PayPal: total_pages")
    return pages


def _next_page(found: Json) -> str | None:
    tokens = parse_qs(urlsplit(linked(found, "next") or "").query).get("next_page_token", [])
    return tokens[0] if tokens and _PAGE_TOKEN.fullmatch(tokens[0]) else None


def _written(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
