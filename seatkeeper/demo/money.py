"""What the story does with money: agreeing at PayPal, in time and late, paying too late, and then what goes back.

At its end the books are added up, and compared with what the providers' stand-ins say has moved.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from core.rules.accounts import MoneyKind, Movement, Total, totals
from core.rules.states import SeatState
from core.texts.prices import price
from core.texts.providers import NAMES
from core.usecases.reading.accounts import accounts
from seatkeeper.demo.community import STAFF
from seatkeeper.demo.given_back import GivenBackWalk
from seatkeeper.demo.play import Play
from seatkeeper.demo.walk import Unexpected
from seatkeeper.wiring import PAYPAL, STRIPE

_CHECKOUT_OVER = timedelta(minutes=40)  # a checkout is open for 35
_MOVES = (MoneyKind.PAYMENT, MoneyKind.REFUND, MoneyKind.DISPUTE_LOST)

Moved = Mapping[str, tuple[int, str]]


class MoneyWalk(GivenBackWalk):
    """The part of the story that is about money. `totals` is what its end adds up."""

    def __init__(self, play: Play, out: Console) -> None:
        super().__init__(play, out)
        self.totals: Sequence[Total] = ()

    async def money(self, ann: str, ben: str, chloe: str, dev: str, mira: str, jonas: str) -> None:
        """Two seats are free, three want one; two of the three come late, one of them by both providers."""
        await self._dev_agrees(dev, mira)
        bens = await self._opens(ben, mira, PAYPAL)
        await self._runs_out(ben, mira)
        agreed_later = await self._opens(chloe, mira, PAYPAL)
        await self._runs_out(chloe, mira)
        paid_later = await self._opens(chloe, mira, STRIPE)
        await self._runs_out(chloe, mira)
        await self._agrees_late(ben, mira, bens)
        await self._agrees_for_nothing(chloe, mira, agreed_later)
        await self._pays_for_no_seat(chloe, mira, paid_later)
        await self.part_goes_back_there(ann, mira)
        await self.part_goes_back_by_staff(chloe, jonas)
        await self.a_dispute_is_won(ben, mira, bens)
        await self.all_goes_back_there(ben, mira, bens)
        await self.a_dispute_is_lost(ann, mira)
        await self.all_goes_back_in_grace(ben, jonas)
        await self.the_books_balance()

    async def _dev_agrees(self, dev: str, mira: str) -> None:
        url = await self._opens(dev, mira, PAYPAL)
        await self.begin(f"{dev}'s card is declined on PayPal's page, so they agree to pay by bank")
        self.expect(await self.visits(dev, url, do="decline"), "Not paid yet")
        self.expect(await self.visits(dev, url, do="later"), "on its way")
        await self.end()
        self.must(STAFF, "A message that did not arrive", f"@{dev}", "Your payment is on its way")
        await self.seat(dev, mira, SeatState.HELD, 0)
        await self.begin(f"The bank pays {dev}'s €180.00 to PayPal")
        self.expect(await self.visits(dev, url, do="arrive"), "Paid")
        await self.end()
        self.must(STAFF, "A message that did not arrive", f"@{dev}", "You have a seat with", mira)
        await self.seat(dev, mira, SeatState.ACTIVE, (await self.card(mira)).products[0].sessions)

    async def _opens(self, student: str, mentor: str, provider: str) -> str:
        """A checkout with this provider; its page."""
        await self.begin(f"{student} types /buy, chooses {mentor} and {NAMES[provider]}")
        card = await self.card(mentor)
        shown = await self.types(student, "buy", mentor=str(card.mentor_id), provider=provider)
        self.expect(shown, mentor)
        button = self.way_to_pay(shown)
        checkout = (await self.visits(student, button.url)).find("Pay")
        if checkout is None:
            raise Unexpected(f"no checkout behind {button.url}")
        await self.end()
        await self.seat(student, mentor, SeatState.HELD, 0)
        return checkout.url

    async def _runs_out(self, student: str, mentor: str) -> None:
        await self.begin(f"{student} does not pay, and the checkout's time goes by")
        await self.play.forward(_CHECKOUT_OVER)
        await self.end()
        await self.has_no_seat(student, mentor)

    async def _agrees_late(self, ben: str, mira: str, url: str) -> None:
        await self.begin(f"{ben} agrees on PayPal's page, late: a seat is free still")
        self.expect(await self.visits(ben, url, do="pay"), "Paid")
        await self.end()
        self.must(ben, "You have a seat with", mira)
        self.must(mira, "A new student", ben)
        await self.seat(ben, mira, SeatState.ACTIVE, (await self.card(mira)).products[0].sessions)

    async def _agrees_for_nothing(self, chloe: str, mira: str, url: str) -> None:
        await self.begin(f"{chloe} agrees on PayPal's page, late: no seat is free")
        self.expect(await self.visits(chloe, url, do="pay"), "closed")
        await self.end()
        self.must(chloe, "Es wurde nichts abgebucht", mira)
        await self.has_no_seat(chloe, mira)
        if self.play.paypal.orders[_ref_in(url)]["status"] != "APPROVED":
            raise Unexpected(f"{chloe}'s money was taken, and there was no seat")

    async def _pays_for_no_seat(self, chloe: str, mira: str, url: str) -> None:
        await self.begin(f"{chloe}'s bank agrees to the payment at Stripe, late: no seat is free")
        self.expect(await self.visits(chloe, url, do="late"), "Your money goes back to you")
        await self.end()
        self.must(chloe, "Kein Platz war frei", mira)
        self.must(STAFF, "Paid, and no seat was free", chloe)
        await self.has_no_seat(chloe, mira)
        if self.play.stripe.left_of(_ref_in(url)):
            raise Unexpected(f"{chloe} was not given back everything")

    # ------------------------------------------------------------ the books

    async def the_books_balance(self) -> None:
        """Paid is kept, refunded or lost, in each currency; each pack is what its entries add up to (rules 1 and 31).

        What the providers say has moved is in the books to the cent, and nothing else: what is kept, they hold.
        """
        await self.begin("The books are added up")
        held = await accounts(self.play.house.db)
        if held.disagreements:
            raise Unexpected(f"the books do not agree: {held.disagreements!r}")
        moved = {STRIPE: self.play.stripe.moved(), PAYPAL: self.play.paypal.moved()}
        self._as_the_providers_say(held.movements, moved)
        here = {
            each.community_id for each in held.movements if any(each.reference in known for known in moved.values())
        }
        self.totals = totals(each for each in held.movements if each.community_id in here)
        for each in self.totals:
            hold = sum(
                minor for known in moved.values() for minor, currency in known.values() if currency == each.currency
            )
            if each.kept_minor != hold:
                raise Unexpected(f"of {each.currency} {each.kept_minor} are kept, the providers hold {hold}")
        await self.end()

    def _as_the_providers_say(self, movements: tuple[Movement, ...], moved: Mapping[str, Moved]) -> None:
        ours = {each.reference: (each.amount_minor, each.currency) for each in movements if each.kind in _MOVES}
        for provider, known in moved.items():
            for ref, theirs in known.items():
                if ours.get(ref) != theirs:
                    raise Unexpected(f"{provider} says {theirs} of {ref}, the books say {ours.get(ref)}")
            self.note(
                "Books", f"{NAMES[provider]} says the same of its {len(known)} payments, refunds and lost disputes"
            )

    def show_the_books(self) -> None:
        """A line for each currency."""
        table = Table("", "paid", "= kept", "+ refunded", "+ lost", box=None)
        for each in self.totals:
            sums = (each.paid_minor, each.kept_minor, each.refunded_minor, each.lost_minor)
            table.add_row(each.currency, *(price(minor, each.currency) for minor in sums))
        for column in table.columns[1:]:
            column.justify = "right"
        self.out.print(table)


def _ref_in(url: str) -> str:
    return url.rpartition("/")[2]
