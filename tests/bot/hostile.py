"""What somebody who means no good types into each option and form. A command that is missing here fails its test."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from core.db import tables
from tests.bot.world import World
from tests.builders import Pair, rows_of
from tests.usecases.records.tasks import a_failed_refund, a_parked_order
from tests.usecases.refunds.steps import hears, news_of

LONGEST = 4000  # characters of a form's text; an option takes as many

BLANK = ("", "   ", "\u200b\u2060", "\x00")
NONSENSE = (
    "@everyone @here <@1> <@&1> <#1>",
    "**b** [x](https://x.example) `c` ||s|| ```\n# h\n> q",
    "\u202eevil\u202c \u200bhidden\u2066",
    "a\x00b\x1b[31m",
    "half a \ud83d pair",
    "😀👨\u200d👩\u200d👧🏳️\u200d🌈",
    "'; DROP TABLE seats; --",
    "%_\\ {mentor} {0} %s $1",
    "х" * 40,  # a Cyrillic letter that looks like an x
)
LONG = ("x" * LONGEST, "*" * LONGEST, "😀" * (LONGEST // 2), "<@1>\n" * (LONGEST // 5))
NO_IDS = ("0", "-1", "1.5", "1e3", "0x1", "٣", "9" * 18, "9" * 19, "9" * LONGEST)
ENORMOUS = (2**31, 2**53)
NO_NUMBERS = (-1, *(-each for each in ENORMOUS), *ENORMOUS)


@dataclass(frozen=True)
class Scene:
    """The world, with a mentor beside Mara who has a student, and another community of which nothing may be seen."""

    world: World
    of_max: Pair
    foreign: Pair
    foreign_session: int
    order: int
    foreign_order: int
    coming_session: int  # of Stu with Mara

    @property
    def foreign_ids(self) -> tuple[int, ...]:
        """Rows of every kind that the other community has."""
        pair = self.foreign
        return (
            pair.mentor.id,
            pair.student.id,
            pair.seat_id,
            pair.pack_id,
            pair.product_id,
            self.foreign_session,
            self.foreign_order,
        )


Value = Any | Callable[[Scene], Any]


@dataclass(frozen=True)
class Typed:
    """What is typed: `refused` has to be refused; of `other` it is enough that it does no harm."""

    refused: tuple[Value, ...] = ()
    other: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Row:
    """A command or form: who uses it, what stands in the other options, and what is typed into each in turn."""

    who: str
    typed: Mapping[str, Typed]
    good: Mapping[str, Value] = field(default_factory=dict)


def _another(name: str, *more: Value) -> Typed:
    """An option for something that has an id: whatever is no id of this community's, and whatever is `more`."""
    theirs = (lambda scene: str(getattr(scene.foreign, name)),) if name else ()
    return Typed((*BLANK, *NONSENSE, *LONG, *NO_IDS, *theirs, *more))


def _number(least: int, most: int, *more: int) -> Typed:
    return Typed((least - 1, most + 1, *NO_NUMBERS, *more))


MENTOR = Typed((*BLANK, *NONSENSE, *LONG, *NO_IDS, lambda scene: str(scene.foreign.mentor.id), "Foreign Mara"))
PAIR = _another("seat_id", "Foreign Stu")
PAIR_OF_MARA = _another("seat_id", "Foreign Stu", lambda scene: str(scene.of_max.seat_id), "Kim")
SESSION = Typed((*BLANK, *NONSENSE, *LONG, *NO_IDS, lambda scene: str(scene.foreign_session), "Stu"))
PRODUCT = _another("product_id", lambda scene: str(scene.of_max.product_id))
SEARCH = Typed(other=(*BLANK, *NONSENSE, *LONG, *NO_IDS, lambda scene: str(scene.foreign.mentor.id), "foreign"))
REASON = Typed((*BLANK, *LONG), NONSENSE)
NOTE = Typed((*BLANK, *LONG), NONSENSE)
NAME = Typed((*BLANK, *LONG), NONSENSE)
ZONE = Typed(
    (*BLANK, *NONSENSE, *LONG, *NO_IDS, "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe", "europe/berlin")
)
CURRENCY = Typed((*BLANK, *NONSENSE, *LONG, *NO_IDS, "XXX", "EURO", "€"))
_NO_MONEY = ("-1", "1e5", "1,234", "49.999", "9" * 13, "NaN", "∞", "٤٩", "1.2.3", "4 9")
COUNT = Typed((*BLANK, *NONSENSE, *LONG, "-1", "1.5", "1e3", "0x1", "٣", "5", "999"))
PRICE = Typed((*BLANK, *NONSENSE, *LONG, "0", "0.00", *_NO_MONEY))
AMOUNT = Typed((*BLANK, *NONSENSE, *LONG, "200.01", "-0.01", *_NO_MONEY))
ORDER = Typed((*BLANK, *NONSENSE, *LONG, *NO_IDS, lambda scene: str(scene.foreign_order), "Foreign Stu", "404"))
WORD = Typed((*BLANK, *NONSENSE, *LONG))
HOURS = Typed((*NONSENSE, *LONG, "Mon 25:00-26:00", "Mon 10:00-10:75", "Funday 10-12", "10-12", "Mon", "Mon -1-5"))
DAY = Typed((*NONSENSE, *LONG, *NO_IDS, "2026-02-30", "0000-01-01", "9999-12-31", "2026-13-01", "٢٠٢٦-٠١-٠١"))
WHEN = Typed(
    (*BLANK, *NONSENSE, *LONG, *NO_IDS),
    (
        "2020-01-01 10:00",
        "0001-01-01 00:00",
        "9999-12-31 23:59",
        "2026-02-30 10:00",
        "2026-03-03 25:00",
        "2026-03-29 02:30",  # an hour that Berlin's clocks leave out
        "2026-10-25 02:30",  # and one that they have twice
        "<t:0>",
        "<t:99999999999:F>",
        "<t:-1:F>",
        "99999999999",
        lambda scene: f"<t:{int((scene.world.clock.now() + timedelta(hours=1)).timestamp())}>",
    ),
)

COMMANDS: Mapping[str, Row] = {
    "mentors": Row("eve", {"search": SEARCH}),
    "mentor": Row("eve", {"name": MENTOR}),
    "buy": Row("eve", {"mentor": MENTOR, "product": PRODUCT, "provider": WORD, "code": WORD}, {"mentor": "Mara"}),
    "timezone": Row("eve", {"zone": ZONE}),
    "book": Row("stu", {"mentor": MENTOR, "when": WHEN}),
    "remaining": Row("stu", {"mentor": MENTOR}),
    "renew": Row("stu", {"mentor": MENTOR}),
    "complete": Row("mara", {"session": SESSION}),
    "noshow": Row("mara", {"session": SESSION}),
    "undo": Row("mara", {"session": SESSION}),
    "waive": Row("mara", {"session": SESSION}),
    "students": Row("sam", {"mentor": MENTOR}),
    "note add": Row("mara", {"student": PAIR_OF_MARA, "text": NOTE}, {"student": "Stu", "text": "Likes endgames"}),
    "note list": Row("mara", {"student": PAIR_OF_MARA}),
    "adjust": Row(
        "mara",
        {
            "student": PAIR_OF_MARA,
            "delta": Typed((-101, 101, 0, 1, -5, *ENORMOUS, *(-each for each in ENORMOUS))),
            "reason": REASON,
        },
        {"student": "Stu", "delta": -1, "reason": "A slip"},
    ),
    "setup": Row("olga", {"time_zone": ZONE, "currency": CURRENCY}, {"time_zone": "Europe/Berlin", "currency": "EUR"}),
    "staff mentor add": Row(
        "sam",
        {
            "hours": HOURS,
            "time_zone": ZONE,
            "capacity": _number(0, 1000),
            "session_minutes": _number(5, 480, 0),
            "buffer_minutes": _number(0, 240),
            "notice_hours": _number(0, 8760),
            "horizon_days": _number(1, 365),
        },
        {
            "member": lambda scene: scene.world.eve,
            "hours": "Mon 10:00-12:00",
            "time_zone": "Europe/Berlin",
            "capacity": 3,
        },
    ),
    "staff code add": Row(
        "sam",
        {
            "word": Typed((*BLANK, *NONSENSE, *LONG, "ab", "a b c")),
            "percent": _number(1, 100),
            "amount": PRICE,
            "mentor": MENTOR,
            "uses": _number(1, 1_000_000),
            "uses_each": _number(1, 1000),
            "days": _number(1, 3650),
        },
        {"word": "SPRING-10", "percent": 10},
    ),
    "staff code retire": Row("sam", {"word": WORD}),
    "staff mentor edit": Row(
        "sam",
        {
            "mentor": MENTOR,
            "hours": HOURS,
            "time_zone": ZONE,
            "session_minutes": _number(5, 480, 0),
            "buffer_minutes": _number(0, 240),
            "notice_hours": _number(0, 8760),
            "horizon_days": _number(1, 365),
        },
        {"mentor": "Mara", "hours": "Mon 10:00-12:00", "time_zone": "Europe/Berlin"},
    ),
    "staff mentor capacity": Row(
        "sam", {"mentor": MENTOR, "capacity": _number(0, 1000)}, {"mentor": "Mara", "capacity": 3}
    ),
    "staff mentor pause": Row("sam", {"mentor": MENTOR}),
    "staff mentor resume": Row("sam", {"mentor": MENTOR}),
    "staff mentor remove": Row("sam", {"mentor": MENTOR, "reason": REASON}, {"mentor": "Mara", "reason": "Moved away"}),
    "staff product add": Row(
        "sam",
        {
            "mentor": MENTOR,
            "name": NAME,
            "price": PRICE,
            "sessions": _number(1, 100),
            "validity_days": _number(1, 3650),
            "currency": CURRENCY,
        },
        {"mentor": "Mara", "name": "Ten sessions", "price": "49.90"},
    ),
    "staff product edit": Row(
        "sam",
        {
            "mentor": MENTOR,
            "product": PRODUCT,
            "name": NAME,
            "price": PRICE,
            "sessions": _number(1, 100),
            "validity_days": _number(1, 3650),
        },
        {"mentor": "Mara", "product": "Four sessions", "validity_days": 61},
    ),
    "staff product retire": Row(
        "sam", {"mentor": MENTOR, "product": PRODUCT}, {"mentor": "Mara", "product": "Four sessions"}
    ),
    "staff grant": Row(
        "sam",
        {"mentor": MENTOR, "sessions": _number(1, 100), "reason": REASON, "days": _number(1, 3650)},
        {"student": lambda scene: scene.world.eve, "mentor": "Mara", "sessions": 1, "reason": "A gift"},
    ),
    "staff refund": Row(
        "sam",
        {
            "order": ORDER,
            "reason": REASON,
            "sessions": _number(0, 4),
            "amount": AMOUNT,
        },
        {"order": lambda scene: str(scene.order), "reason": "They move away", "sessions": 1, "amount": "49.90"},
    ),
    "staff release": Row("sam", {"student": PAIR, "reason": REASON}, {"student": "Stu – Mara", "reason": "Moved away"}),
    "staff extend": Row(
        "sam",
        {"student": PAIR, "days": _number(1, 365), "reason": REASON},
        {"student": "Stu – Mara", "days": 1, "reason": "Was ill"},
    ),
    "staff settings set": Row(
        "sam",
        {"name": Typed((*BLANK, *NONSENSE, *LONG, *NO_IDS, "grace_for")), "value": _number(1, 720)},
        {"name": "grace_hours", "value": 48},
    ),
    "staff cancel": Row(
        "sam",
        {"session": SESSION, "reason": REASON},
        {"session": lambda scene: str(scene.coming_session), "reason": "The room is closed"},
    ),
    "staff audit": Row("sam", {"mentor": MENTOR, "since": DAY, "until": DAY}),
}
"""Every command with an option that takes words or a number."""


async def _hours(_: Scene) -> str:
    return "hours"


async def _zone(_: Scene) -> str:
    return "set-zone"


async def _note(scene: Scene) -> str:
    return f"note:{scene.world.pair.seat_id}"


async def _grant_parked(scene: Scene) -> str:
    return f"grant-parked:{await a_parked_order(scene.world.db, scene.world.pair)}"


async def _refund_parked(scene: Scene) -> str:
    return f"refund-parked:{await a_parked_order(scene.world.db, scene.world.pair)}"


async def _refund_again(scene: Scene) -> str:
    return f"refund-again:{await a_failed_refund(scene.world.db, scene.world.pair)}"


async def _refund_not_owed(scene: Scene) -> str:
    return f"refund-not-owed:{await a_failed_refund(scene.world.db, scene.world.pair)}"


async def _refund_by_hand(scene: Scene) -> str:
    return f"refund-by-hand:{await a_failed_refund(scene.world.db, scene.world.pair)}"


async def _how_many(scene: Scene) -> str:
    await hears(scene.world.db, await news_of(scene.world.db, scene.world.pair, 100))
    return f"how-many:{(await rows_of(scene.world.db, tables.refunds))[-1]['id']}"


FORMS: Mapping[str, tuple[Row, Callable[[Scene], Awaitable[str]]]] = {
    "set-hours": (Row("mara", {"hours": HOURS}), _hours),
    "set-up": (Row("olga", {"zone": ZONE, "currency": CURRENCY}), _zone),
    "note-add": (Row("mara", {"text": NOTE}), _note),
    "grant-order": (Row("sam", {"why": REASON}), _grant_parked),
    "refund-order": (Row("sam", {"why": REASON}), _refund_parked),
    "take-for-refund": (
        Row("sam", {"sessions": COUNT, "why": REASON}, {"sessions": "1", "why": "Agreed by mail"}),
        _how_many,
    ),
    "refund-made": (Row("sam", {"why": REASON}), _refund_by_hand),
    "refund-anew": (Row("sam", {"why": REASON}), _refund_again),
    "refund-dropped": (Row("sam", {"why": REASON}), _refund_not_owed),
}
"""Every form, and the button that opens it."""
