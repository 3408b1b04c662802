"""Signatures as Stripe makes them."""

import hashlib
import hmac
from datetime import datetime

SECRET = "whsec_test_secret"


def signature_of(raw: bytes, at: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + raw, hashlib.sha256).hexdigest()


def signed(raw: bytes, at: datetime | str, secret: str = SECRET) -> str:
    """The header `Stripe-Signature` of this body, made at this instant."""
    seconds = at if isinstance(at, str) else str(int(at.timestamp()))
    return f"t={seconds},v1={signature_of(raw, seconds, secret)}"
