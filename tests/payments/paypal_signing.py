"""Signatures as PayPal makes them, by an authority of the test's own; and the host where PayPal's certificates lie."""

import base64
import socket
import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.clocks import NOW

WEBHOOK_ID = "8PT597110X687430L"
NAME = "messageverificationcerts.paypal.com"
PATH = "/v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb"
CERT_URL = f"https://api.paypal.com{PATH}"
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, and what lies between it and its root."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    between: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in (self.certificate, *self.between))

    def sign(self, raw: bytes, at: datetime | str, *, webhook_id: str = WEBHOOK_ID, **changes: str) -> dict[str, str]:
        """The headers that PayPal sends with this body."""
        written = at if isinstance(at, str) else f"{at:%Y-%m-%dT%H:%M:%SZ}"
        headers = {
            "PAYPAL-TRANSMISSION-ID": "51730200-5106-11ef-9a30-157053fd3e43",
            "PAYPAL-TRANSMISSION-TIME": written,
            "PAYPAL-CERT-URL": CERT_URL,
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
            "PAYPAL-AUTH-VERSION": "v2",
        }
        message = f"{headers['PAYPAL-TRANSMISSION-ID']}|{written}|{webhook_id}|{zlib.crc32(raw)}".encode()
        signature = self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        headers["PAYPAL-TRANSMISSION-SIG"] = base64.b64encode(signature).decode()
        return {**headers, **changes}


@cache
def _key(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Made once a run: they take their time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def an_authority(name: str = "Authority of the Test", above: Identity | None = None, key: int = 0) -> Identity:
    """One that may sign certificates: a root, or one below it."""
    return _made(name, _key(key), above, NOW - 5 * YEAR, NOW + 5 * YEAR, is_authority=True)


def an_identity(
    above: Identity | None,
    name: str = NAME,
    *,
    since: datetime = NOW - YEAR / 2,
    until: datetime = NOW + YEAR / 2,
    bits: int = 2048,
) -> Identity:
    """One that may sign messages, or serve a host; without an authority it vouches for itself."""
    return _made(name, _key(9, bits), above, since, until, is_authority=False)


def _made(
    name: str, key: rsa.RSAPrivateKey, above: Identity | None, since: datetime, until: datetime, *, is_authority: bool
) -> Identity:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, issuer = (above.key, above.certificate.subject) if above else (key, subject)
    usage = {"key_cert_sign": is_authority, "crl_sign": is_authority, "digital_signature": not is_authority}
    never = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage, **never), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not is_authority:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    between = (above.certificate, *above.between) if above and above.certificate.issuer != issuer else ()
    return Identity(builder.sign(signer, hashes.SHA256()), key, between)


@dataclass
class CountingResolver(AbstractResolver):
    """Leads every name to one port of this machine, and remembers each name that was asked for."""

    port: int
    asked: list[str] = field(default_factory=list)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(f"{host}:{port}")
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self.port, family=family, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        pass


@dataclass
class CertificateHost:
    """PayPal's API host over TLS, as far as its certificates go; all that is sent from here arrives at it."""

    served: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    requests: list[str] = field(default_factory=list)
    resolver: CountingResolver = field(default_factory=lambda: CountingResolver(0))

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(f"{request.host}{request.path_qs}")
        if self.status in (301, 302):
            return web.Response(status=self.status, headers={"Location": f"https://evil.example{PATH}"})
        if self.status != 200 or request.path not in self.served:
            return web.Response(status=404 if self.status == 200 else self.status)
        return web.Response(body=self.served[request.path], content_type="application/x-pem-file")


@asynccontextmanager
async def certificate_host(folder: Path) -> AsyncIterator[tuple[CertificateHost, aiohttp.ClientSession]]:
    """The host, and a session whose every connection ends there, which trusts it as it would PayPal's TLS."""
    root = an_authority("TLS of the Test", key=7)
    # TLS looks at the machine's clock.
    serving = an_identity(root, "api.paypal.com", since=NOW - 4 * YEAR, until=NOW + 4 * YEAR)
    file = folder / "tls.pem"
    private = serving.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(serving.pem + private)
    ours, theirs = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_verify_locations(cadata=root.pem.decode())
    theirs.load_cert_chain(file)
    host = CertificateHost()
    app = web.Application()
    app.router.add_get("/{path:.*}", host.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=theirs).start()
    host.resolver.port = runner.addresses[0][1]
    connector = aiohttp.TCPConnector(resolver=host.resolver, ssl=ours)
    async with aiohttp.ClientSession(connector=connector) as http:
        yield host, http
    await runner.cleanup()
