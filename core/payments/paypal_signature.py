"""Is this PayPal speaking? Proven here, without asking PayPal.

It signs `transmission id|time|webhook id|CRC-32 of the body` (RSA, PKCS#1 v1.5, SHA-256) and names the address of its
certificate in a header. That header is anybody's until the signature is proven: an address that is not one of PayPal's
own is never visited.
"""

import base64
import re
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from core.payments.paypal_certificates import Certificates
from core.payments.paypal_news import instant
from core.payments.reading import Unreadable

# PayPal tries for three days, and does not say whether a later try has a later time. What is replayed within that is an
# event that we know: it changes nothing.
OLDEST = timedelta(days=4)
_AHEAD = timedelta(minutes=5)

_ALGORITHM = "SHA256withRSA"
_TRANSMISSION_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{300,1400}={0,2}")  # of keys from 2048 to 8192 bits
_CERTIFICATE = re.compile(
    r"https://api(?:-m)?(?:\.sandbox)?\.paypal\.com(?::443)?/v1/notifications/certs/[A-Za-z0-9_-]{1,128}"
)


async def is_signed(
    raw: bytes, headers: Mapping[str, str], webhook_id: str, certificates: Certificates, now: datetime
) -> bool:
    """Whether PayPal signed these very bytes for this webhook, lately. ProviderUnavailable: nobody can say now."""
    transmission_id = headers.get("PAYPAL-TRANSMISSION-ID", "")
    written = headers.get("PAYPAL-TRANSMISSION-TIME", "")
    encoded = headers.get("PAYPAL-TRANSMISSION-SIG", "")
    address = headers.get("PAYPAL-CERT-URL", "")
    if not (
        webhook_id
        and headers.get("PAYPAL-AUTH-ALGO") == _ALGORITHM
        and _TRANSMISSION_ID.fullmatch(transmission_id)
        and _SIGNATURE.fullmatch(encoded)
        and _CERTIFICATE.fullmatch(address)
    ):
        return False
    try:
        at = instant(written, "time")
        signature = base64.b64decode(encoded, validate=True)
    except (Unreadable, ValueError):
        return False
    if not now - OLDEST <= at <= now + _AHEAD:
        return False
    key = await certificates.key_at(address, at, now)
    if key is None:
        return False
    message = f"{transmission_id}|{written}|{webhook_id}|{zlib.crc32(raw)}".encode()
    try:
        key.verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
