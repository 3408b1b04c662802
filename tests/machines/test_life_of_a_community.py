"""Random lives of a small community over the real use cases: whatever people do, every invariant holds after it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any, ClassVar, TypeVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.db.tables import adjustments, packs, seats, sessions
from core.ports import StillOpen
from core.rules.refusals import Refused
from core.usecases.booking.book import book
from core.usecases.booking.free_times import free_times
from core.usecases.buying.buy import CheckoutReady, buy
from core.usecases.buying.place import Wanted
from core.usecases.buying.settle import settle
from core.usecases.completion.complete import complete
from core.usecases.completion.no_show import no_show
from core.usecases.completion.not_held import mentor_no_show, not_held
from core.usecases.completion.undo import undo
from core.usecases.completion.waive import waive
from core.usecases.packs.adjust import AdjustPreview, adjust, preview_adjust
from core.usecases.packs.answer_adjustment import answer_adjustment
from core.usecases.packs.choosing import ChoosePack
from core.usecases.packs.extend import extend
from core.usecases.packs.grant import Grant, grant
from core.usecases.seats.release_by_staff import release_by_staff
from tests.builders import Person, row_of, rows_of
from tests.clocks import SettableClock
from tests.databases import Databases
from tests.machines.house import PUBLIC_URL, House, a_house
from tests.machines.invariants import breaches, occupied
from tests.provider import LedgerProvider

T = TypeVar("T")

LIVES = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
mentor = st.integers(0, 1)
student = st.integers(0, 2)
_NEAR = 12  # so that people want the same times

any_of_many = st.integers(0, 10**6)


class Life(RuleBasedStateMachine):
    """Whoever acts is drawn at random; a refusal is as good an answer as any, as long as nothing breaks."""

    databases: ClassVar[Databases]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.runner = self.stack.enter_context(asyncio.Runner())
        clock = SettableClock()
        self.provider = LedgerProvider(clock)
        self.house: House = self.run(a_house(self.databases, self.stack, clock, self.provider))
        self.taken = self.run(occupied(self.house.db))
        self.may_exceed = False

    def run(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return self.runner.run(done())

    def teardown(self) -> None:
        self.run(self.house.db.close())
        self.stack.close()

    # ------------------------------------------------------------ what people do

    @initialize(who=student, whose=mentor)
    def somebody_has_bought(self, who: int, whose: int) -> None:
        self.buys(who, whose, 1)
        self.pays(0, told_at_once=True)

    @rule(who=student, whose=mentor, what=st.integers(0, 1))
    def buys(self, who: int, whose: int, what: int) -> None:
        teacher = self.house.mentors[whose]
        product = self.house.products[teacher.id][what]
        placed = self.run(
            buy(
                self.house.db,
                self.house.providers,
                PUBLIC_URL,
                self._student(who).asker,
                teacher.id,
                Wanted(product),
            )
        )
        assert isinstance(placed, CheckoutReady | Refused)

    @rule(which=any_of_many, told_at_once=st.booleans())
    def pays(self, which: int, told_at_once: bool) -> None:
        """Somebody pays an open checkout. The provider tells us now, or we ask later; who paid in time may exceed."""
        provider = self.provider
        still_open = sorted(ref for ref, news in provider.news.items() if isinstance(news, StillOpen))
        if not still_open:
            return
        paid = provider.pay(still_open[which % len(still_open)])
        if told_at_once:
            self.run(settle(self.house.db, "stripe", paid))
        self.may_exceed = True

    @rule(who=student, whose=mentor, which=any_of_many)
    def books(self, who: int, whose: int, which: int) -> None:
        asker, teacher = self._student(who).asker, self.house.mentors[whose]
        free = self.run(free_times(self.house.db, asker, teacher.id))
        if isinstance(free, Refused) or not free.by_day:
            return
        nearest = [at for times in free.by_day.values() for at in times][:_NEAR]
        self.run(book(self.house.db, asker, teacher.id, nearest[which % len(nearest)]))

    @rule(which=any_of_many, by_staff=st.booleans())
    def completes(self, which: int, by_staff: bool) -> None:
        session = self._session(which)
        if session is not None:
            asker = self.house.staff if by_staff else self._person(session["mentor_id"]).asker
            self.run(complete(self.house.db, asker, session["id"]))

    @rule(
        which=any_of_many,
        by_staff=st.booleans(),
        word=st.sampled_from([no_show, not_held, mentor_no_show, undo, waive]),
    )
    def says(self, which: int, by_staff: bool, word: Callable[..., Awaitable[object]]) -> None:
        """Something else of a session; who takes it back may give a seat back above capacity (23)."""
        session = self._session(which)
        if session is not None:
            asker = self.house.staff if by_staff else self._person(session["mentor_id"]).asker
            self.run(word(self.house.db, asker, session["id"]))
            self.may_exceed = self.may_exceed or word in (undo, waive)

    # ------------------------------------------------------------ what staff and mentors do by hand

    @rule(who=student, whose=mentor, sessions=st.integers(1, 2), above=st.booleans())
    def staff_grant(self, who: int, whose: int, sessions: int, above: bool) -> None:
        pupil, teacher = self._student(who), self.house.mentors[whose]
        wanted = Grant(pupil.user_id, pupil.name, teacher.id, sessions, "Sorry", above_capacity=above)
        self.run(grant(self.house.db, self.house.staff, wanted))
        self.may_exceed = above

    @rule(which=any_of_many)
    def staff_release(self, which: int) -> None:
        seat_id = self._seat_id(which)
        if seat_id is not None:
            self.run(release_by_staff(self.house.db, self.house.staff, seat_id, "Did not come"))

    @rule(which=any_of_many, days=st.sampled_from([1, 30]))
    def staff_extend(self, which: int, days: int) -> None:
        seat_id = self._seat_id(which)
        if seat_id is not None:
            self.run(extend(self.house.db, self.house.staff, seat_id, days, "Ill"))

    @rule(which=any_of_many, delta=st.sampled_from([-3, -1, 1, 2]), by_staff=st.booleans())
    def adjusts(self, which: int, delta: int, by_staff: bool) -> None:
        seat_id = self._seat_id(which)
        if seat_id is None:
            return
        seat = self.run(row_of(self.house.db, seats, seat_id))
        asker = self.house.staff if by_staff else self._person(seat["mentor_id"]).asker
        shown = self.run(preview_adjust(self.house.db, asker, seat_id, delta, "Counted wrongly"))
        if isinstance(shown, ChoosePack):
            shown = self.run(
                preview_adjust(self.house.db, asker, seat_id, delta, "Counted wrongly", shown.packs[0].pack_id)
            )
        if isinstance(shown, AdjustPreview):
            self.run(adjust(self.house.db, asker, seat_id, shown.pack_id, delta, shown.before, "Counted wrongly"))

    @rule(which=any_of_many, yes=st.booleans())
    def answers(self, which: int, yes: bool) -> None:
        known = self.run(rows_of(self.house.db, adjustments))
        if known:
            asked = known[which % len(known)]
            pack = self.run(row_of(self.house.db, packs, asked["pack_id"]))
            self.run(answer_adjustment(self.house.db, self._person(pack["student_id"]).asker, asked["id"], yes))

    # ------------------------------------------------------------ what time does

    @rule(hours=st.sampled_from([1, 6, 24, 24 * 3, 24 * 8]), jobs_run=st.booleans())
    def time_passes(self, hours: int, jobs_run: bool) -> None:
        self.house.clock.forward(hours=hours)
        if jobs_run:
            self.jobs_run()

    @rule()
    def jobs_run(self) -> None:
        self.run(self.house.jobs.run_due())
        self.may_exceed = True  # news of who paid in time may be among what was due

    # ------------------------------------------------------------ what holds

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.run(breaches(self.house.db)) == {}

    @invariant()
    def nobody_new_sits_above_capacity(self) -> None:
        taken = self.run(occupied(self.house.db))
        for mentor_id, (now, capacity) in taken.items():
            before, _ = self.taken[mentor_id]
            assert now <= max(before, capacity) or self.may_exceed, (
                f"mentor {mentor_id}: {before} → {now} of {capacity}"
            )
        self.taken, self.may_exceed = taken, False

    # ------------------------------------------------------------ who and which

    def _student(self, number: int) -> Person:
        return self.house.students[number]

    def _person(self, member_id: int) -> Person:
        return next(person for person in self.house.people if person.id == member_id)

    def _seat_id(self, which: int) -> int | None:
        known = self.run(rows_of(self.house.db, seats))
        return known[which % len(known)]["id"] if known else None

    def _session(self, which: int) -> Any:
        known = self.run(rows_of(self.house.db, sessions))
        return known[which % len(known)] if known else None


def test_whatever_people_do_every_invariant_holds(databases: Databases) -> None:
    life = type("LifeOnThisDatabase", (Life,), {"databases": databases})

    run_state_machine_as_test(life, settings=LIVES)
