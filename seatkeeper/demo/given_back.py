"""What the story does with money that had moved: refunds by staff and at the providers, disputes won and lost."""

from bot.replies.decisions import WHY
from bot.replies.refunds import HOW_MANY
from core.rules.states import SeatState
from seatkeeper.demo.community import STAFF
from seatkeeper.demo.walk import Unexpected, Walk

_SESSIONS = 4  # of the packs here


class GivenBackWalk(Walk):
    """Money goes back in each way that there is."""

    async def part_goes_back_there(self, ann: str, mira: str) -> None:
        """On the provider's pages: no session goes by itself, staff are asked how many and say one."""
        before = await self.seat_of(ann, mira)
        await self.begin(f"Half of {ann}'s payment is given back on Stripe's own pages")
        await self.visits(STAFF, self.paid_on[ann], do="refund-half")
        await self.end()
        self.must(ann, "You get €90.00 back")
        self.must(STAFF, "Refunded on the provider's pages", ann)
        await self.seat(ann, mira, SeatState.ACTIVE, before.remaining)
        await self.begin(f"{STAFF} types /staff tasks and says that one session goes with it")
        tasks = await self.types(STAFF, "staff tasks")
        reason = "One meeting did not help"
        shown = await self.fills(STAFF, tasks, "how-many", {HOW_MANY: "1", WHY: reason})
        self.expect(shown, "1 session is taken off")
        await self.presses(STAFF, shown, "Take them off")
        await self.end()
        self.must(ann, "Your sessions with", reason)
        await self.seat(ann, mira, SeatState.ACTIVE, before.remaining - 1)

    async def part_goes_back_by_staff(self, chloe: str, jonas: str) -> None:
        """By command: looked at first, then confirmed; one session goes with its share of the money."""
        before = await self.seat_of(chloe, jonas)
        await self.begin(f"{STAFF} types /staff refund: one session for {chloe}, and sees what it takes")
        order = await self.offered(STAFF, "staff refund", "order", chloe)
        reason = "Jonas had to end one meeting early"
        shown = await self.types(STAFF, "staff refund", order=order, reason=reason, sessions=1)
        self.expect(shown, f"Give €50.00 back to {chloe}?")
        self.expect(shown, "1 session is taken off")
        await self.end()
        await self.seat(chloe, jonas, SeatState.ACTIVE, before.remaining)
        await self.begin(f"{STAFF} presses Confirm")
        self.expect(await self.presses(STAFF, shown, "Confirm"), f"Goes back: €50.00 to {chloe}")
        await self.end()
        self.must(chloe, "Du bekommst 50,00 € zurück", reason)
        self.must(STAFF, "Refund by staff", chloe, reason)
        await self.seat(chloe, jonas, SeatState.ACTIVE, before.remaining - 1)

    async def a_dispute_is_won(self, ben: str, mira: str, url: str) -> None:
        """While it is open nothing is booked, and staff give nothing back; afterwards all is as it was."""
        await self.begin(f"{ben} disputes the payment at PayPal")
        await self.visits(ben, url, do="dispute")
        await self.end()
        self.must(ben, "A payment of yours is disputed", mira)
        self.must(STAFF, "A payment is disputed", ben)
        await self.seat(ben, mira, SeatState.ACTIVE, _SESSIONS)
        await self.begin(f"{ben} presses Book and reads why not")
        shown = await self.presses(ben, self.latest(ben, "You have a seat with"), "book:")
        self.expect(shown, "on hold because of a payment dispute")
        await self.end()
        await self.begin(f"{STAFF} types /staff refund and reads why not")
        order = await self.offered(STAFF, "staff refund", "order", f"{ben} – {mira}")
        shown = await self.types(STAFF, "staff refund", order=order, reason="To have peace")
        self.expect(shown, "This payment is disputed")
        await self.end()
        await self.begin("PayPal decides for the seller: the dispute is won")
        await self.visits(STAFF, url, do="win")
        await self.end()
        self.must(ben, "A dispute is over", f"Your {_SESSIONS} sessions can be used again")
        self.must(STAFF, "A dispute is won", ben)
        await self.books(ben, mira, by_command=False)
        await self.seat(ben, mira, SeatState.ACTIVE, _SESSIONS)

    async def all_goes_back_there(self, ben: str, mira: str, url: str) -> None:
        """On the provider's pages: all unused sessions go, with what was booked and the seat."""
        await self.begin(f"All of {ben}'s payment is given back on PayPal's own pages")
        await self.visits(STAFF, url, do="refund")
        await self.end()
        self.must(ben, "Cancelled: your session", mira)
        self.must(ben, "Your seat with", mira)
        await self.has_no_seat(ben, mira)

    async def a_dispute_is_lost(self, ann: str, mira: str) -> None:
        """As a full refund: what is unused goes, with what was booked and the seat, and the money is lost."""
        await self.books(ann, mira, by_command=True)
        before = await self.seat_of(ann, mira)
        await self.begin(f"{ann} has the bank take back what Stripe has left of the payment")
        await self.visits(ann, self.paid_on[ann], do="dispute")
        await self.end()
        self.must(ann, "A payment of yours is disputed", mira)
        self.must(STAFF, "A payment is disputed", ann)
        await self.seat(ann, mira, SeatState.ACTIVE, before.remaining)
        await self.begin(f"{STAFF} types /staff tasks and opens the evidence for the bank")
        tasks = await self.types(STAFF, "staff tasks")
        self.expect(await self.presses(STAFF, tasks, "evidence"), "Evidence for order")
        await self.end()
        await self.begin("The bank decides for the buyer: the dispute is lost")
        await self.visits(STAFF, self.paid_on[ann], do="lose")
        await self.end()
        self.must(ann, "Your payment went back", "€90.00")
        self.must(ann, "Cancelled: your session", mira)
        self.must(STAFF, "A dispute is lost", ann, "€90.00 are lost in all")
        await self.has_no_seat(ann, mira)

    async def all_goes_back_in_grace(self, ben: str, jonas: str) -> None:
        """All sessions are used, so none is taken: the money goes back, and the grace runs on to its end."""
        await self.until(jonas, "How was it")
        await self.begin(f"{jonas} presses Complete")
        self.expect(await self.presses(jonas, self.latest(jonas, "How was it"), "complete"), "Complete")
        await self.end()
        grace = await self.seat(ben, jonas, SeatState.GRACE, 0)
        await self.begin(f"{STAFF} types /staff refund: all of {ben}'s money, in grace")
        order = await self.offered(STAFF, "staff refund", "order", f"{ben} – {jonas}")
        shown = await self.types(STAFF, "staff refund", order=order, reason="The review was for nothing", amount="55")
        self.expect(shown, f"Give €55.00 back to {ben}?")
        self.expect(shown, "None is taken off")
        await self.end()
        await self.begin(f"{STAFF} presses Confirm")
        self.expect(await self.presses(STAFF, shown, "Confirm"), f"Goes back: €55.00 to {ben}")
        await self.end()
        self.must(ben, "You get €55.00 back", "The review was for nothing")
        if await self.seat(ben, jonas, SeatState.GRACE, 0) != grace:
            raise Unexpected(f"{ben}'s grace should run on as it was")
        await self.until(ben, "Your seat with")
        await self.has_no_seat(ben, jonas)

    async def has_no_seat(self, student: str, mentor: str) -> None:
        if any((seat.student, seat.mentor) == (student, mentor) for seat in await self.seats()):
            raise Unexpected(f"{student} should have no seat with {mentor}")
