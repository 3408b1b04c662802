"""The story by itself: students, mentors and staff live through seats, and every step is checked.

Nothing that is printed is fixed text but who did what.
"""

from datetime import timedelta

from rich.console import Console
from rich.markup import escape

from core.rules.states import SeatState
from seatkeeper.demo.community import STAFF
from seatkeeper.demo.languages import speaks
from seatkeeper.demo.money import MoneyWalk
from seatkeeper.demo.play import Play
from seatkeeper.demo.walk import Unexpected


async def tell(play: Play, out: Console) -> int:
    """Walk the story; 0 if every step went as it must, else 1 with the step that did not."""
    story = Story(play, out)
    try:
        await story.ann_renews("Ann", "Mira Thapa")
        await story.ben_lets_go("Ben", "Jonas Weber")
        await story.ben_is_given_it_back("Ben", "Jonas Weber")
        await story.ann_is_asked("Ann", "Mira Thapa")
        await story.dev_reads_it_elsewhere("Dev", "Grace Lee")
        await story.chloe_reads_german("Chloe", "Jonas Weber")
        await story.jonas_takes_a_break("Jonas Weber", "Ben", "Chloe")
        await story.money("Ann", "Ben", "Chloe", "Dev", "Mira Thapa", "Jonas Weber")
        story.nothing_broke()
    except Unexpected as error:
        out.print(f"\n[red]Step {story.step} did not go as it must:[/] {escape(str(error))}")
        return 1
    out.print(f"\n[green]All {story.step} steps went as they must, and the books balance:[/]")
    story.show_the_books()
    return 0


class Story(MoneyWalk):
    """The lives, one after the other."""

    async def ann_renews(self, ann: str, mira: str) -> None:
        """Buy four sessions, use them, be reminded and warned, and renew at the last call."""
        card = await self.card(mira)
        product = card.products[0]
        await self.finds(ann, mira)
        await self.buys(ann, mira, card.mentor_id, None)
        self.must(ann, "You have a seat with", mira)
        self.must(mira, "A new student", ann)
        await self.seat(ann, mira, SeatState.ACTIVE, product.sessions)
        for number in range(1, product.sessions + 1):
            await self.meets(ann, mira, by_command=number == 1)
            left = product.sessions - number
            self.must(ann, "Done", mira)
            if left == 1:
                self.must(ann, "One session left", mira)
            if left:
                await self.seat(ann, mira, SeatState.ACTIVE, left)
        self.must(ann, "No sessions left", mira)
        grace = await self.seat(ann, mira, SeatState.GRACE, 0)
        await self.until(ann, "Last call")
        await self.renews(ann, mira, under="Last call")
        self.must(ann, "Renewed", mira)
        await self.seat(ann, mira, SeatState.ACTIVE, product.sessions)
        await self.begin("The end of the old grace goes by")
        if grace.grace_ends_at is None:
            raise Unexpected(f"{ann}'s grace has no end")
        await self.play.forward(grace.grace_ends_at - self.play.clock.now() + timedelta(minutes=1))
        await self.end()
        await self.seat(ann, mira, SeatState.ACTIVE, product.sessions)

    async def ben_lets_go(self, ben: str, jonas: str) -> None:
        """Buy a single session by bank, use it, do nothing, and lose the seat."""
        card = await self.card(jonas)
        product = next(each for each in card.products if each.sessions == 1)
        await self.buys(ben, jonas, card.mentor_id, product.id, by_bank=True)
        self.must(ben, "You have a seat with", jonas)
        await self.meets(ben, jonas, by_command=True)
        self.must(ben, "No sessions left", jonas)
        self.must_not(ben, "One session left")
        await self.seat(ben, jonas, SeatState.GRACE, 0)
        await self.until(ben, "Last call")
        await self.until(ben, "Your seat with")
        self.must(ben, "Your seat with", "released")
        self.must(jonas, f"{ben}'s seat is released")
        self.must(STAFF, "Seat released", ben)
        if any((seat.student, seat.mentor) == (ben, jonas) for seat in await self.seats()):
            raise Unexpected(f"{ben} still has a seat with {jonas}")

    async def ben_is_given_it_back(self, ben: str, jonas: str) -> None:
        """The outcome is undone after the release, so the seat is back; then it is a no-show, and that is waived."""
        await self.begin(f"{jonas} types /undo and chooses what they said of {ben}'s session")
        shown = await self.chooses(jonas, await self.types(jonas, "undo"), "pick-undo")
        self.expect(shown, "Undone")
        await self.end()
        self.must(ben, "Taken back", jonas)
        await self.seat(ben, jonas, SeatState.ACTIVE, 1)
        await self.begin(f"{jonas} presses No-show")
        self.expect(await self.presses(jonas, shown, "noshow"), f"{ben} did not come")
        await self.end()
        self.must(ben, "Missed", jonas)
        self.must(ben, "No sessions left", jonas)
        await self.seat(ben, jonas, SeatState.GRACE, 0)
        await self.begin(f"{jonas} types /waive and gives {ben} the missed session back")
        shown = await self.chooses(jonas, await self.types(jonas, "waive"), "pick-waive")
        self.expect(shown, "Waived")
        await self.end()
        self.must(ben, "Given back", jonas)
        await self.seat(ben, jonas, SeatState.ACTIVE, 1)

    async def ann_is_asked(self, ann: str, mira: str) -> None:
        """What a mentor takes off a pack is taken only with the student's yes."""
        before = await self.seat_of(ann, mira)
        await self.begin(f"{mira} types /adjust: one session less for {ann}")
        pair = await self.offered(mira, "adjust", "student", ann)
        shown = await self.types(mira, "adjust", student=pair, delta=-1, reason="We met once more in March")
        shown = await self.presses(mira, shown, "adjust-take")
        self.expect(shown, f"{ann} is asked")
        await self.end()
        self.must(ann, "A question from", mira, "We met once more in March")
        await self.seat(ann, mira, SeatState.ACTIVE, before.remaining)
        await self.begin(f"{ann} says yes")
        shown = await self.presses(ann, self.latest(ann, "A question from"), "adjust-yes")
        self.expect(shown, f"{before.remaining} → {before.remaining - 1}")
        await self.end()
        self.must(mira, f"{ann} said yes")
        await self.seat(ann, mira, SeatState.ACTIVE, before.remaining - 1)

    async def dev_reads_it_elsewhere(self, dev: str, grace: str) -> None:
        """Direct messages closed: of sessions they read in the pair's thread, of money staff are asked to tell them."""
        await self.begin(f"{dev} closes their direct messages")
        self.play.stage.close_dms(self.play.guild.people[dev].user)
        await self.end()
        before = await self.seat_of(dev, grace)
        await self.meets(dev, grace, by_command=True)
        self.must_in_thread(dev, "Done", grace)
        self.must_in_thread(dev, "One session left", grace)
        await self.seat(dev, grace, SeatState.ACTIVE, before.remaining - 1)
        await self.renews(dev, grace, under="One session left")
        self.must(STAFF, "A message that did not arrive", f"@{dev}", "Renewed")
        self.must_not(dev, "Renewed")

    async def chloe_reads_german(self, chloe: str, jonas: str) -> None:
        """Whose Discord is in German is answered and written to in German; the mentor reads English."""
        speaks(self.play.stage.env, self.play.guild.people[chloe].id, "de")
        card = await self.card(jonas)
        product = next(each for each in card.products if each.sessions > 1)
        await self.buys(chloe, jonas, card.mentor_id, product.id)
        self.must(chloe, "Du hast einen Platz bei", jonas)
        self.must(jonas, "A new student", chloe)
        await self.begin(f"{chloe} types /remaining")
        self.expect(await self.types(chloe, "remaining"), "Du hast einen Platz")
        await self.end()

    async def jonas_takes_a_break(self, jonas: str, ben: str, chloe: str) -> None:
        """While staff pause a mentor nobody books, and is told why; afterwards it goes on, and no time was lost."""
        mentor = await self.offered(STAFF, "staff mentor pause", "mentor", jonas)
        await self.begin(f"{STAFF} types /staff mentor pause: {jonas} takes a break")
        self.expect(await self.types(STAFF, "staff mentor pause", mentor=mentor), f"{jonas} takes a break")
        await self.end()
        self.must(ben, f"{jonas} is taking a break")
        self.must(chloe, f"{jonas} macht Pause")
        before = await self.seat_of(ben, jonas)
        await self.begin(f"{ben} types /book and reads why not")
        self.expect(await self.types(ben, "book"), "This mentor is taking a break")
        await self.end()
        await self.begin("Three days go by")
        await self.play.forward(timedelta(days=3))
        await self.end()
        await self.begin(f"{STAFF} types /staff mentor resume")
        self.expect(await self.types(STAFF, "staff mentor resume", mentor=mentor), "can be booked again")
        await self.end()
        self.must(ben, f"{jonas} is back")
        self.must(chloe, f"{jonas} ist wieder da")
        await self.books(ben, jonas, by_command=False)
        await self.seat(ben, jonas, SeatState.ACTIVE, before.remaining)
