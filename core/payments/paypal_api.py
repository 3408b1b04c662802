"""PayPal's REST API over aiohttp: the token, tries and time limits, and its errors in words that may be logged."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from core.payments.reading import Json, Unreadable, parsed
from core.ports import ProviderForbids, ProviderRefused, ProviderUnavailable

API_URL = "https://api-m.paypal.com"

TRY_FOR = timedelta(seconds=10)
WHOLE_CALL_FOR = timedelta(seconds=25)  # with the pauses between tries; a person waits for some of these calls
RETRIES = 2

_LIVE_HOSTS = ("api-m.paypal.com", "api.paypal.com")
_PAUSE = 0.25  # seconds before the first retry, twice as long before each further one
_TOKEN_SPARE = 60.0  # seconds before its end in which a token is no longer used
_LONGEST_TOKEN_FOR = 86_400
_LONGEST_KEY = 108  # of PayPal-Request-Id
_LONGEST_ANSWER = 16 * 1024 * 1024  # a page of 500 transactions takes about one

# 409: another call under the same key is on its way. 429: too many calls.
_NOT_NOW = (408, 409, 425, 429)

_ISSUE = re.compile(r"[A-Za-z0-9_]{1,80}")
_DEBUG_ID = re.compile(r"[a-f0-9]{1,40}")
_TOKEN = re.compile(r"[!-~]{1,4096}")


class SaidNo(Exception):
    """PayPal's no to a request that it understood. The text may be logged; PayPal's own message is left out."""

    def __init__(self, status: int, issues: tuple[str, ...], debug_id: str | None) -> None:
        words = [str(status), *issues, f"debug id {debug_id}" if debug_id else ""]
        super().__init__(", ".join(word for word in words if word))
        self.status = status
        self.issues = frozenset(issues)


class PayPalApi:
    """Spoken to through an aiohttp session that the caller keeps open and closes.

    A call that may have done its work although no answer came is made again under the same PayPal-Request-Id.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        http: aiohttp.ClientSession,
        *,
        api_url: str = API_URL,
        retries: int = RETRIES,
        try_for: timedelta = TRY_FOR,
        whole_call_for: timedelta = WHOLE_CALL_FOR,
    ) -> None:
        self.livemode = is_live(api_url)
        self._basic = "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._http = http
        self._api_url = api_url
        self._retries = retries
        self._timeout = aiohttp.ClientTimeout(total=try_for.total_seconds())
        self._whole_call_for = whole_call_for
        self._token = ""
        self._token_until = 0.0
        self._renewing = asyncio.Lock()

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Within this block PayPal is asked; whatever goes wrong is one of the port's two errors."""
        try:
            async with asyncio.timeout(self._whole_call_for.total_seconds()):
                yield
        except SaidNo as no:
            raise (ProviderForbids if no.status in (401, 403) else ProviderRefused)(str(no)) from None
        except Unreadable as error:
            raise ProviderUnavailable(f"unreadable answer of PayPal: {error}") from None
        except TimeoutError:
            raise ProviderUnavailable("TimeoutError") from None

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """What PayPal says, or SaidNo."""
        return await self._ask("GET", path, {}, params=params)

    async def post(self, path: str, body: Json, key: str) -> Json:
        """The same, of something that PayPal does once a key, however often it is asked."""
        headers = {"PayPal-Request-Id": _request_id(key), "Prefer": "return=representation"}
        return await self._ask("POST", path, headers, json=body)

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], **what: Any) -> Json:
        retries = 0
        while True:
            try:
                return await self._with_token(method, path, headers, **what)
            except ProviderUnavailable:
                if retries == self._retries:
                    raise
            await asyncio.sleep(_PAUSE * 2**retries)
            retries += 1

    async def _with_token(self, method: str, path: str, headers: Mapping[str, str], **what: Any) -> Json:
        """The answer under a token that PayPal takes: one that it no longer knows is replaced, once."""
        token = await self._fresh_token()
        try:
            return await self._send(method, path, {**headers, "Authorization": f"Bearer {token}"}, **what)
        except SaidNo as no:
            if no.status != 401:
                raise
        token = await self._fresh_token(instead_of=token)
        return await self._send(method, path, {**headers, "Authorization": f"Bearer {token}"}, **what)

    async def _fresh_token(self, instead_of: str | None = None) -> str:
        """A token with time left. Whoever comes while one is fetched waits for that one."""
        async with self._renewing:
            now = asyncio.get_running_loop().time()
            if self._token in ("", instead_of) or now >= self._token_until:
                form = {"grant_type": "client_credentials"}
                granted = await self._send("POST", "/v1/oauth2/token", {"Authorization": self._basic}, data=form)
                token, seconds = granted.get("access_token"), granted.get("expires_in")
                if not isinstance(token, str) or not _TOKEN.fullmatch(token):
                    raise Unreadable("access_token")
                if type(seconds) is not int or seconds < 0:
                    raise Unreadable("expires_in")
                self._token = token
                self._token_until = now + min(seconds, _LONGEST_TOKEN_FOR) - _TOKEN_SPARE
            return self._token

    async def _send(self, method: str, path: str, headers: Mapping[str, str], **what: Any) -> Json:
        try:
            async with self._http.request(
                method,
                self._api_url + path,
                headers={"Accept": "application/json", **headers},
                timeout=self._timeout,
                allow_redirects=False,  # they would take the token elsewhere
                **what,
            ) as answer:
                return _read(answer.status, await _bytes_of(answer))
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise ProviderUnavailable(type(error).__name__) from None


def is_live(api_url: str) -> bool:
    """Whether real money moves there: PayPal's own host, and not its sandbox nor a stand-in."""
    return urlsplit(api_url).hostname in _LIVE_HOSTS


def _request_id(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


async def _bytes_of(answer: aiohttp.ClientResponse) -> bytes:
    parts, length = [], 0
    async for part in answer.content.iter_any():
        parts.append(part)
        length += len(part)
        if length > _LONGEST_ANSWER:
            raise ProviderUnavailable("an answer without end")
    return b"".join(parts)


def _read(status: int, raw: bytes) -> Json:
    if 200 <= status < 300:
        return parsed(raw)
    if not 400 <= status < 500 or status in _NOT_NOW:
        raise ProviderUnavailable(str(status))
    try:
        told = parsed(raw)
    except Unreadable:
        raise ProviderUnavailable(f"{status}, not PayPal's own words") from None
    details = told.get("details")
    named = [told.get("name"), told.get("error")]
    if isinstance(details, list):
        named += [detail.get("issue") for detail in details if isinstance(detail, dict)]
    debug_id = told.get("debug_id")
    raise SaidNo(
        status,
        tuple(name for name in named[:10] if isinstance(name, str) and _ISSUE.fullmatch(name)),
        debug_id if isinstance(debug_id, str) and _DEBUG_ID.fullmatch(debug_id) else None,
    )
