"""What staff decide about money that waits for them: the form that asks why, and what came of it."""

from bot.actions import custom_id
from bot.forms import Blank, Form
from bot.replies.reply import Reply, Tone
from core.rules.states import OrderState, RefundState
from core.texts.language import plain, say
from core.texts.prices import price
from core.usecases.buying.decide_parked import Decided
from core.usecases.reason import LONGEST_REASON
from core.usecases.refunds.by_hand import RefundSettled

WHY = "why"


def form_to_grant(order_id: int) -> Form:
    return _form("grant-order", order_id, say("Grant what was ordered?"))


def form_to_refund(order_id: int) -> Form:
    return _form("refund-order", order_id, say("Give the money back?"))


def form_by_hand(refund_id: int) -> Form:
    return _form("refund-made", refund_id, say("Was it paid back by hand?"))


def form_again(refund_id: int) -> Form:
    return _form("refund-anew", refund_id, say("Ask the provider again?"))


def form_not_owed(refund_id: int) -> Form:
    return _form("refund-dropped", refund_id, say("Is this refund not owed?"))


def _form(name: str, subject_id: int, title: str) -> Form:
    why = Blank(WHY, say("Why"), LONGEST_REASON, description=say("It stays in the history."))
    return Form(custom_id(name, subject_id), title, [why])


def decided(done: Decided) -> Reply:
    names = {"student": plain(done.student_name), "mentor": plain(done.mentor_name)}
    amount = price(done.amount_minor, done.currency)
    if done.state is OrderState.FULFILLED:
        text = say(
            "{student} has what was ordered with {mentor}, “{product}”, and is told. {amount} stay with you.",
            **names,
            product=plain(done.product_name),
            amount=amount,
        )
        return Reply(say("Granted: order {order}", order=done.order_id), text, tone=Tone.DONE)
    text = say(
        "{student} gets {amount} back by itself, for the order with {mentor}, and is told.", **names, amount=amount
    )
    return Reply(say("Goes back: order {order}", order=done.order_id), text, tone=Tone.DONE)


def settled(done: RefundSettled) -> Reply:
    values = {"amount": price(done.amount_minor, done.currency), "student": plain(done.student_name)}
    if done.state is RefundState.REPLACED:
        text = say(
            "The provider is asked again by itself for {amount} to {student}; should it say no, you are told.", **values
        )
        return Reply(say("Tried again"), text, tone=Tone.DONE)
    if done.state is RefundState.NOT_OWED:
        text = say(
            "Nobody gives {amount} back to {student}: they count as kept. The bot does not tell them, so write to them "
            "if they wait for it.",
            **values,
        )
        return Reply(say("Not owed"), text, tone=Tone.DONE)
    text = say("{amount} to {student} count as paid back. The provider is not asked again.", **values)
    return Reply(say("Paid back by hand"), text, tone=Tone.DONE)
