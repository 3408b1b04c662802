"""Money that staff give back: which order, what it would take, and what was done."""

from collections.abc import Sequence
from datetime import datetime

from babel.dates import format_date

from bot.actions import Key, custom_id
from bot.forms import Blank, Form
from bot.replies.decisions import WHY
from bot.replies.reply import Reply, Tone
from core.rules.refunds import SeatAfter
from core.texts.language import language, plain, say, say_many, visible
from core.texts.prices import price
from core.texts.when import discord_time
from core.usecases.reading.paid_orders import PaidOrder
from core.usecases.reason import LONGEST_REASON
from core.usecases.refunds.case import RefundDone, RefundPreview

HOW_MANY = "sessions"

_LONGEST_NAME = 24  # so that a choice shows all that tells orders apart
_MOST_TIMES = 20


def order_choice(order: PaidOrder) -> tuple[str, str]:
    """(label, value) for an autocomplete: student and mentor, product, date, amount."""
    names = [_short(each) for each in (order.student_name, order.mentor_name, order.product_name)]
    day = format_date(order.paid_at, "medium", locale=language())
    return f"{names[0]} – {names[1]} · {names[2]} · {day} · {price(order.amount_minor, order.currency)}", str(
        order.order_id
    )


def _short(name: str) -> str:
    seen = visible(name)
    return seen if len(seen) <= _LONGEST_NAME else f"{seen[: _LONGEST_NAME - 1]}…"


def preview(shown: RefundPreview, otherwise: RefundPreview | None = None) -> Reply:
    """What would go back and what it takes; nothing is done yet. The reason waits in the footer for the button.

    `otherwise` is the same with the other choice about the seat, where there is one.
    """
    return Reply(
        _question(shown),
        say(
            "“{product}” with {mentor}: {unused} of {total} sessions are unused.",
            product=plain(shown.product_name),
            mentor=plain(shown.mentor_name),
            unused=shown.unused,
            total=shown.total,
        )
        + f" {_who_reads(shown)}",
        fields=[
            (say("Money"), _money(shown)),
            (say("Sessions"), _sessions(shown)),
            (say("Booked for later"), _bookings(shown)),
            (say("Seat"), _seat(shown)),
        ],
        rows=[[_confirm(shown), *([_confirm(otherwise)] if otherwise is not None else [])]],
        footer=shown.reason,
    )


def _who_reads(shown: RefundPreview) -> str:
    """Where only an answer is noted, nobody is told."""
    if shown.refund_id is not None and not shown.sessions:
        return say("Your reason stays in the history.")
    return say("{student} reads your reason.", student=plain(shown.student_name))


def _question(shown: RefundPreview) -> str:
    student = plain(shown.student_name)
    if shown.refund_id is None and shown.amount_minor:
        return say("Give {amount} back to {student}?", amount=_amount(shown), student=student)
    return say("Take sessions off the pack of {student}?", student=student)


def _amount(shown: RefundPreview | RefundDone) -> str:
    return price(shown.amount_minor, shown.currency)


def _money(shown: RefundPreview) -> str:
    if shown.refund_id is not None:
        return say("{amount} went back on the provider's pages already.", amount=_amount(shown))
    if not shown.amount_minor:
        return say("None goes back.")
    left = price(shown.left_minor, shown.currency)
    return say("{amount} of {left} that are left go back to where they came from.", amount=_amount(shown), left=left)


def _sessions(shown: RefundPreview) -> str:
    if not shown.sessions:
        return say("None is taken off.")
    taken = say_many("{number} session is taken off.", "{number} sessions are taken off.", shown.sessions)
    return f"{taken} {say('All of the money goes, so all that is unused goes.')}" if shown.in_full else taken


def _bookings(shown: RefundPreview) -> str:
    lines = []
    if shown.canceled:
        lines.append(say("Cancelled: {times}", times=_times(shown.canceled)))
    if shown.moved:
        lines.append(say("Stays, and counts against another pack: {times}", times=_times(shown.moved)))
    return "\n".join(lines) or say("Nothing is cancelled.")


def _times(starts: Sequence[datetime]) -> str:
    seen = ", ".join(discord_time(at, "f") for at in starts[:_MOST_TIMES])
    return seen if len(starts) <= _MOST_TIMES else f"{seen}, …"


def _seat(shown: RefundPreview) -> str:
    match shown.seat:
        case SeatAfter.AS_IT_IS:
            return say("Stays as it is.")
        case SeatAfter.RELEASED:
            return say("With the last session it is released at once; student, mentor and staff are told.")
        case SeatAfter.GRACE if shown.keep_seat:
            return say("It is kept for a while, as after every last session, so that they can renew.")
        case SeatAfter.GRACE:
            return say("A payment of theirs is open, so it is kept until that is settled, as in a grace.")
        case SeatAfter.DISPUTED:
            return say("A payment of theirs is disputed, so it is kept until that is decided, and no grace runs.")


def _confirm(shown: RefundPreview) -> Key:
    keep = int(shown.keep_seat)
    if shown.refund_id is not None:
        pressed = custom_id("take-confirm", shown.refund_id, shown.sessions, keep, shown.seen)
        label = say("Take them off") if shown.sessions else say("Take none off")
    else:
        numbers = (shown.order_id, shown.sessions, shown.amount_minor, keep, shown.seen)
        pressed, label = custom_id("refund-confirm", *numbers), say("Confirm")
    if shown.seat_at_stake:
        label = say("{do}, keep the seat", do=label) if shown.keep_seat else say("{do}, release the seat", do=label)
    return Key(label, pressed, style="primary" if shown.seat_at_stake and shown.keep_seat else "danger")


def done(result: RefundDone) -> Reply:
    """It is done, and what became of bookings and seat."""
    student, mentor = plain(result.student_name), plain(result.mentor_name)
    lines = []
    if result.refund_id is not None:
        title = say("Noted: {student}", student=student)
    elif result.amount_minor:
        title = say("Goes back: {amount} to {student}", amount=_amount(result), student=student)
        lines.append(say("The provider is asked for it by itself; should it say no, you are told."))
    else:
        title = say("Taken off: {student}", student=student)
    lines.append(
        say_many(
            "{number} session with {mentor} is off the pack.",
            "{number} sessions with {mentor} are off the pack.",
            result.sessions,
            mentor=mentor,
        )
        if result.sessions
        else say("None is taken off.")
    )
    if result.canceled:
        lines.append(say_many("{number} session is cancelled.", "{number} sessions are cancelled.", result.canceled))
    if result.seat is SeatAfter.RELEASED:
        lines.append(say("The seat with {mentor} is free. All three are told.", mentor=mentor))
    elif result.seat is SeatAfter.GRACE:
        lines.append(say("The seat with {mentor} is kept for a while.", mentor=mentor))
    elif result.seat is SeatAfter.DISPUTED:
        lines.append(say("The seat with {mentor} is kept until the dispute is decided.", mentor=mentor))
    return Reply(title, "\n".join(lines), tone=Tone.DONE)


def form_how_many(refund_id: int) -> Form:
    """The question that a refund on the provider's pages leaves open."""
    return Form(
        custom_id("take-for-refund", refund_id),
        say("How many sessions go with it?"),
        [
            Blank(
                HOW_MANY,
                say("Sessions"),
                3,
                description=say("0 leaves the student all of them."),
                example="0",
                one_line=True,
            ),
            Blank(
                WHY,
                say("Why"),
                LONGEST_REASON,
                description=say("It stays in the history; the student reads it if sessions go."),
            ),
        ],
    )
