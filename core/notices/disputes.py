"""What people are told about a dispute: one function a kind (rule 29)."""

from collections.abc import Callable, Mapping

from core.notices.facts import DisputeFacts
from core.notices.words import name, schedule_button, who
from core.ports import Button, Message
from core.rules.notices import NoticeKind
from core.texts.language import plain, say, say_many
from core.texts.prices import price
from core.texts.providers import provider_name
from core.texts.when import discord_span


def disputed(dispute: DisputeFacts) -> Message:
    lines = [
        say(
            "Your bank or payment service says that you dispute the payment of {amount} for “{product}” with {mentor}. "
            "Until they decide, your seat stays yours.",
            amount=_amount(dispute),
            product=plain(dispute.product_name),
            mentor=name(dispute.pair.mentor),
        )
    ]
    if dispute.frozen:
        lines.append(
            say(
                "Nothing new can be booked with that pack meanwhile, and its time stands still. What is booked takes "
                "place; you can cancel it as ever."
            )
        )
    lines.append(say("Was it a mistake? Take it back where you raised it, and write to staff."))
    return Message(say("A payment of yours is disputed"), "\n".join(lines), [schedule_button()])


def disputed_staff(dispute: DisputeFacts) -> Message:
    lines = [
        say(
            "{student} disputes the payment of {amount} for “{product}” with {mentor}.",
            student=who(dispute.pair.student),
            amount=_amount(dispute),
            product=plain(dispute.product_name),
            mentor=who(dispute.pair.mentor),
        )
    ]
    if dispute.reason:
        lines.append(say("The provider's word for why: {reason}.", reason=plain(dispute.reason)))
    if dispute.answer_by is not None:
        lines.append(say("Answer it on the provider's pages until {when}.", when=discord_span(dispute.answer_by)))
    lines.append(
        say("The pack is frozen and the seat kept until it is decided.")
        if dispute.frozen
        else say("All of its sessions are used, so nothing is frozen: you decide. The seat is kept meanwhile.")
    )
    lines.append(
        say("*Evidence* gives you a file for the provider: the purchase, the sessions, and what was told when.")
    )
    evidence = Button(say("Evidence"), "evidence", dispute.dispute_id)
    return Message(say("A payment is disputed"), "\n".join(lines) + _reference(dispute), [evidence])


def dispute_won(dispute: DisputeFacts) -> Message:
    lines = [
        say(
            "The dispute about {amount} for “{product}” with {mentor} is over, and the payment stands.",
            amount=_amount(dispute),
            product=plain(dispute.product_name),
            mentor=name(dispute.pair.mentor),
        )
    ]
    if dispute.remaining and not dispute.frozen:
        lines.append(
            say_many(
                "Your {number} session can be used again; the time that the dispute took is added.",
                "Your {number} sessions can be used again; the time that the dispute took is added.",
                dispute.remaining,
            )
        )
    if dispute.taken:
        lines.append(say("The sessions that went with the money do not come back by themselves: staff see to it."))
    return Message(say("A dispute is over"), "\n".join(lines), [schedule_button()])


def dispute_won_staff(dispute: DisputeFacts) -> Message:
    stands = say(
        "The payment of {amount} of {student} to {mentor} stands.",
        amount=_amount(dispute),
        student=who(dispute.pair.student),
        mentor=who(dispute.pair.mentor),
    )
    then = say("There is nothing to do.")
    if dispute.taken:
        then = say_many(
            "But {number} session was taken off the pack when the money went, and does not come back by itself: give "
            "it back with `/staff grant`, or the money with `/staff refund`.",
            "But {number} sessions were taken off the pack when the money went, and do not come back by themselves: "
            "give them back with `/staff grant`, or the money with `/staff refund`.",
            dispute.taken,
        )
    return Message(say("A dispute is won"), f"{stands} {then}" + _reference(dispute))


def dispute_lost(dispute: DisputeFacts) -> Message:
    return Message(
        say("Your payment went back"),
        say(
            "Your bank or payment service took back {amount} that you paid for “{product}” with {mentor}. Sessions of "
            "that pack that were not used are gone with it.",
            amount=_amount(dispute),
            product=plain(dispute.product_name),
            mentor=name(dispute.pair.mentor),
        ),
        [schedule_button()],
    )


def dispute_lost_staff(dispute: DisputeFacts) -> Message:
    return Message(
        say("A dispute is lost"),
        say(
            "{amount} that {student} paid to {mentor} were taken back. What was left of the pack is gone, with what "
            "was booked on it; of this payment {lost} are lost in all.",
            amount=_amount(dispute),
            student=who(dispute.pair.student),
            mentor=who(dispute.pair.mentor),
            lost=price(dispute.lost_minor, dispute.currency),
        )
        + _reference(dispute),
    )


def _amount(dispute: DisputeFacts) -> str:
    return price(dispute.amount_minor, dispute.currency)


def _reference(dispute: DisputeFacts) -> str:
    """By what staff find the order here and the payment at the provider."""
    return "\n" + say(
        "Order {order}, payment {payment} at {provider}.",
        order=dispute.order_id,
        payment=plain(dispute.payment_ref),
        provider=provider_name(dispute.provider),
    )


DISPUTES: Mapping[NoticeKind, Callable[[DisputeFacts], Message]] = {
    NoticeKind.DISPUTED: disputed,
    NoticeKind.DISPUTED_STAFF: disputed_staff,
    NoticeKind.DISPUTE_WON: dispute_won,
    NoticeKind.DISPUTE_WON_STAFF: dispute_won_staff,
    NoticeKind.DISPUTE_LOST: dispute_lost,
    NoticeKind.DISPUTE_LOST_STAFF: dispute_lost_staff,
}
