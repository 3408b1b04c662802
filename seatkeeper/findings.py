"""What `seatkeeper doctor` finds: one line a check, and never a secret. And how it asks over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from core.config import WHERE_TO_GET

OK, WARN, MISSING = "ok", "warn", "missing"

TRY_AGAIN = "Look at the network; try again."

_ANSWERS_WITHIN = aiohttp.ClientTimeout(total=10)
_SKEW = timedelta(seconds=30)
_AWAY = (aiohttp.ClientError, OSError)  # TimeoutError is an OSError


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` is empty where nothing is to be done."""

    level: str
    about: str
    says: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.level:<8} {self.about:<22} {self.says}" + (f" → {self.mend}" if self.mend else "")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status 0, and the fault's name as body, if no answer came. Of another status than 200 the body is its number.

    `at` is when it answered, by the other side's clock.
    """

    status: int
    body: Any
    at: datetime | None = None


def is_set(name: str, there: bool) -> Finding:
    return Finding(OK, name, "is set") if there else Finding(MISSING, name, "is not set", WHERE_TO_GET[name.lower()])


def clock_beside(whose: str, theirs: datetime, ours: datetime) -> Finding:
    """Whether this machine's clock agrees with another's."""
    if abs(theirs - ours) <= _SKEW:
        return Finding(OK, "Clock", f"this machine's agrees with {whose}")
    apart = int(abs(theirs - ours).total_seconds())
    return Finding(WARN, "Clock", f"this machine's and {whose} are {apart} s apart", "Let both follow NTP.")


async def ask(url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> Answer:
    """What is answered; with a form it is posted."""
    method = "GET" if form is None else "POST"
    try:
        async with (
            aiohttp.ClientSession(timeout=_ANSWERS_WITHIN) as http,
            http.request(method, url, headers=headers, data=form, allow_redirects=False) as answer,
        ):
            body = await answer.json(content_type=None) if answer.status == 200 else str(answer.status)
            return Answer(answer.status, body, _instant(answer.headers.get("Date")))
    except _AWAY as error:
        return Answer(0, type(error).__name__)
    except ValueError:
        return Answer(0, "not JSON")


def _instant(date: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(date or "").astimezone(UTC)
    except ValueError:
        return None
