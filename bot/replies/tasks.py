"""What waits for a person of the staff, each with what to do next."""

from collections.abc import Sequence

from bot.actions import Key, custom_id
from bot.replies.history import excerpt
from bot.replies.paging import of_page, page_keys, page_note
from bot.replies.reply import Reply, Tone
from core.texts.language import plain, say, say_many
from core.texts.prices import price
from core.texts.providers import provider_name
from core.texts.when import discord_time
from core.usecases.reading.tasks import Payment, Somebody, Task, TaskKind

A_PAGE = 5
_A_ROW = 5  # buttons; of a page's tasks each has three at most, and Discord shows five rows
_EXCERPT = 200


def tasks(found: Sequence[Task], page: int = 0) -> Reply:
    """A page, the most pressing first."""
    if not found:
        return Reply(say("Nothing to do"), say("Nothing waits for staff now."), tone=Tone.DONE)
    page, pages, shown = of_page(found, page, A_PAGE)
    first = page * A_PAGE + 1
    return Reply(
        say_many("{number} task for staff", "{number} tasks for staff", len(found)),
        say("The most pressing first. What is done disappears by itself."),
        fields=[_field(number, task) for number, task in enumerate(shown, first)],
        rows=[*_decisions(list(enumerate(shown, first))), page_keys("tasks-page", page, pages)],
        footer=page_note(page, pages),
    )


def _decisions(shown: Sequence[tuple[int, Task]]) -> list[list[Key]]:
    """The buttons of those about which staff can decide here, and now."""
    shown = [(number, task) for number, task in shown if not _waits_for_bank(task)]
    parked = [(number, task.subject_id) for number, task in shown if task.kind is TaskKind.PAYMENT_PARKED]
    seen = [(number, task.subject_id) for number, task in shown if task.kind is TaskKind.REFUND_SEEN]
    owed = [(number, task.subject_id) for number, task in shown if task.kind is TaskKind.REFUND_FAILED]
    disputed = [(number, task.subject_id) for number, task in shown if task.kind is TaskKind.DISPUTED]
    keys = [
        *(Key(say("Evidence for {number}", number=number), custom_id("evidence", each)) for number, each in disputed),
        *(Key(say("Grant {number}", number=number), custom_id("grant-parked", each)) for number, each in parked),
        *(Key(say("Give {number} back", number=number), custom_id("refund-parked", each)) for number, each in parked),
        *(Key(say("Try {number} again", number=number), custom_id("refund-again", each)) for number, each in owed),
        *(Key(say("{number} is paid back", number=number), custom_id("refund-by-hand", each)) for number, each in owed),
        *(Key(say("{number} is not owed", number=number), custom_id("refund-not-owed", each)) for number, each in owed),
        *(Key(say("Sessions for {number}", number=number), custom_id("how-many", each)) for number, each in seen),
    ]
    return [keys[first : first + _A_ROW] for first in range(0, len(keys), _A_ROW)]


def _waits_for_bank(task: Task) -> bool:
    """Whether its payment is disputed, so that nobody else says where its money goes."""
    return task.kind is not TaskKind.DISPUTED and task.payment is not None and task.payment.disputed


def _field(number: int, task: Task) -> tuple[str, str]:
    title, text = _what(task)
    return f"{number}. {title}", f"{text}\n→ {_next(task)}"


def _what(task: Task) -> tuple[str, str]:
    """What it is, in a few words and in a sentence."""
    names = {"student": _who(task.student), "mentor": _who(task.mentor)}
    since = discord_time(task.since, "f") if task.since is not None else ""
    match task.kind:
        case TaskKind.NO_STAFF_CHANNEL:
            return say("No staff channel"), say("What needs a person cannot be told to anybody.")
        case TaskKind.FAILURES:
            return say("Given up"), say_many(
                "{number} message or news of a payment could not be dealt with.",
                "{number} messages or news of payments could not be dealt with.",
                task.count,
            )
        case TaskKind.GRACE_HELD_UP:
            return say("A grace that is over"), say(
                "The seat of {student} with {mentor} should have been released {since}, but they could not be warned, "
                "or their payment is on its way.",
                **names,
                since=since,
            )
        case TaskKind.OUTCOME_MISSING:
            return say("A session without an outcome"), say(
                "{mentor} does not say how the session with {student} went, {since}.", **names, since=since
            )
        case TaskKind.MENTOR_REMOVED:
            return say("Sessions left with a mentor who is gone"), say_many(
                "{student} has {number} session left with {mentor}, who teaches no more.",
                "{student} has {number} sessions left with {mentor}, who teaches no more.",
                task.count,
                **names,
            )
        case TaskKind.MENTOR_GONE:
            return say("A mentor who left the server"), say_many(
                "{mentor} left {since} and has {number} student.",
                "{mentor} left {since} and has {number} students.",
                task.count,
                mentor=names["mentor"],
                since=since,
            )
        case TaskKind.STUDENT_GONE:
            return say("A student who left the server"), say(
                "{student} left {since} and still has a seat with {mentor}.", **names, since=since
            )
        case TaskKind.WAITS_SEATLESS:
            return say("Paid when no seat was free"), say(
                "{student} is first on the waiting list of {mentor} since {since}; the money is given back.",
                **names,
                since=since,
            )
        case TaskKind.ABOVE_CAPACITY:
            return say("More students than seats"), say(
                "{mentor} has more students than seats: {count} of {capacity}.",
                mentor=names["mentor"],
                count=task.count,
                capacity=task.capacity,
            )
        case TaskKind.ROLE_FAILED:
            return say("A role that cannot be given or taken"), say_many(
                "{number} student of {mentor} does not have the role that the seat says.",
                "{number} students of {mentor} do not have the role that their seats say.",
                task.count,
                mentor=names["mentor"],
            )
        case _:
            return _of_money(task, names, since)


def _of_money(task: Task, names: dict[str, str], since: str) -> tuple[str, str]:
    paid = task.payment
    if paid is None:
        return say("A payment that takes long"), say(
            "The payment of {student} for {mentor} is on its way since {since}. Order {order}.",
            **names,
            since=since,
            order=task.subject_id,
        )
    amount = price(paid.amount_minor, paid.currency)
    match task.kind:
        case TaskKind.REFUND_FAILED:
            title = say("A refund to make by hand")
            text = say(
                "{student} is owed {amount} for an order with {mentor}, which the provider did not give back: {why}.",
                **names,
                amount=amount,
                why=excerpt(task.why or "", _EXCERPT) or say("it gave no reason"),
            )
        case TaskKind.REFUND_SEEN:
            title = say("A refund on the provider's pages")
            text = say(
                "{student} got {amount} back, of an order with {mentor}. Nobody has said which sessions go with it.",
                **names,
                amount=amount,
            )
        case TaskKind.DISPUTED:
            title = say("A disputed payment")
            text = say("{student} disputes the payment of {amount} to {mentor}.", **names, amount=amount)
        case _:
            title = say("A payment that needs your decision")
            text = say(
                "{student} paid {amount} to {mentor}, but the order says {due}. Nothing was granted.",
                **names,
                amount=amount,
                due=price(paid.due_minor, paid.currency),
            )
    return title, f"{text}\n{_reference(paid)}"


def _reference(paid: Payment) -> str:
    return say(
        "Order {order}, payment {payment} at {provider}.",
        order=paid.order_id,
        payment=plain(paid.ref),
        provider=provider_name(paid.provider),
    )


def _next(task: Task) -> str:
    """What to do, with the command for it where there is one."""
    if _waits_for_bank(task):
        return say(
            "The payment is disputed: pay and decide nothing until that is over. Then it is settled, or there is a "
            "button for it here."
        )
    match task.kind:
        case TaskKind.NO_STAFF_CHANNEL:
            return say("Choose one with `/setup` and its option `staff_channel`.")
        case TaskKind.REFUND_FAILED:
            return say(
                "If you mended what was in the way, try it again below. Else refund it on the provider's pages, or pay "
                "the student otherwise, and say so below; or say that it is not owed."
            )
        case TaskKind.PAYMENT_PARKED:
            return say("Compare both at the provider. Then grant what was ordered, or give the money back, below.")
        case TaskKind.REFUND_SEEN:
            return say("Say how many below: none, or up to all that are unused.")
        case TaskKind.DISPUTED:
            if task.until is None:
                return say("Look at it on the provider's pages. There is nothing to answer now.")
            return say("Answer it on the provider's pages until {when}.", when=discord_time(task.until, "F"))
        case TaskKind.PAYMENT_LATE:
            return say("Look at the provider what became of it. The seat is kept meanwhile.")
        case TaskKind.FAILURES:
            return say("`/staff failures` lists each, and tries it again.")
        case TaskKind.GRACE_HELD_UP:
            return say("Talk to the student. Then `/staff release`, or `/staff extend` for more time.")
        case TaskKind.OUTCOME_MISSING:
            return say("Ask the mentor. `/complete` or `/noshow` says it for them.")
        case TaskKind.MENTOR_REMOVED:
            return say(
                "Ask the student: money back with `/staff refund`; or `/staff grant` with another mentor, and "
                "`/adjust` takes them off here."
            )
        case TaskKind.MENTOR_GONE:
            return say("`/staff mentor pause` until you know more; if they do not come back: `/staff mentor remove`.")
        case TaskKind.STUDENT_GONE:
            return say("If they do not come back: `/staff release`.")
        case TaskKind.WAITS_SEATLESS:
            return say("Tell them when a seat is free: they can `/buy` it then.")
        case TaskKind.ABOVE_CAPACITY:
            return say("Nobody new gets a seat until that is even. There is nothing to do.")
        case TaskKind.ROLE_FAILED:
            return say("Let the bot manage roles, and put its own role above that one. It is tried again by itself.")


def _who(person: Somebody | None) -> str:
    return "" if person is None else f"**{plain(person.name)}** (<@{person.user_id}>)"
