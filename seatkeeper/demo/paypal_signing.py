"""Signs as PayPal does, with a certificate of a root that was made for one performance and is trusted in it alone."""

import base64
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.clock import SystemClock

_NAME = "messageverificationcerts.paypal.com"
# Never visited: whoever asks for it is given the certificate here.
_ADDRESS = "https://api.paypal.com/v1/notifications/certs/CERT-of-the-demo"
_GOOD_FOR = timedelta(days=365)
_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True)
class PayPalSigner:
    """Whoever trusts `root` and fetches the certificate by `fetch` believes what this signs for the webhook."""

    webhook_id: str
    root: x509.Certificate
    _certificate: x509.Certificate
    _key: rsa.RSAPrivateKey

    @classmethod
    def new(cls, webhook_id: str) -> "PayPalSigner":
        """One with keys that nobody had before."""
        root_key, key = _new_key(), _new_key()
        root = _certificate("Authority of Seatkeeper's demo", root_key, None, root_key)
        return cls(webhook_id, root, _certificate(_NAME, key, root, root_key), key)

    async def fetch(self, url: str) -> bytes | None:
        """The certificate at that address; of others there is none."""
        return self._certificate.public_bytes(serialization.Encoding.PEM) if url == _ADDRESS else None

    def sign(self, body: bytes) -> Mapping[str, str]:
        """The headers of a delivery. In real time: freshness of a signature is judged by the wall's clock."""
        transmission, at = secrets.token_hex(16), f"{SystemClock().now():%Y-%m-%dT%H:%M:%SZ}"
        message = f"{transmission}|{at}|{self.webhook_id}|{zlib.crc32(body)}".encode()
        signature = self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return {
            "PAYPAL-TRANSMISSION-ID": transmission,
            "PAYPAL-TRANSMISSION-TIME": at,
            "PAYPAL-TRANSMISSION-SIG": base64.b64encode(signature).decode(),
            "PAYPAL-CERT-URL": _ADDRESS,
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        }


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certificate(
    name: str, key: rsa.RSAPrivateKey, above: x509.Certificate | None, signer: rsa.RSAPrivateKey
) -> x509.Certificate:
    """For a root, or for one who signs messages below it."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = SystemClock().now()
    uses = {"key_cert_sign", "crl_sign"} if above is None else {"digital_signature"}
    usage = x509.KeyUsage(**{use: use in uses for use in _USES})
    builder = (
        x509.CertificateBuilder(
            subject_name=subject,
            issuer_name=subject if above is None else above.subject,
            public_key=key.public_key(),
        )
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _GOOD_FOR)
        .add_extension(x509.BasicConstraints(ca=above is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if above is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signer, hashes.SHA256())
