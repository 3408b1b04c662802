"""PayPal's signatures: whose word is taken, and that nobody makes us visit an address of their choice."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from core.payments.paypal_certificates import Certificates, fetching, issuers, system_roots
from core.payments.paypal_signature import is_signed
from core.ports import ProviderUnavailable
from tests.clocks import NOW
from tests.payments.paypal_signing import (
    CERT_URL,
    PATH,
    WEBHOOK_ID,
    CertificateHost,
    Identity,
    an_authority,
    an_identity,
    certificate_host,
)

RAW = b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED"}'
FROM_PAYPAL = Path(__file__).parent / "from_paypal"

ROOT = an_authority()
ISSUING = an_authority("Issuing Authority of the Test", ROOT, key=1)


@dataclass
class Door:
    """Where deliveries come in, and the host that certificates are fetched from."""

    host: CertificateHost
    certificates: Certificates
    paypal: Identity

    async def takes(
        self,
        headers: dict[str, str],
        raw: bytes = RAW,
        *,
        now: datetime = NOW,
        webhook_id: str = WEBHOOK_ID,
    ) -> bool:
        return await is_signed(raw, headers, webhook_id, self.certificates, now)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    paypal = an_identity(ISSUING)
    async with certificate_host(tmp_path) as (host, http):
        host.served[PATH] = paypal.pem
        yield Door(host, Certificates(fetching(http), roots=[ROOT.certificate]), paypal)


# ---------------------------------------------------------------- PayPal's own


def their_headers() -> dict[str, str]:
    loaded: dict[str, str] = json.loads((FROM_PAYPAL / "headers.json").read_text())
    return loaded


def their_certificates(roots: list[x509.Certificate] | None = None) -> Certificates:
    async def fetch(_: str) -> bytes:
        return (FROM_PAYPAL / "certificate.pem").read_bytes()

    return Certificates(fetch, roots=roots or [x509.load_pem_x509_certificate((FROM_PAYPAL / "root.pem").read_bytes())])


@pytest.mark.parametrize(("added", "taken"), [(b"", True), (b" ", False)])
async def test_what_paypals_simulator_sent_in_2024_is_paypals(added: bytes, taken: bool) -> None:
    """A delivery as it came: its signature, and the certificate that PayPal served, without its authority."""
    raw = (FROM_PAYPAL / "body.json").read_bytes() + added
    now = datetime(2024, 8, 3, tzinfo=UTC)

    assert await is_signed(raw, their_headers(), "WEBHOOK_ID", their_certificates(), now) is taken


async def test_its_certificate_was_not_good_for_other_years() -> None:
    certificates = their_certificates()

    keys = [await certificates.key_at(CERT_URL, datetime(year, 8, 2, tzinfo=UTC), NOW) for year in (2023, 2024, 2025)]

    assert [key is not None for key in keys] == [False, True, False]


async def test_it_is_proven_by_its_authority_alone() -> None:
    others = their_certificates([ROOT.certificate])

    assert await others.key_at(CERT_URL, datetime(2024, 8, 2, tzinfo=UTC), NOW) is None


def test_this_machine_trusts_the_authority_of_paypals_present_certificates() -> None:
    roots = {root.subject: root for root in system_roots()}
    present = next(each for each in issuers() if "DigiCert EV RSA CA G2" in each.subject.rfc4514_string())

    present.verify_directly_issued_by(roots[present.issuer])


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    "address",
    [
        CERT_URL,
        f"https://api.sandbox.paypal.com{PATH}",
        f"https://api-m.paypal.com{PATH}",
        f"https://api-m.sandbox.paypal.com{PATH}",
        f"https://api.paypal.com:443{PATH}",
    ],
)
async def test_a_certificate_is_fetched_from_paypal(tmp_path: Path, address: str) -> None:
    asked: list[str] = []
    paypal = an_identity(ISSUING)

    async def fetch(url: str) -> bytes:
        asked.append(url)
        return paypal.pem

    headers = paypal.sign(RAW, NOW, **{"PAYPAL-CERT-URL": address})
    taken = await is_signed(RAW, headers, WEBHOOK_ID, Certificates(fetch, roots=[ROOT.certificate]), NOW)

    assert (taken, asked) == (True, [address])


@pytest.mark.parametrize(
    "address",
    [
        f"https://evil.example{PATH}",
        f"https://api.paypal.com.evil.example{PATH}",
        f"https://evil-api.paypal.com{PATH}",
        f"https://www.paypal.com{PATH}",
        f"https://paypal.com{PATH}",
        f"https://api.paypal.com@evil.example{PATH}",
        f"https://evil@api.paypal.com{PATH}",
        f"https://user:word@api.paypal.com{PATH}",
        f"https://api.paypal.com:444{PATH}",
        f"https://api.paypal.com:0443{PATH}",
        f"https://api.paypal.com:{PATH}",
        f"http://api.paypal.com{PATH}",
        f"HTTPS://api.paypal.com{PATH}",
        f"ftp://api.paypal.com{PATH}",
        f"//api.paypal.com{PATH}",
        f"https://API.PAYPAL.COM.{PATH}",
        f"https://api.paypal.com\\@evil.example{PATH}",
        f"https://api.paypal.com%2eevil.example{PATH}",
        f"https://api．paypal.com{PATH}",
        f"https://127.0.0.1{PATH}",
        f"https://[::1]{PATH}",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs/../../oauth2/token",
        "https://api.paypal.com/v1/notifications/certs/%2e%2e/x",
        "https://api.paypal.com/v1/notifications/certs/a/b",
        "https://api.paypal.com/v2/notifications/certs/CERT-1",
        f"{CERT_URL}?next=https://evil.example",
        f"{CERT_URL}#evil",
        f"{CERT_URL}\n",
        f" {CERT_URL}",
        f"https://api.paypal.com/v1/notifications/certs/{'C' * 129}",
        "",
    ],
)
async def test_an_address_that_is_not_paypals_is_never_visited(door: Door, address: str) -> None:
    headers = door.paypal.sign(RAW, NOW, **{"PAYPAL-CERT-URL": address})

    assert not await door.takes(headers)

    assert door.host.resolver.asked == []
    assert door.host.requests == []


# ---------------------------------------------------------------- forgeries


async def test_what_paypal_signed_is_taken_and_its_certificate_fetched_once(door: Door) -> None:
    taken = [await door.takes(door.paypal.sign(RAW + more, NOW), RAW + more) for more in (b"", b" ", b"  ")]

    assert taken == [True, True, True]
    assert door.host.requests == [f"api.paypal.com{PATH}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAYPAL-AUTH-ALGO", "SHA1withRSA"),
        ("PAYPAL-AUTH-ALGO", "SHA512withRSA"),
        ("PAYPAL-AUTH-ALGO", "sha256withrsa"),
        ("PAYPAL-AUTH-ALGO", "none"),
        ("PAYPAL-AUTH-ALGO", ""),
        ("PAYPAL-TRANSMISSION-ID", ""),
        ("PAYPAL-TRANSMISSION-ID", "x" * 101),
        ("PAYPAL-TRANSMISSION-ID", "a|b"),
        ("PAYPAL-TRANSMISSION-SIG", ""),
        ("PAYPAL-TRANSMISSION-SIG", "AAAA"),
        ("PAYPAL-TRANSMISSION-SIG", "A" * 100_000),
        ("PAYPAL-TRANSMISSION-SIG", "A" * 341),
        ("PAYPAL-TRANSMISSION-SIG", "ü" * 344),
        ("PAYPAL-TRANSMISSION-TIME", ""),
        ("PAYPAL-TRANSMISSION-TIME", "soon"),
        ("PAYPAL-TRANSMISSION-TIME", "1772452800"),
        ("PAYPAL-TRANSMISSION-TIME", "2026-03-02T12:00:00"),
        ("PAYPAL-TRANSMISSION-TIME", "2026-02-30T12:00:00Z"),
        ("PAYPAL-TRANSMISSION-TIME", "0001-01-01T00:00:00+23:59"),
        ("PAYPAL-TRANSMISSION-TIME", "٢٠٢٦-03-02T12:00:00Z"),
    ],
)
async def test_headers_that_paypal_does_not_send_are_turned_away_without_a_look(
    door: Door, name: str, value: str
) -> None:
    assert not await door.takes(door.paypal.sign(RAW, NOW, **{name: value}))
    missing = door.paypal.sign(RAW, NOW)
    del missing[name]
    assert not await door.takes(missing)

    assert door.host.resolver.asked == []


@pytest.mark.parametrize(
    ("age", "taken"),
    [
        (timedelta(days=-365), False),
        (timedelta(minutes=-5, seconds=-1), False),
        (timedelta(minutes=-5), True),
        (timedelta(), True),
        (timedelta(days=3), True),
        (timedelta(days=4), True),
        (timedelta(days=4, seconds=1), False),
    ],
)
async def test_a_transmission_is_taken_for_as_long_as_paypal_tries(door: Door, age: timedelta, taken: bool) -> None:
    assert await door.takes(door.paypal.sign(RAW, NOW - age)) is taken
    assert bool(door.host.requests) is taken


async def test_a_change_of_anything_that_is_signed_is_noticed(door: Door) -> None:
    signed = door.paypal.sign(RAW, NOW)
    signature = signed["PAYPAL-TRANSMISSION-SIG"]
    turned = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
    changes = [
        door.takes(signed, RAW[:-1]),
        door.takes(signed, RAW.replace(b"1", b"2")),
        door.takes(signed, json.dumps(json.loads(RAW), indent=1).encode()),
        door.takes(signed, b""),
        door.takes({**signed, "PAYPAL-TRANSMISSION-ID": "51730200-5106-11ef-9a30-157053fd3e44"}),
        door.takes({**signed, "PAYPAL-TRANSMISSION-TIME": "2026-03-02T12:00:01Z"}),
        door.takes({**signed, "PAYPAL-TRANSMISSION-TIME": "2026-03-02T12:00:00+00:00"}),
        door.takes({**signed, "PAYPAL-TRANSMISSION-SIG": turned}),
        door.takes(signed, webhook_id="8PT597110X687430M"),
        door.takes(door.paypal.sign(RAW, NOW, webhook_id="WEBHOOK_ID")),  # PayPal's simulator, which anybody may use
        door.takes(door.paypal.sign(RAW + b" ", NOW)),
    ]

    assert not any([await change for change in changes])
    assert await door.takes(signed)


async def test_without_a_webhook_id_nothing_is_taken(door: Door) -> None:
    assert not await door.takes(door.paypal.sign(RAW, NOW, webhook_id=""), webhook_id="")


@pytest.mark.parametrize(
    "forger",
    [
        pytest.param(lambda: an_identity(None), id="vouches for itself"),
        pytest.param(lambda: an_identity(an_authority("Evil", key=3)), id="of another authority"),
        pytest.param(lambda: an_identity(an_authority("Authority of the Test", key=3)), id="of a namesake"),
        pytest.param(lambda: an_identity(ISSUING, "evil.example"), id="of another name"),
        pytest.param(lambda: an_identity(ISSUING, "messageverificationcerts.paypal.com.evil.example"), id="look-alike"),
        pytest.param(lambda: an_identity(ISSUING, "messageverificationcerts.sandbox.paypal.com"), id="of the sandbox"),
        pytest.param(lambda: an_identity(ISSUING, until=NOW - timedelta(seconds=1)), id="expired then"),
        pytest.param(lambda: an_identity(ISSUING, since=NOW + timedelta(seconds=1)), id="not valid yet"),
        pytest.param(lambda: an_identity(an_identity(ISSUING)), id="signed by one that is no authority"),
        pytest.param(lambda: an_identity(ISSUING, bits=1024), id="of a short key"),
        pytest.param(lambda: ISSUING, id="an authority itself"),
    ],
)
async def test_a_certificate_that_is_not_paypals_then_proves_nothing(
    door: Door, forger: Callable[[], Identity]
) -> None:
    forged = forger()
    door.host.served[PATH] = forged.pem

    assert not await door.takes(forged.sign(RAW, NOW))

    assert set(door.host.resolver.asked) <= {"api.paypal.com:443"}
    door.host.served[PATH] = door.paypal.pem
    assert await door.takes(door.paypal.sign(RAW, NOW)), "what was not proven is not kept"


async def test_the_sandbox_may_have_a_name_of_its_own(door: Door) -> None:
    sandbox = an_identity(ISSUING, "messageverificationcerts.sandbox.paypal.com")
    door.host.served[PATH] = sandbox.pem

    async def fetch(_: str) -> bytes:
        return sandbox.pem

    door.certificates = Certificates(fetch, roots=[ROOT.certificate])
    address = {"PAYPAL-CERT-URL": f"https://api.sandbox.paypal.com{PATH}"}

    assert await door.takes(sandbox.sign(RAW, NOW, **address))


async def test_a_certificate_of_then_is_good_for_what_comes_late(door: Door) -> None:
    expired_since = an_identity(ISSUING, until=NOW + timedelta(hours=1))
    door.host.served[PATH] = expired_since.pem

    assert await door.takes(expired_since.sign(RAW, NOW), now=NOW + timedelta(days=3))


@pytest.mark.parametrize("served", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n", b"A" * 70_000])
async def test_what_is_no_certificate_proves_nothing(door: Door, served: bytes) -> None:
    door.host.served[PATH] = served

    assert not await door.takes(door.paypal.sign(RAW, NOW))


async def test_a_certificate_that_paypal_does_not_have_proves_nothing(door: Door) -> None:
    door.host.served.clear()

    assert not await door.takes(door.paypal.sign(RAW, NOW))


# ---------------------------------------------------------------- while PayPal is away


@pytest.mark.parametrize("status", [500, 503, 429, 302])
async def test_while_the_certificate_cannot_be_had_it_is_to_come_again(door: Door, status: int) -> None:
    door.host.status = status

    with pytest.raises(ProviderUnavailable):
        await door.takes(door.paypal.sign(RAW, NOW))

    assert set(door.host.resolver.asked) == {"api.paypal.com:443"}, "a redirect is not followed"
    door.host.status = 200
    assert await door.takes(door.paypal.sign(RAW, NOW))


async def test_while_paypal_is_not_there_it_is_to_come_again() -> None:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector("/nonexistent")) as http:
        certificates = Certificates(fetching(http), roots=[ROOT.certificate])
        with pytest.raises(ProviderUnavailable):
            await is_signed(RAW, an_identity(ISSUING).sign(RAW, NOW), WEBHOOK_ID, certificates, NOW)


async def test_a_host_that_only_claims_to_be_paypal_is_not_believed(door: Door) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=door.host.resolver)) as http:
        certificates = Certificates(fetching(http), roots=[ROOT.certificate])
        with pytest.raises(ProviderUnavailable, match="Certificate"):
            await is_signed(RAW, door.paypal.sign(RAW, NOW), WEBHOOK_ID, certificates, NOW)

    assert door.host.requests == []


async def test_what_paypal_does_not_have_it_is_not_asked_for_again_at_once(door: Door) -> None:
    door.host.served.clear()

    for _ in range(3):
        assert not await door.takes(door.paypal.sign(RAW, NOW))
    assert len(door.host.requests) == 1

    door.host.served[PATH] = door.paypal.pem
    later = NOW + timedelta(minutes=5)
    assert await door.takes(door.paypal.sign(RAW, later), now=later)


async def test_a_forger_who_names_many_addresses_makes_us_fetch_a_few_a_minute(door: Door) -> None:
    def forged(number: int, at: datetime = NOW) -> dict[str, str]:
        path = f"/v1/notifications/certs/CERT-{number}"
        return door.paypal.sign(RAW, at, **{"PAYPAL-CERT-URL": f"https://api.paypal.com{path}"})

    assert await door.takes(door.paypal.sign(RAW, NOW))
    for number in range(1, 30):
        assert not await door.takes(forged(number))
    with pytest.raises(ProviderUnavailable, match="many certificates"):
        await door.takes(forged(30))

    assert len(door.host.requests) == 30
    assert await door.takes(door.paypal.sign(RAW, NOW)), "what is kept needs no fetching"
    later = NOW + timedelta(minutes=1)
    assert not await door.takes(forged(31, later), now=later)
    assert len(door.host.requests) == 31


async def test_a_certificate_issued_anew_at_the_same_address_is_fetched_again(door: Door) -> None:
    of_then = an_identity(ISSUING, until=NOW + timedelta(hours=1))
    door.host.served[PATH] = of_then.pem
    assert await door.takes(of_then.sign(RAW, NOW))

    door.host.served[PATH] = door.paypal.pem
    later = NOW + timedelta(hours=2)

    assert await door.takes(door.paypal.sign(RAW, later), now=later)


async def test_few_certificates_are_kept_and_few_fetched_at_once(door: Door) -> None:
    def delivery(number: int) -> dict[str, str]:
        path = f"/v1/notifications/certs/CERT-{number}"
        door.host.served[path] = door.paypal.pem
        return door.paypal.sign(RAW, NOW, **{"PAYPAL-CERT-URL": f"https://api.paypal.com{path}"})

    assert all(await asyncio.gather(*(door.takes(delivery(0)) for _ in range(20))))
    fetched_at_once = len(door.host.requests)
    for number in range(1, 9):
        assert await door.takes(delivery(number))
    again = len(door.host.requests)
    assert await door.takes(delivery(8))
    assert await door.takes(delivery(0))

    assert fetched_at_once <= 4
    assert len(door.host.requests) == again + 1, "the last is kept, the first was given up"
