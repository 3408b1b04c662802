"""Who may do what: one line for every command, button, select and form, with the answer that each person gets.

A person of this table is named by a column of WHO. An answer is a `Reason`, when the bot says no, or the beginning of
the title of what it says, '' being anything but a no. FORM means that a form opens.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simcord import MemberActor

from core.db import tables
from core.rules.refusals import Reason
from core.usecases.asker import Asker
from core.usecases.community.pause_mentor import pause_mentor
from core.usecases.completion.complete import complete
from core.usecases.completion.no_show import no_show
from core.usecases.packs.adjust import adjust
from core.usecases.refunds.refund_order import Wish, preview_refund
from core.usecases.refunds.take_for_refund import Answer as Answer_
from core.usecases.refunds.take_for_refund import preview_taking
from tests.answers import given
from tests.bot.world import World
from tests.builders import DAY, HOUR, a_session, owner_of, row_of, rows_of
from tests.usecases.refunds.steps import hears, news_of

STRANGER, ELSEWHERE, OTHER_STUDENT, STUDENT = "stranger", "elsewhere", "other_student", "student"
OTHER_MENTOR, MENTOR, STAFF = "other_mentor", "mentor", "staff"
WHO: Final = (STRANGER, ELSEWHERE, OTHER_STUDENT, STUDENT, OTHER_MENTOR, MENTOR, STAFF)
"""ELSEWHERE is a mentor of another community, OTHER_STUDENT one of another mentor; all else is about Stu and Mara."""

FORM: Final = "a form"
WHY: Final = "We met on the phone"

Answer = Reason | str


@dataclass
class Stage:
    """The world, and what the line is about: made anew when somebody has used it up."""

    world: World
    session_id: int = 0
    question_id: int = 0
    order_id: int = 0
    refund_id: int = 0
    seen: int = 0
    made: int = 0

    async def a_session_over(self) -> int:
        self.made += 1
        return await a_session(self.world.db, self.world.pair, self.world.clock.now() - 2 * self.made * HOUR)


Given = Callable[[Stage], Awaitable[None]]


async def nothing(_stage: Stage) -> None:
    pass


async def started(stage: Stage) -> None:
    stage.session_id = await stage.a_session_over()


async def booked(stage: Stage) -> None:
    stage.made += 1
    stage.session_id = await a_session(
        stage.world.db, stage.world.pair, stage.world.clock.now() + 2 * DAY + 2 * stage.made * HOUR
    )


async def paused(stage: Stage) -> None:
    world = stage.world
    staff = Asker(world.guild.id, world.sam.id, "Sam", frozenset({world.staff_role.id}))
    given(await pause_mentor(world.db, staff, world.mara.id))


async def completed(stage: Stage) -> None:
    await started(stage)
    given(await complete(stage.world.db, stage.world.mara.person.asker, stage.session_id))


async def missed(stage: Stage) -> None:
    await started(stage)
    given(await no_show(stage.world.db, stage.world.mara.person.asker, stage.session_id))


async def asked(stage: Stage) -> None:
    pair = stage.world.pair
    given(await adjust(stage.world.db, stage.world.mara.person.asker, pair.seat_id, pair.pack_id, -1, 4, WHY))
    stage.question_id = (await rows_of(stage.world.db, tables.adjustments))[-1]["id"]


async def bought(stage: Stage) -> None:
    """The pair's purchase, and what staff see who are about to give one session of it back."""
    pair = stage.world.pair
    stage.order_id = (await row_of(stage.world.db, tables.packs, pair.pack_id))["order_id"]
    shown = await preview_refund(stage.world.db, owner_of(pair.community), Wish(stage.order_id, WHY, 1))
    stage.seen = given(shown).seen


async def seen_on_the_pages(stage: Stage) -> None:
    """A refund on the provider's pages, and what staff see who are about to take one session for it."""
    stage.made += 1
    ref = f"re_{stage.made}"
    await hears(stage.world.db, await news_of(stage.world.db, stage.world.pair, 100, ref))
    stage.refund_id = (await rows_of(stage.world.db, tables.refunds))[-1]["id"]
    shown = await preview_taking(stage.world.db, owner_of(stage.world.community), Answer_(stage.refund_id, 1, WHY))
    stage.seen = given(shown).seen


@dataclass(frozen=True)
class Line:
    """`answers` by WHO. What is called in `options`, `numbers`, `chosen` and `words` may need the stage."""

    answers: Mapping[str, Answer]
    options: Mapping[str, Any] = field(default_factory=dict)  # a command's
    numbers: tuple[Any, ...] = ()  # of a custom_id
    chosen: Any = None  # in a select
    words: Mapping[str, str] = field(default_factory=dict)  # sent in a form
    footer: str = ""  # of the message that is pressed on
    given: Given = nothing


def anybody(says: str = "", /, **but: Answer) -> dict[str, Answer]:
    return dict.fromkeys(WHO, says) | but


def only(*who: str, no: Answer, says: str = "", **but: Answer) -> dict[str, Answer]:
    return dict.fromkeys(WHO, no) | dict.fromkeys(who, says) | but


def staff_only(says: str = "") -> dict[str, Answer]:
    return only(STAFF, no=Reason.NOT_STAFF, says=says)


def of_the_session(says: str) -> dict[str, Answer]:
    """Who may say how a session was."""
    return only(MENTOR, STAFF, no=Reason.NOT_YOURS, says=says)


def of_a_cancel(**but: Answer) -> dict[str, Answer]:
    return only(STUDENT, MENTOR, STAFF, no=Reason.NOT_YOURS, **but)


def of_the_seat(says: str) -> dict[str, Answer]:
    return only(STUDENT, no=Reason.NO_SEAT, says=says, mentor=Reason.OWN_MENTOR)


def buyers(says: str) -> dict[str, Answer]:
    return anybody(says, mentor=Reason.OWN_MENTOR)


def eve(stage: Stage) -> MemberActor:
    return stage.world.eve


def mentor(stage: Stage) -> int:
    return stage.world.mara.id


def seat(stage: Stage) -> int:
    return stage.world.pair.seat_id


def seat_typed(stage: Stage) -> str:
    return str(stage.world.pair.seat_id)


def pack(stage: Stage) -> int:
    return stage.world.pair.pack_id


def product(stage: Stage) -> int:
    return stage.world.pair.product_id


def session(stage: Stage) -> int:
    return stage.session_id


def session_typed(stage: Stage) -> str:
    return str(stage.session_id)


def question(stage: Stage) -> int:
    return stage.question_id


def order_typed(stage: Stage) -> str:
    return str(stage.order_id)


def order(stage: Stage) -> int:
    return stage.order_id


def refund(stage: Stage) -> int:
    return stage.refund_id


def seen(stage: Stage) -> int:
    return stage.seen


def staff_role(stage: Stage) -> int:
    return stage.world.staff_role.id


def staff_room(stage: Stage) -> int:
    return stage.world.staff_room.id


def public(stage: Stage) -> int:
    return stage.world.public.id


def in_two_days(stage: Stage) -> int:
    return int((stage.world.clock.now() + 2 * DAY - 2 * HOUR).timestamp())


MARA: Final = {"mentor": "Mara"}
OUTCOME: Final = {"session": session_typed}
SOLD: Final = {"product": "Four sessions"}
PAIR: Final = {"student": seat_typed}
DAY_TYPED: Final = "2026-03-04"

COMMANDS: Final[dict[str, Line]] = {
    "Complete session": Line(only(MENTOR, STAFF, no="Nothing to complete", says="Complete"), given=started),
    "adjust": Line(of_the_session(""), PAIR | {"delta": -1, "reason": WHY}),
    "availability set": Line(only(MENTOR, OTHER_MENTOR, no=Reason.NOT_A_MENTOR, says=FORM)),
    "availability show": Line(only(MENTOR, OTHER_MENTOR, no=Reason.NOT_A_MENTOR, says="Your hours")),
    "book": Line(of_the_seat("Book this session?"), MARA | {"when": f"{DAY_TYPED} 10:00"}),
    "buy": Line(buyers("Almost done"), MARA),
    "complete": Line(of_the_session("Complete"), OUTCOME, given=started),
    "help": Line(anybody("What you can do here")),
    "history": Line(only(STUDENT, OTHER_STUDENT, no="Nothing happened yet", says="Your history")),
    "mentor": Line(anybody("Mara"), {"name": "Mara"}),
    "mentors": Line(anybody("Mentors")),
    "mydata": Line(
        only(OTHER_STUDENT, STUDENT, OTHER_MENTOR, MENTOR, no=Reason.NOTHING_HELD, says="Your data"),
    ),
    "noshow": Line(of_the_session("Noted: Stu did not come"), OUTCOME, given=started),
    "note add": Line(of_the_session("Noted"), PAIR | {"text": "Likes rooks"}),
    "note list": Line(of_the_session(""), PAIR),
    "remaining": Line(only(STUDENT, OTHER_STUDENT, no="Nothing here yet", says="What you have left")),
    "renew": Line(buyers("Almost done"), MARA),
    "schedule": Line(anybody("Nothing scheduled")),
    "setup": Line(staff_only("Set up"), {"time_zone": "Etc/UTC", "currency": "EUR"}),
    "staff audit": Line(staff_only()),
    "staff cancel": Line(of_a_cancel(), OUTCOME | {"reason": WHY}, given=booked),
    "staff code add": Line(staff_only("New code: GOOD"), {"word": "good", "percent": 5}),
    "staff code list": Line(staff_only()),
    "staff code retire": Line(staff_only(Reason.UNKNOWN_CODE), {"word": "good"}),
    "staff extend": Line(staff_only("More time for Stu"), PAIR | {"days": 3, "reason": WHY}),
    "staff failures": Line(staff_only()),
    "staff grant": Line(staff_only("Given to Eve"), MARA | {"student": eve, "sessions": 1, "reason": WHY}),
    "staff mentor add": Line(
        staff_only("New mentor: Eve"),
        {"member": eve, "hours": "Mon 10:00-12:00", "time_zone": "Etc/UTC", "capacity": 2},
    ),
    "staff mentor capacity": Line(staff_only("Seats of Mara"), MARA | {"capacity": 1}),
    "staff mentor edit": Line(staff_only("New terms: Mara"), MARA | {"buffer_minutes": 5}),
    "staff mentor pause": Line(staff_only("Mara takes a break"), MARA),
    "staff mentor remove": Line(staff_only("Remove Mara as a mentor?"), MARA | {"reason": WHY}),
    "staff mentor resume": Line(staff_only("Mara is back"), MARA, given=paused),
    "staff product add": Line(staff_only("For sale with Mara"), MARA | {"name": "Ten", "price": "49.90"}),
    "staff product edit": Line(staff_only("Changed: for sale with Mara"), MARA | SOLD | {"name": "Ten"}),
    "staff product retire": Line(staff_only("Take “Four sessions” of Mara off sale?"), MARA | SOLD),
    "staff refund": Line(
        staff_only("Give €50.00 back to Stu?"), {"order": order_typed, "reason": WHY, "sessions": 1}, given=bought
    ),
    "staff release": Line(staff_only("Release Stu's seat"), PAIR | {"reason": WHY}),
    "staff settings set": Line(staff_only("Changed"), {"name": "undo_days", "value": 5}),
    "staff settings show": Line(staff_only("Settings")),
    "staff tasks": Line(staff_only()),
    "staff webhook": Line(staff_only()),
    "students": Line(only(MENTOR, OTHER_MENTOR, STAFF, no=Reason.NOT_A_MENTOR)),
    "timezone": Line(anybody("Your time zone is Europe/Berlin"), {"zone": "Europe/Berlin"}),
    "undo": Line(of_the_session("Undone"), OUTCOME, given=completed),
    "waive": Line(of_the_session("Waived"), OUTCOME, given=missed),
}

ACTIONS: Final[dict[str, Line]] = {
    "adjust-add": Line(of_the_session(""), numbers=(seat, pack, 3, 1), footer=WHY, given=completed),
    "adjust-no": Line(only(STUDENT, no=Reason.NOT_YOURS, says="You said no"), numbers=(question,), given=asked),
    "adjust-take": Line(of_the_session(""), numbers=(seat, pack, 4, 1), footer=WHY),
    "adjust-yes": Line(only(STUDENT, no=Reason.NOT_YOURS, says="Done: 4"), numbers=(question,), given=asked),
    "audit-page": Line(staff_only(), numbers=(99, 0, 0, 0, 0, 0)),
    "book": Line(of_the_seat("Book a session"), numbers=(mentor,)),
    "buy": Line(buyers("Almost done"), numbers=(mentor,)),
    "cancel": Line(of_a_cancel(staff=Reason.STAFF_SAY_WHY), numbers=(session,), given=booked),
    "waive": Line(of_the_session("Waived"), numbers=(session,), given=missed),
    "cancel-why": Line(of_a_cancel(), numbers=(session, 0), footer=WHY, given=booked),
    "cancel-yes": Line(of_a_cancel(staff=Reason.STAFF_SAY_WHY), numbers=(session, 0), given=booked),
    "codes-page": Line(staff_only(), numbers=(0,)),
    "complete": Line(of_the_session("Complete"), numbers=(session,), given=started),
    "confirm": Line(of_the_seat("Booked"), numbers=(mentor, in_two_days)),
    "failures-page": Line(staff_only(), numbers=(0,)),
    "grant-parked": Line(anybody(FORM), numbers=(1,)),
    "help-page": Line(anybody("What you can do here"), numbers=(0,)),
    "history-page": Line(only(STUDENT, OTHER_STUDENT, no="Nothing happened yet", says="Your history"), numbers=(0,)),
    "hours": Line(only(MENTOR, OTHER_MENTOR, no=Reason.NOT_A_MENTOR, says=FORM)),
    "how-many": Line(anybody(FORM), numbers=(1,)),
    "hours-again": Line(only(MENTOR, OTHER_MENTOR, no=Reason.NOT_A_MENTOR, says=FORM)),
    "mentors-page": Line(anybody("Mentors"), numbers=(0,)),
    "new-secret": Line(staff_only(), numbers=(0,)),
    "new-secret-now": Line(staff_only(), numbers=(0,)),
    "noshow": Line(of_the_session("Noted: Stu did not come"), numbers=(session,), given=started),
    "not-held": Line(of_the_session("Noted: not held"), numbers=(session,), given=started),
    "note": Line(anybody(FORM), numbers=(seat,)),
    "notes-page": Line(of_the_session(""), numbers=(seat, 0)),
    "pay-with-paypal": Line(anybody(Reason.UNKNOWN_ORDER) | {STUDENT: Reason.ALREADY_PAID}, numbers=(1,)),
    "pay-with-stripe": Line(anybody(Reason.UNKNOWN_ORDER) | {STUDENT: Reason.ALREADY_PAID}, numbers=(1,)),
    "pick-adjust-add": Line(of_the_session(""), numbers=(seat, 1), chosen=pack, footer=WHY, given=completed),
    "pick-adjust-take": Line(of_the_session(""), numbers=(seat, 1), chosen=pack, footer=WHY),
    "pick-cancel": Line(of_a_cancel(staff=Reason.STAFF_SAY_WHY), chosen=session, given=booked),
    "pick-complete": Line(of_the_session("Complete"), chosen=session, given=started),
    "pick-day": Line(of_the_seat("Wednesday, 4 March"), numbers=(mentor,), chosen=DAY_TYPED),
    "pick-days": Line(of_the_seat("Book a session"), numbers=(mentor, 0)),
    "pick-extend": Line(staff_only("More time for Stu"), numbers=(seat, 3), chosen=pack, footer=WHY),
    "pick-mentor": Line(anybody("What would you like?"), chosen=mentor),
    "pick-mentor-noshow": Line(of_the_session("Noted: not held"), chosen=session, given=started),
    "pick-noshow": Line(of_the_session("Noted: Stu did not come"), chosen=session, given=started),
    "pick-not-held": Line(of_the_session("Noted: not held"), chosen=session, given=started),
    "pick-product": Line(buyers("Almost done"), numbers=(mentor,), chosen=product),
    "pick-sessions-channel": Line(staff_only("Set up"), chosen=public),
    "pick-staff-channel": Line(staff_only("Set up"), chosen=staff_room),
    "pick-staff-role": Line(staff_only("Set up"), chosen=staff_role),
    "pick-time": Line(of_the_seat("Book this session?"), numbers=(mentor, 0), chosen=in_two_days),
    "pick-times": Line(of_the_seat("Wednesday, 4 March"), numbers=(mentor, in_two_days)),
    "pick-undo": Line(of_the_session("Undone"), chosen=session, given=completed),
    "pick-waive": Line(of_the_session("Waived"), chosen=session, given=missed),
    "evidence": Line(staff_only() | {STAFF: Reason.UNKNOWN_ORDER}, numbers=(1,)),
    "refund-by-hand": Line(anybody(FORM), numbers=(1,)),
    "refund-again": Line(anybody(FORM), numbers=(1,)),
    "refund-not-owed": Line(anybody(FORM), numbers=(1,)),
    "refund-parked": Line(anybody(FORM), numbers=(1,)),
    "refund-confirm": Line(
        staff_only("Goes back: €50.00"), numbers=(order, 1, 5_000, 0, seen), footer=WHY, given=bought
    ),
    "release-seat": Line(staff_only("Released: Stu"), numbers=(seat,), footer=WHY),
    "remaining-page": Line(
        only(STUDENT, OTHER_STUDENT, no="Nothing here yet", says="What you have left"), numbers=(0,)
    ),
    "remove-mentor": Line(staff_only("Removed: Mara"), numbers=(mentor,), footer=WHY),
    "renew": Line(buyers("Almost done"), numbers=(mentor,)),
    "retire-product": Line(staff_only("Off sale with Mara"), numbers=(mentor, product)),
    "retry-all": Line(staff_only()),
    "retry-event": Line(staff_only(), numbers=(1, 0)),
    "retry-notice": Line(staff_only(), numbers=(1, 0)),
    "schedule": Line(anybody("Nothing scheduled")),
    "schedule-page": Line(anybody("Nothing scheduled"), numbers=(0,)),
    "set-zone": Line(staff_only(FORM)),
    "students-page": Line(only(MENTOR, OTHER_MENTOR, STAFF, no=Reason.NOT_A_MENTOR), numbers=(0, 0)),
    "take-confirm": Line(staff_only("Noted: Stu"), numbers=(refund, 1, 0, seen), footer=WHY, given=seen_on_the_pages),
    "tasks-page": Line(staff_only(), numbers=(0,)),
    "undo": Line(of_the_session("Undone"), numbers=(session, 0), given=completed),
}

FORMS: Final[dict[str, Line]] = {
    "grant-order": Line(staff_only() | {STAFF: Reason.ALREADY_DECIDED}, numbers=(1,), words={"why": WHY}),
    "note-add": Line(of_the_session("Noted"), numbers=(seat,), words={"text": "Likes rooks"}),
    "refund-made": Line(staff_only() | {STAFF: Reason.UNKNOWN_ORDER}, numbers=(1,), words={"why": WHY}),
    "refund-anew": Line(staff_only() | {STAFF: Reason.UNKNOWN_ORDER}, numbers=(1,), words={"why": WHY}),
    "refund-dropped": Line(staff_only() | {STAFF: Reason.UNKNOWN_ORDER}, numbers=(1,), words={"why": WHY}),
    "refund-order": Line(staff_only() | {STAFF: Reason.ALREADY_DECIDED}, numbers=(1,), words={"why": WHY}),
    "take-for-refund": Line(
        staff_only("Take sessions off"),
        numbers=(refund,),
        words={"sessions": "1", "why": WHY},
        given=seen_on_the_pages,
    ),
    "set-hours": Line(
        only(MENTOR, OTHER_MENTOR, no=Reason.NOT_A_MENTOR, says="Your hours are set"), words={"hours": "Mon 10-12"}
    ),
    "set-up": Line(staff_only("Set up"), words={"zone": "Etc/UTC", "currency": "EUR"}),
}
