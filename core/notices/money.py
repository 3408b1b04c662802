"""What people are told about an order and its money: one function a kind."""

from collections.abc import Callable, Mapping

from core.notices.facts import OrderFacts
from core.notices.words import book_button, name, reason_of, renew_button, schedule_button, who
from core.ports import Message
from core.rules.notices import NoticeKind
from core.rules.refusals import Refused
from core.rules.states import OrderState
from core.texts.language import plain, say, say_many
from core.texts.prices import price
from core.texts.providers import provider_name
from core.texts.refusals import sentence
from core.texts.when import discord_span


def purchase_confirmed(order: OrderFacts) -> Message:
    return Message(
        say("You have a seat with {mentor}", mentor=plain(order.pair.mentor.name)),
        "\n".join([_thanks(order), _usable(order), say("Next: choose a time for your first session.")]),
        [book_button(order.pair), schedule_button()],
    )


def seat_renewed(order: OrderFacts) -> Message:
    return Message(
        say("Renewed: your seat with {mentor}", mentor=plain(order.pair.mentor.name)),
        "\n".join([_thanks(order), _usable(order), say("Your seat stays yours.")]),
        [book_button(order.pair), schedule_button()],
    )


def _thanks(order: OrderFacts) -> str:
    if order.due_minor == 0:
        return say(
            "“{product}” with {mentor} is yours: your code left nothing to pay.",
            product=plain(order.product_name),
            mentor=name(order.pair.mentor),
        )
    return say(
        "Thank you! Your payment of {amount} for “{product}” with {mentor} arrived.",
        amount=_received(order),
        product=plain(order.product_name),
        mentor=name(order.pair.mentor),
    )


def _usable(order: OrderFacts) -> str:
    left = say_many("You have {number} session to use.", "You have {number} sessions to use.", order.remaining)
    if order.expires_at is None:
        return left
    return f"{left} {say('The new pack lasts until {when}.', when=discord_span(order.expires_at))}"


def payment_pending(order: OrderFacts) -> Message:
    return Message(
        say("Your payment is on its way"),
        say(
            "The payment of {amount} for “{product}” with {mentor} was sent but has not arrived yet; some methods take "
            "days. Your seat is kept meanwhile. Please do not pay again: you are told as soon as it arrives.",
            amount=price(order.due_minor, order.currency),
            product=plain(order.product_name),
            mentor=name(order.pair.mentor),
        ),
    )


def payment_failed(order: OrderFacts) -> Message:
    lines = [
        say(
            "The payment of {amount} for “{product}” with {mentor} did not go through, so nothing was bought.",
            amount=price(order.due_minor, order.currency),
            product=plain(order.product_name),
            mentor=name(order.pair.mentor),
        )
    ]
    if order.seat_state is None:
        lines.append(say("The seat that was kept for it is free again."))
    lines.append(say("You can try again, perhaps with another way to pay."))
    return Message(say("Your payment failed"), "\n".join(lines), [renew_button(order.pair, again=True)])


def approved_too_late(order: OrderFacts) -> Message:
    return Message(
        say("No money was taken"),
        say(
            "You agreed to pay {amount} for “{product}” with {mentor} when the checkout had closed, and it could not "
            "be opened again. So nothing was bought, and no money was taken.",
            amount=price(order.due_minor, order.currency),
            product=plain(order.product_name),
            mentor=name(order.pair.mentor),
        )
        + ("" if order.turned_down is None else "\n" + sentence(Refused(order.turned_down))),
        [renew_button(order.pair, again=True)],
    )


def seatless_payment(order: OrderFacts) -> Message:
    told = {"amount": _received(order), "mentor": name(order.pair.mentor)}
    if order.mentor_removed:
        text = say(
            "Your payment of {amount} to {mentor} arrived when they taught here no more. All of it is refunded by "
            "itself. There is nothing for you to do; we are sorry.",
            **told,
        )
        return Message(say("Your payment is given back"), text)
    text = say(
        "Your payment of {amount} to {mentor} arrived when no seat was free any more. All of it is refunded by "
        "itself, and you are first on the waiting list. There is nothing for you to do; we are sorry.",
        **told,
    )
    return Message(say("No seat was free: your money comes back"), text)


def seatless_payment_staff(order: OrderFacts) -> Message:
    names = {"student": who(order.pair.student), "mentor": who(order.pair.mentor), "amount": _received(order)}
    return Message(
        say("Paid, and no seat was free"),
        say(
            "{student} paid {amount} to {mentor} after the checkout had closed, and no seat was free. All of it is "
            "refunded by itself, and they are first on the waiting list: `/staff tasks` lists them until they have a "
            "seat.",
            **names,
        )
        if not order.mentor_removed
        else say(
            "{student} paid {amount} to {mentor} after the checkout had closed, and {mentor} teaches here no more. All "
            "of it is refunded by itself. There is nothing to do.",
            **names,
        )
        + _reference(order),
    )


def payment_parked(order: OrderFacts) -> Message:
    return Message(
        say("Staff look at your payment"),
        say(
            "Your payment of {received} for “{product}” with {mentor} arrived, but the order says {due}. Staff decide "
            "whether you get what you ordered or your money back, and you are told. Please do not pay again.",
            received=_received(order),
            product=plain(order.product_name),
            mentor=name(order.pair.mentor),
            due=price(order.due_minor, order.currency),
        ),
    )


def payment_parked_staff(order: OrderFacts) -> Message:
    values = {
        "student": who(order.pair.student),
        "mentor": who(order.pair.mentor),
        "received": _received(order),
        "due": price(order.due_minor, order.currency),
    }
    if order.disputed:
        text = say(
            "{student} paid {received} to {mentor}, but the order says {due}. Nothing was granted, and the payment is "
            "disputed: wait until that is decided. `/staff tasks` lists it.",
            **values,
        )
    else:
        text = say(
            "{student} paid {received} to {mentor}, but the order says {due}. Nothing was granted. Compare both at the "
            "provider, then grant what was ordered or give the money back: `/staff tasks` has a button for each.",
            **values,
        )
    return Message(say("A payment needs your decision"), text + _reference(order))


def paid_twice_staff(order: OrderFacts) -> Message:
    return Message(
        say("An order was paid twice"),
        say(
            "{student} paid an order with {mentor} once more: {received}. This second payment is refunded in full by "
            "itself. There is nothing to do.",
            student=who(order.pair.student),
            mentor=who(order.pair.mentor),
            received=_received(order),
        )
        + _reference(order),
    )


def above_capacity_staff(order: OrderFacts) -> Message:
    return Message(
        say("A mentor has more students than seats"),
        say(
            "{student} paid in time and keeps the seat with {mentor}, though it was taken meanwhile: seats taken, "
            "{occupied} of {capacity}. Nobody new gets one until that is even again. There is nothing to do.",
            student=who(order.pair.student),
            mentor=who(order.pair.mentor),
            occupied=order.occupied,
            capacity=order.capacity,
        )
        + _reference(order),
    )


def refund_failed_staff(order: OrderFacts) -> Message:
    values = {
        "student": who(order.pair.student),
        "mentor": who(order.pair.mentor),
        "amount": _going_back(order),
        "why": plain((order.refund and order.refund.error) or say("it gave no reason"))[:500],
    }
    if order.disputed:
        title = say("A refund of a disputed payment failed")
        text = say(
            "{student} is owed {amount} for an order with {mentor}, but the provider's refund failed: {why}. The "
            "payment is disputed, so pay nothing: the bank may give it all back. `/staff tasks` says if it is still "
            "owed when that is decided.",
            **values,
        )
    else:
        title = say("A refund failed: please make it by hand")
        text = say(
            "{student} is owed {amount} for an order with {mentor}, but the provider's refund failed: {why}. "
            "Make it on the provider's own pages, or pay the student in another way; `/staff tasks` tries it again.",
            **values,
        )
    return Message(title, text + _reference(order))


def refunded(order: OrderFacts) -> Message:
    lines = [
        say(
            "{amount} of your payment for “{product}” with {mentor} go back to where they came from. That can take "
            "some days.",
            amount=_going_back(order),
            product=plain(order.product_name),
            mentor=name(order.pair.mentor),
        )
    ]
    taken = order.refund.sessions if order.refund else 0
    if taken:
        lines.append(
            say_many(
                "With it {number} session went off your pack.",
                "With it {number} sessions went off your pack.",
                taken,
            )
        )
    if order.remaining:
        lines.append(say_many("You have {number} session left.", "You have {number} sessions left.", order.remaining))
    return Message(
        say("You get {amount} back", amount=_going_back(order)),
        "\n".join(lines) + _reason(order),
        [schedule_button()],
    )


def refund_failed(order: OrderFacts) -> Message:
    return Message(
        say("Your {amount} are not on their way yet", amount=_going_back(order)),
        say(
            "{amount} of your payment for “{product}” with {mentor} are owed to you, but giving them back did not work."
            " Staff know and see to it; there is nothing for you to do.",
            amount=_going_back(order),
            product=plain(order.product_name),
            mentor=name(order.pair.mentor),
        ),
    )


def refund_by_hand(order: OrderFacts) -> Message:
    return Message(
        say("You got {amount} back", amount=_going_back(order)),
        say(
            "Staff say that they paid you {amount} back, of your payment for “{product}” with {mentor}, in another way "
            "than you paid. If you cannot find it, ask them.",
            amount=_going_back(order),
            product=plain(order.product_name),
            mentor=name(order.pair.mentor),
        ),
    )


def refunded_staff(order: OrderFacts) -> Message:
    by = order.refund.change.by if order.refund and order.refund.change else None
    return Message(
        say("Refund by staff"),
        say(
            "{by} gives {amount} back to {student}, for an order with {mentor}. Sessions taken off the pack: {taken}.",
            by=say("staff") if by is None else who(by),
            amount=_going_back(order),
            student=who(order.pair.student),
            mentor=who(order.pair.mentor),
            taken=order.refund.sessions if order.refund else 0,
        )
        + _reason(order)
        + _reference(order),
    )


def refund_seen_staff(order: OrderFacts) -> Message:
    refund = order.refund
    if refund is not None and refund.asks:
        then = say("How many sessions go with it? Say so in `/staff tasks`; until then the student keeps all.")
    elif refund is not None and refund.sessions:
        then = say_many(
            "All of the payment has gone back, so {number} unused session was taken off the pack.",
            "All of the payment has gone back, so {number} unused sessions were taken off the pack.",
            refund.sessions,
        )
    else:
        then = say("No session was taken off. There is nothing to do.")
    return Message(
        say("Refunded on the provider's pages"),
        say(
            "{amount} of a payment of {student} to {mentor} were given back on the provider's own pages.",
            amount=_going_back(order),
            student=who(order.pair.student),
            mentor=who(order.pair.mentor),
        )
        + f" {then}"
        + _reference(order),
    )


def _going_back(order: OrderFacts) -> str:
    return _received(order) if order.refund is None else price(order.refund.amount_minor, _currency(order))


def _reason(order: OrderFacts) -> str:
    return reason_of(order.refund.change) if order.refund else ""


def parked_refunded(order: OrderFacts) -> Message:
    return Message(
        say("Your payment is given back"),
        say(
            "Your payment of {received} for “{product}” with {mentor} was not what the order says, {due}. So nothing "
            "was bought, and all of it comes back to you. If you still want a seat, buy again.",
            received=_received(order),
            product=plain(order.product_name),
            mentor=name(order.pair.mentor),
            due=price(order.due_minor, order.currency),
        ),
        [renew_button(order.pair, again=True)],
    )


def payment_late_staff(order: OrderFacts) -> Message:
    return Message(
        say("A payment takes long"),
        say(
            "The payment of {amount} that {student} made to {mentor} is still on its way. The seat is kept meanwhile. "
            "Look at the provider what became of it; `/staff tasks` lists it until it is settled.",
            student=who(order.pair.student),
            mentor=who(order.pair.mentor),
            amount=price(order.due_minor, order.currency),
        )
        + _reference(order),
    )


def news_given_up_staff(order: OrderFacts) -> Message:
    return Message(
        say("News of a payment could not be dealt with"),
        say(
            "What the provider told us of an order of {student} with {mentor} could not be dealt with, however often "
            "it was tried. `/staff failures` says why, and tries it again.",
            student=who(order.pair.student),
            mentor=who(order.pair.mentor),
        )
        + _reference(order),
    )


def reconciled_staff(order: OrderFacts) -> Message:
    return Message(
        say("An order was not as its provider says"),
        say(
            "A comparison with {provider} found that an order of {student} with {mentor} was not here as it is there.",
            provider=plain(provider_name(order.provider)),
            student=who(order.pair.student),
            mentor=who(order.pair.mentor),
        )
        + "\n"
        + _how_it_stands(order.state)
        + _reference(order),
    )


def _how_it_stands(state: OrderState) -> str:
    match state:
        case OrderState.FULFILLED:
            return say(
                "It is paid, and what was bought is given. `/staff audit` says what changed now. If nothing did, "
                "compare its refunds with the provider's own pages."
            )
        case OrderState.REFUNDED:
            return say("Its money goes back. `/staff audit` says why.")
        case OrderState.PARKED:
            return say("What was paid is not what the order says: decide in `/staff tasks`.")
        case _:
            return say("It is not paid here. Compare it with the provider's own pages.")


def _received(order: OrderFacts) -> str:
    if order.paid is None:
        return price(order.due_minor, order.currency)
    return price(order.paid.amount_minor, order.paid.currency)


def _currency(order: OrderFacts) -> str:
    return order.currency if order.paid is None else order.paid.currency


def _reference(order: OrderFacts) -> str:
    """By what staff find the order here and the payment at the provider."""
    if order.paid is None:
        return "\n" + say("Order {order}.", order=order.order_id)
    return "\n" + say(
        "Order {order}, payment {payment} at {provider}.",
        order=order.order_id,
        payment=plain(order.paid.ref),
        provider=provider_name(order.provider),
    )


MONEY: Mapping[NoticeKind, Callable[[OrderFacts], Message]] = {
    NoticeKind.PURCHASE_CONFIRMED: purchase_confirmed,
    NoticeKind.SEAT_RENEWED: seat_renewed,
    NoticeKind.PAYMENT_PENDING: payment_pending,
    NoticeKind.PAYMENT_FAILED: payment_failed,
    NoticeKind.APPROVED_TOO_LATE: approved_too_late,
    NoticeKind.SEATLESS_PAYMENT: seatless_payment,
    NoticeKind.SEATLESS_PAYMENT_STAFF: seatless_payment_staff,
    NoticeKind.PAYMENT_PARKED: payment_parked,
    NoticeKind.PAYMENT_PARKED_STAFF: payment_parked_staff,
    NoticeKind.PAID_TWICE_STAFF: paid_twice_staff,
    NoticeKind.ABOVE_CAPACITY_STAFF: above_capacity_staff,
    NoticeKind.REFUND_FAILED_STAFF: refund_failed_staff,
    NoticeKind.REFUND_FAILED: refund_failed,
    NoticeKind.REFUND_BY_HAND: refund_by_hand,
    NoticeKind.REFUNDED: refunded,
    NoticeKind.REFUNDED_STAFF: refunded_staff,
    NoticeKind.REFUND_SEEN_STAFF: refund_seen_staff,
    NoticeKind.PARKED_REFUNDED: parked_refunded,
    NoticeKind.PAYMENT_LATE_STAFF: payment_late_staff,
    NoticeKind.NEWS_GIVEN_UP_STAFF: news_given_up_staff,
    NoticeKind.RECONCILED_STAFF: reconciled_staff,
}
