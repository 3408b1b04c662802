"""PayPal's signing certificates: fetched from PayPal alone, and believed for the instant at which they signed."""

import asyncio
import logging
import ssl
import warnings
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from core.ports import ProviderUnavailable

log = logging.getLogger(__name__)

_NAME = "messageverificationcerts.paypal.com"
_NAME_IN_SANDBOX = "messageverificationcerts.sandbox.paypal.com"

_LONGEST = 64 * 1024  # a chain takes less than ten
_FETCH_FOR = timedelta(seconds=5)
_FETCHES_AT_ONCE = 4
_FETCHES_A_MINUTE = 30  # a forger may name an address for each delivery, and PayPal must not have to shut us out
_MISSING_FOR = timedelta(minutes=5)
_MOST_KEPT = 8  # PayPal has one or two at a time
_MOST_IN_A_CHAIN = 8
_SHORTEST_KEY = 2048

Fetch = Callable[[str], Awaitable[bytes | None]]
"""The bytes at an address; None if there are none. ProviderUnavailable: nobody can say now."""


class Certificates:
    """What was proven to be PayPal's is kept; addresses come in already checked (`paypal_signature`).

    Of what PayPal does not have it is not asked again for some minutes. `roots` are the system's, if none are given.
    """

    def __init__(self, fetch: Fetch, *, roots: Sequence[x509.Certificate] | None = None) -> None:
        self._fetch = fetch
        self._store = None if roots is None else Store(list(roots))
        self._kept: dict[str, list[x509.Certificate]] = {}
        self._missing: dict[str, datetime] = {}
        self._fetched: deque[datetime] = deque(maxlen=_FETCHES_A_MINUTE)
        self._turns = asyncio.Semaphore(_FETCHES_AT_ONCE)

    async def key_at(self, url: str, at: datetime, now: datetime) -> RSAPublicKey | None:
        """The key in the certificate there, if it was PayPal's for signing messages at that instant; else None.

        ProviderUnavailable: nobody can say now.
        """
        store, sandbox = await self._trusted(), ".sandbox." in url
        kept = self._kept.get(url, [])
        key = _proven(kept, store, at, sandbox=sandbox)
        if key is not None:
            return key
        async with self._turns:
            # Another delivery may have fetched it in the meantime. One that is kept may be issued anew since.
            chain = self._kept.get(url, [])
            if chain is kept or not chain:
                chain = await self._look(url, now)
        key = _proven(chain, store, at, sandbox=sandbox)
        if key is not None:
            self._keep(url, chain)
        elif chain:
            # PayPal serves it, so this is no forger's: its authority is new to us, or it was not of that instant.
            log.warning("PayPal's certificate is not proven for %s: issued by %s", at, chain[0].issuer.rfc4514_string())
        return key

    async def _look(self, url: str, now: datetime) -> list[x509.Certificate]:
        """What PayPal has there; none, if it had nothing a moment ago."""
        self._missing = {each: since for each, since in self._missing.items() if now - since < _MISSING_FOR}
        if url in self._missing:
            return []
        if len(self._fetched) == _FETCHES_A_MINUTE and now - self._fetched[0] < timedelta(minutes=1):
            raise ProviderUnavailable("PayPal was asked for many certificates within a minute")
        self._fetched.append(now)
        found = await self._fetch(url)
        if found is None:
            self._missing[url] = now
        return _certificates_in(found or b"")

    async def _trusted(self) -> Store:
        if self._store is None:
            roots = await asyncio.to_thread(system_roots)
            if not roots:
                raise ProviderUnavailable("this machine trusts no authority: ca-certificates are missing")
            self._store = Store(roots)
        return self._store

    def _keep(self, url: str, chain: list[x509.Certificate]) -> None:
        while url not in self._kept and len(self._kept) >= _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[url] = chain


def fetching(http: aiohttp.ClientSession) -> Fetch:
    """Fetch through this session: over TLS, without redirects, in little time, not too much."""
    timeout = aiohttp.ClientTimeout(total=_FETCH_FOR.total_seconds())

    async def fetch(url: str) -> bytes | None:
        try:
            async with http.get(url, timeout=timeout, allow_redirects=False) as answer:
                if answer.status in (400, 403, 404, 410):
                    return None
                if answer.status != 200:
                    raise ProviderUnavailable(f"PayPal's certificate: {answer.status}")
                found = b""
                async for part in answer.content.iter_any():
                    found += part
                    if len(found) > _LONGEST:
                        return None
                return found
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise ProviderUnavailable(f"PayPal's certificate: {type(error).__name__}") from None

    return fetch


def system_roots() -> list[x509.Certificate]:
    """The authorities that this machine trusts, as for TLS."""
    encoded = set(ssl.create_default_context().get_ca_certs(binary_form=True))
    folder = ssl.get_default_verify_paths().capath  # OpenSSL reads these one by one, when it needs them
    if folder:
        for file in Path(folder).glob("*.0"):
            encoded.add(ssl.PEM_cert_to_DER_cert(file.read_text()))
    with warnings.catch_warnings():
        # Some roots are older than today's rules for certificates.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return [root for each in encoded if (root := _loaded(each)) is not None]


def issuers() -> list[x509.Certificate]:
    """Those between the roots and PayPal's certificate, which PayPal leaves out."""
    return x509.load_pem_x509_certificates((files("core.payments") / "paypal_issuers.pem").read_bytes())


_ISSUERS = issuers()


def _loaded(der: bytes) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        return None


def _certificates_in(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)[:_MOST_IN_A_CHAIN]
    except ValueError:
        return []


def _proven(chain: Sequence[x509.Certificate], store: Store, at: datetime, *, sandbox: bool) -> RSAPublicKey | None:
    if not chain:
        return None
    leaf, *between = chain
    policy = PolicyBuilder().store(store).time(at)
    for name in (_NAME, _NAME_IN_SANDBOX) if sandbox else (_NAME,):
        try:
            policy.build_server_verifier(x509.DNSName(name)).verify(leaf, [*between, *_ISSUERS])
        except (VerificationError, ValueError):
            continue
        key = leaf.public_key()
        return key if isinstance(key, RSAPublicKey) and key.key_size >= _SHORTEST_KEY else None
    return None
