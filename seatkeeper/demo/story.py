"""The story by itself: students, mentors and staff live through seats, and every step is checked.

Nothing that is printed is fixed text but who did what.
"""

from datetime import timedelta

from rich.console import Console
from rich.markup import escape

from core.rules.states import SeatState
from seatkeeper.demo.community import STAFF
from seatkeeper.demo.languages import speaks
from seatkeeper.demo.play import Play
from seatkeeper.demo.walk import Unexpected, Walk


async def tell(play: Play, out: Console) -> int:
    """Walk the story; 0 if every step went as it must, else 1 with the step that did not."""
    story = Story(play, out)
    try:
        await story.ann_renews("Ann", "Mira Thapa")
        await story.ben_lets_go("Ben", "Jonas Weber")
        await story.ben_is_given_it_back("Ben", "Jonas Weber")
        await story.ann_is_asked("Ann", "Mira Thapa")
        await story.chloe_reads_german("Chloe", "Jonas Weber")
        story.nothing_broke()
    except Unexpected as error:
        out.print(f"\n[red]Step {story.step} did not go as it must:[/] {escape(str(error))}")
        return 1
    out.print(f"\n[green]All {story.step} steps went as they must.[/]")
    return 0


class Story(Walk):
    """The lives, one after the other."""

    async def ann_renews(self, ann: str, mira: str) -> None:
        """Buy four sessions, use them, be reminded and warned, and renew at the last call."""
        card = await self._card(mira)
        product = card.products[0]
        await self._finds(ann, mira)
        await self._buys(ann, mira, card.mentor_id, None)
        self._must(ann, "You have a seat with", mira)
        self._must(mira, "A new student", ann)
        await self._seat(ann, mira, SeatState.ACTIVE, product.sessions)
        for number in range(1, product.sessions + 1):
            await self._meets(ann, mira, by_command=number == 1)
            left = product.sessions - number
            self._must(ann, "Done", mira)
            if left == 1:
                self._must(ann, "One session left", mira)
            if left:
                await self._seat(ann, mira, SeatState.ACTIVE, left)
        self._must(ann, "No sessions left", mira)
        grace = await self._seat(ann, mira, SeatState.GRACE, 0)
        await self._until(ann, "Last call")
        await self._renews(ann, mira)
        self._must(ann, "Renewed", mira)
        await self._seat(ann, mira, SeatState.ACTIVE, product.sessions)
        await self._begin("The end of the old grace goes by")
        if grace.grace_ends_at is None:
            raise Unexpected(f"{ann}'s grace has no end")
        await self._play.forward(grace.grace_ends_at - self._play.clock.now() + timedelta(minutes=1))
        await self._end()
        await self._seat(ann, mira, SeatState.ACTIVE, product.sessions)

    async def ben_lets_go(self, ben: str, jonas: str) -> None:
        """Buy a single session by bank, use it, do nothing, and lose the seat."""
        card = await self._card(jonas)
        product = next(each for each in card.products if each.sessions == 1)
        await self._buys(ben, jonas, card.mentor_id, product.id, by_bank=True)
        self._must(ben, "You have a seat with", jonas)
        await self._meets(ben, jonas, by_command=True)
        self._must(ben, "No sessions left", jonas)
        self._must_not(ben, "One session left")
        await self._seat(ben, jonas, SeatState.GRACE, 0)
        await self._until(ben, "Last call")
        await self._until(ben, "Your seat with")
        self._must(ben, "Your seat with", "released")
        self._must(jonas, f"{ben}'s seat is released")
        self._must(STAFF, "Seat released", ben)
        if any((seat.student, seat.mentor) == (ben, jonas) for seat in await self._seats()):
            raise Unexpected(f"{ben} still has a seat with {jonas}")

    async def ben_is_given_it_back(self, ben: str, jonas: str) -> None:
        """The outcome is undone after the release, so the seat is back; then it is a no-show, and that is waived."""
        await self._begin(f"{jonas} types /undo and chooses what they said of {ben}'s session")
        shown = await self._chooses(jonas, await self._types(jonas, "undo"), "pick-undo")
        self._expect(shown, "Undone")
        await self._end()
        self._must(ben, "Taken back", jonas)
        await self._seat(ben, jonas, SeatState.ACTIVE, 1)
        await self._begin(f"{jonas} presses No-show")
        self._expect(await self._presses(jonas, shown, "noshow"), f"{ben} did not come")
        await self._end()
        self._must(ben, "Missed", jonas)
        self._must(ben, "No sessions left", jonas)
        await self._seat(ben, jonas, SeatState.GRACE, 0)
        await self._begin(f"{jonas} types /waive and gives {ben} the missed session back")
        shown = await self._chooses(jonas, await self._types(jonas, "waive"), "pick-waive")
        self._expect(shown, "Waived")
        await self._end()
        self._must(ben, "Given back", jonas)
        await self._seat(ben, jonas, SeatState.ACTIVE, 1)

    async def ann_is_asked(self, ann: str, mira: str) -> None:
        """What a mentor takes off a pack is taken only with the student's yes."""
        before = await self._seat_of(ann, mira)
        await self._begin(f"{mira} types /adjust: one session less for {ann}")
        pair = await self._offered(mira, "adjust", "student", ann)
        shown = await self._types(mira, "adjust", student=pair, delta=-1, reason="We met once more in March")
        shown = await self._presses(mira, shown, "adjust-take")
        self._expect(shown, f"{ann} is asked")
        await self._end()
        self._must(ann, "A question from", mira, "We met once more in March")
        await self._seat(ann, mira, SeatState.ACTIVE, before.remaining)
        await self._begin(f"{ann} says yes")
        shown = await self._presses(ann, self._latest(ann, "A question from"), "adjust-yes")
        self._expect(shown, f"{before.remaining} → {before.remaining - 1}")
        await self._end()
        self._must(mira, f"{ann} said yes")
        await self._seat(ann, mira, SeatState.ACTIVE, before.remaining - 1)

    async def chloe_reads_german(self, chloe: str, jonas: str) -> None:
        """Whose Discord is in German is answered and written to in German; the mentor reads English."""
        speaks(self._play.stage.env, self._play.guild.people[chloe].id, "de")
        card = await self._card(jonas)
        product = next(each for each in card.products if each.sessions > 1)
        await self._buys(chloe, jonas, card.mentor_id, product.id)
        self._must(chloe, "Du hast einen Platz bei", jonas)
        self._must(jonas, "A new student", chloe)
        await self._begin(f"{chloe} types /remaining")
        self._expect(await self._types(chloe, "remaining"), "Du hast einen Platz")
        await self._end()
