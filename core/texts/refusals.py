"""A sentence for every refusal, each of which says what mends it."""

from collections.abc import Callable, Mapping
from datetime import datetime

from core.rules.refusals import Reason, Refused
from core.texts.language import plain, say, say_many
from core.texts.refusals_to_staff import TO_STAFF
from core.texts.sentence import Counted, Sentence
from core.texts.when import discord_time

_LONGEST_QUOTE = 100  # characters of what somebody typed, where the sentence repeats it


def sentence(
    refused: Refused,
    *,
    moment: Callable[[datetime], str] = discord_time,
    words: Callable[[str], str] = plain,
) -> str:
    """The refusal in the reader's language. `moment` writes instants, `words` makes somebody's own words harmless."""
    said = SENTENCES[refused.reason]
    known = {name: fact for name, fact in refused.facts if fact is not None and str(fact).strip()}
    facts = {name: _written(fact, moment, words) for name, fact in known.items()}
    for told in said.told:
        try:
            if isinstance(told, Counted):
                return say_many(told.one, told.many, int(str(known[told.by])), **facts)
            return say(told, **facts)
        except KeyError:
            continue  # a fact is missing, or blank: who loses a race in the database knows the constraint alone
    return say(said.without)


def _written(fact: object, moment: Callable[[datetime], str], words: Callable[[str], str]) -> str:
    if isinstance(fact, datetime):
        return moment(fact)
    text = str(fact)
    return words(text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…")


def _(message: str) -> str:
    """Marks a sentence for the catalogues; `say` translates it when it is said."""
    return message


_WHO_AND_WHAT = {
    Reason.NOT_YOURS: Sentence(_("That is not yours, so nothing was changed. `/schedule` shows what is.")),
    Reason.NOT_STAFF: Sentence(
        _("Only staff can do that: somebody with the staff role or the Manage Server permission. Ask one of them.")
    ),
    Reason.NOT_A_MENTOR: Sentence(
        _("Only mentors can do that. Staff make a member a mentor with `/staff mentor add`; ask one of them.")
    ),
    Reason.NOT_SET_UP: Sentence(
        _("This server is not set up yet. Somebody with the Manage Server permission runs `/setup` first.")
    ),
    Reason.ALREADY_SET_UP: Sentence(
        _("Somebody set this server up at the same moment. Run `/setup` again to change it.")
    ),
    Reason.UNKNOWN_MENTOR: Sentence(_("There is no such mentor here (any more). `/mentors` shows who there is.")),
    Reason.UNKNOWN_PRODUCT: Sentence(
        _("The mentor does not sell that (any more). Choose from the list of the `product` option.")
    ),
    Reason.UNKNOWN_SESSION: Sentence(_("There is no such session of yours. `/schedule` shows your sessions.")),
    Reason.UNKNOWN_ORDER: Sentence(_("There is no such order. Use `/buy` to start a new one.")),
    Reason.UNKNOWN_TIME_ZONE: Sentence(
        without=_("That time zone is not known. Choose one from the list, like `Europe/Berlin`."),
        told=[_("The time zone “{zone}” is not known. Choose one from the list, like `Europe/Berlin`.")],
    ),
    Reason.ALREADY_A_MENTOR: Sentence(_("This member is a mentor already. `/mentors` shows them.")),
    Reason.WAS_A_MENTOR: Sentence(
        _(
            "This member was a mentor here and was removed, which is for good. Only another account of theirs can be "
            "made a mentor."
        )
    ),
    Reason.PRODUCT_EXISTS: Sentence(_("This mentor already sells something of that name. Choose another name.")),
    Reason.BAD_HOURS: Sentence(
        without=_("Those hours cannot be read. Write them like `Mon-Fri 17:00-20:00, Sat 10:00-14:00`."),
        told=[_("“{piece}” cannot be read as hours. Write them like `Mon-Fri 17:00-20:00, Sat 10:00-14:00`.")],
    ),
    Reason.BAD_NUMBER: Sentence(
        without=_("One of the numbers is not possible. Check it and try again; prices look like `49.90`."),
        told=[
            _("“{field}” goes from {least} to {most}; {number} is not possible. Choose a number between them."),
            _("“{number}” is not possible here. Check it and try again; prices look like `49.90`."),
        ],
    ),
    Reason.BAD_CURRENCY: Sentence(
        without=_("That currency is not known. Use its three letters, like `EUR` or `USD`."),
        told=[_("The currency “{currency}” is not known. Use its three letters, like `EUR` or `USD`.")],
    ),
    Reason.BAD_NAME: Sentence(
        without=_("That name is empty or too long. Choose one that fits on one line."),
        told=[_("A name has one line of at most {most} characters, and is not empty. Choose another one.")],
    ),
    Reason.BAD_DATE: Sentence(_("That date cannot be read. Write it like `2026-11-30`.")),
    Reason.BAD_NOTE: Sentence(
        without=_("That note is empty or too long. Write down what you want to remember."),
        told=[_("A note has 1 to {most} characters. Write down what you want to remember, or make two of it.")],
    ),
    Reason.UNKNOWN_SETTING: Sentence(
        without=_("There is no such setting. `/staff settings show` lists them all."),
        told=[_("There is no setting “{name}”. `/staff settings show` lists them all.")],
    ),
    Reason.BAD_SETTING: Sentence(
        without=_("A setting cannot be that. `/staff settings show` says from where to where each goes."),
        told=[
            _(
                "“{name}” goes from {least} to {most} as the other settings stand; {value} is not possible. "
                "Choose a number between them."
            )
        ],
    ),
    Reason.EVERYBODY_AS_STAFF: Sentence(
        _("With that role everybody would be staff. Choose, or make first, a role that only your staff have.")
    ),
    Reason.STUDENTS_AS_STAFF: Sentence(
        _("Students of a mentor get that role from me. Choose, or make first, a role that only your staff have.")
    ),
    Reason.ZONE_AND_CURRENCY_FIRST: Sentence(
        _("Time zone and currency come first, together. Press the button, or name both in `/setup`.")
    ),
    Reason.NOT_OF_THIS_SERVER: Sentence(_("That is not on this server (any more). Choose another one from the list.")),
    Reason.SECRET_HAS_CHANGED: Sentence(
        _("The secret was changed meanwhile, so it was not changed again. `/staff webhook` shows how it stands.")
    ),
}

_BUYING = {
    Reason.OWN_MENTOR: Sentence(_("Nobody can be their own student. `/mentors` shows the other mentors.")),
    Reason.CHOOSE_PRODUCT: Sentence(
        _("This mentor sells more than one thing. Choose one with `/buy` and its `product` option.")
    ),
    Reason.NOTHING_FOR_SALE: Sentence(_("There is nothing of that for sale at the moment. `/mentors` shows what is.")),
    Reason.MENTOR_PAUSED: Sentence(
        _("This mentor is taking a break, so nothing new starts. What you have stays yours; try again later.")
    ),
    Reason.MENTOR_FULL: Sentence(
        _("All seats of this mentor are taken. `/mentors` shows who has one free; or try again later.")
    ),
    Reason.GRACE_IS_OVER: Sentence(
        without=_("The time to renew is over, and the seat is about to be free. Buy it anew with `/buy` then."),
        told=[_("The time to renew ended {ended_at}, and the seat is about to be free. Buy it anew with `/buy` then.")],
    ),
    Reason.TOO_MANY_CHECKOUTS: Sentence(
        without=_("You have too many unpaid checkouts open. Pay or cancel one of them on its page first."),
        told=[
            _("You may keep {limit} unpaid checkouts open, and you do. Pay or cancel one of them on its page first.")
        ],
    ),
    Reason.TOO_MANY_UNPAID: Sentence(
        without=_("Your last checkouts with this mentor went unpaid, so there is a short break. Try again later."),
        told=[
            _("Your last checkouts with this mentor went unpaid, so there is a short break. Try again from {until} on.")
        ],
    ),
    Reason.TOO_OFTEN: Sentence(
        without=_("You asked for checkouts very often. Wait a minute, then try again; nothing was charged."),
        told=[_("You asked for checkouts very often. Try again from {until} on; nothing was charged.")],
    ),
    Reason.ALREADY_PAID: Sentence(_("That is paid already. `/remaining` shows what you have.")),
    Reason.CHECKOUT_OPENING: Sentence(
        _("Your checkout is being opened at this moment. Try again in a few seconds to get its link.")
    ),
    Reason.PAYMENT_IS_SETTLING: Sentence(
        _(
            "A payment of yours to this mentor is on its way, or staff look at it. You are told what comes of it; "
            "do not pay again."
        )
    ),
    Reason.CHECKOUT_LEFT: Sentence(
        _("That checkout had ended before: it was left, or its payment failed. Get a new one with `/buy`.")
    ),
    Reason.CHECKOUT_UNSEEN: Sentence(
        _(
            "We cannot see whether your first checkout was paid: its provider does not say at the moment. Do not pay "
            "again; try this once more in a minute."
        )
    ),
    Reason.PRODUCT_CHANGED: Sentence(
        _("That is no longer for sale as it was then. `/buy` shows what there is, and at which price.")
    ),
    Reason.PROVIDER_UNREACHABLE: Sentence(
        _("The payment provider does not answer at the moment. Nothing was charged; try again in a minute.")
    ),
    Reason.PROVIDER_REFUSED: Sentence(
        _("The payment provider refused to open a checkout. Nothing was charged; please tell staff about it.")
    ),
    Reason.PROVIDER_SAYS_NOTHING: Sentence(
        _("The payment provider will not say how your checkout stands. Do not pay again; please tell staff about it.")
    ),
    Reason.PROVIDER_NOT_CONFIGURED: Sentence(
        _("Payments are not set up on this server yet. Please tell staff: they need a payment provider.")
    ),
    Reason.UNKNOWN_PROVIDER: Sentence(
        _("One cannot pay in this way here. Leave `provider` out, or choose one from its list.")
    ),
}

_CODES = {
    Reason.BAD_CODE: Sentence(
        _("A code is 3 to 40 letters, digits, dashes or underscores, like `SPRING-10`. Choose another.")
    ),
    Reason.CODE_ONE_WAY: Sentence(_("A code takes off either a percentage or an amount. Name one of the two.")),
    Reason.CODE_EXISTS: Sentence(_("There is a code of this name. Choose another, or end that one first.")),
    Reason.UNKNOWN_CODE: Sentence(_("There is no such code here. Check how it is written, or buy without it.")),
    Reason.CODE_IS_OVER: Sentence(
        without=_("This code is not good any more. You can buy without it."),
        told=[_("This code was good until {ended_at}. You can buy without it.")],
    ),
    Reason.CODE_OF_ANOTHER_MENTOR: Sentence(_("This code is for another mentor. You can buy without it.")),
    Reason.CODE_OF_ANOTHER_CURRENCY: Sentence(
        without=_("This code is for prices in another currency. You can buy without it."),
        told=[_("This code is for prices in {currency}. You can buy without it.")],
    ),
    Reason.CODE_USED_UP: Sentence(_("This code was used as often as it can be. You can buy without it.")),
    Reason.CODE_USED_BY_YOU: Sentence(_("You used this code as often as one person can. You can buy without it.")),
    Reason.CODE_ENDED_SINCE: Sentence(
        _(
            "The code of this checkout has ended since, so it cannot be paid in another way. It stays as it is: pay "
            "it where it was opened, or buy anew without the code."
        )
    ),
}

_RELEASING = {
    Reason.NOT_IN_GRACE: Sentence(_("This seat is not about to be released. `/remaining` shows how it stands.")),
    Reason.GRACE_NOT_OVER: Sentence(
        without=_("This seat is still kept for its student. Wait until that time is over."),
        told=[_("This seat is kept for its student until {ends_at}. Wait until then.")],
    ),
    Reason.ORDER_UNSETTLED: Sentence(
        _("A payment for this seat is on its way. Wait until the provider says how it went.")
    ),
    Reason.WARNING_NOT_DELIVERED: Sentence(
        _("The student has not been warned yet. The seat can be released after the final warning.")
    ),
    Reason.NOTHING_TO_EXPIRE: Sentence(_("This pack does not expire now. `/remaining` shows until when it is good.")),
}

_BOOKING = {
    Reason.CHOOSE_MENTOR: Sentence(
        _("You have a seat with more than one mentor. Name one of them with the `mentor` option.")
    ),
    Reason.NO_SEAT: Sentence(_("You have no seat with this mentor. Get one with `/buy`.")),
    Reason.NO_SEAT_ANYWHERE: Sentence(
        _("You have no seat with any mentor. `/mentors` shows who teaches here, and `/buy` gets you a seat.")
    ),
    Reason.SEAT_NOT_PAID: Sentence(
        _(
            "Your seat with this mentor is not paid yet. `/buy` shows the link again, or says that your payment is on "
            "its way."
        )
    ),
    Reason.SEAT_IN_GRACE: Sentence(
        _("You have no sessions left with this mentor; your seat is kept for a while. `/renew` keeps it for you.")
    ),
    Reason.NO_SESSIONS_LEFT: Sentence(_("You have no sessions left with this mentor. Use `/renew` to get more.")),
    Reason.ALL_SESSIONS_BOOKED: Sentence(
        without=_("All your sessions with this mentor are booked. `/schedule` shows them; `/renew` gets you more."),
        told=[
            _(
                "All your sessions with this mentor are booked (booked now: {booked}). "
                "`/schedule` shows them; `/renew` gets you more."
            )
        ],
    ),
    Reason.PACK_EXPIRES_FIRST: Sentence(
        without=_("Your sessions expire before that time. Choose an earlier one, or `/renew` for more time."),
        told=[
            _("Your sessions expire {expires_at}, before that time. Choose an earlier one, or `/renew` for more time.")
        ],
    ),
    Reason.PACK_FROZEN: Sentence(
        _("Your sessions are on hold because of a payment dispute. They are free again when it is settled; ask staff.")
    ),
    Reason.IN_THE_PAST: Sentence(_("That time is over. Choose a later one with `/book`.")),
    Reason.TOO_SOON: Sentence(
        without=_("That is too soon for this mentor. Choose a later time with `/book`."),
        told=[_("That is too soon for this mentor. The earliest possible is {earliest}; choose with `/book`.")],
    ),
    Reason.TOO_FAR_AHEAD: Sentence(
        without=_("That is too far ahead. Choose an earlier time with `/book`."),
        told=[_("That is too far ahead. The latest possible is {latest}; choose with `/book`.")],
    ),
    Reason.OUTSIDE_HOURS: Sentence(_("The mentor does not work at that time. `/book` shows the times that are free.")),
    Reason.BLACKED_OUT: Sentence(_("The mentor is away at that time. `/book` shows the times that are free.")),
    Reason.MENTOR_BUSY: Sentence(_("That time is taken by now. `/book` shows the times that are still free.")),
    Reason.STUDENT_BUSY: Sentence(
        _("You have another session at that time. `/schedule` shows it; choose another time with `/book`.")
    ),
}

_COMPLETING = {
    Reason.SESSION_HAS_BEGUN: Sentence(
        _(
            "This session has begun, so it is not cancelled any more. If it did not take place, its mentor says so "
            "with *Not held*; then it is given back."
        )
    ),
    Reason.STAFF_SAY_WHY: Sentence(
        _("Staff say why when they cancel a session of others. Use `/staff cancel`, which asks for the reason.")
    ),
    Reason.CANCELING_USES_IT: Sentence(
        without=_(
            "It is too late by now to cancel for free: cancelling now uses this session. Press again if you still "
            "want to."
        ),
        told=[
            _(
                "Cancelling was free until {until}. If you cancel now, this session is used. Press again if you "
                "still want to."
            ),
        ],
    ),
    Reason.NOT_STARTED: Sentence(
        without=_("This session has not started yet. Try again when it has."),
        told=[_("This session has not started yet. Try again from {from_at} on.")],
    ),
    Reason.SESSION_CANCELED: Sentence(
        _("This session was cancelled, so there is nothing to complete. `/schedule` shows what is.")
    ),
    Reason.NO_OUTCOME: Sentence(
        _("Nobody has said yet how this session went, so there is nothing to undo. `/complete` or `/noshow` says it.")
    ),
    Reason.CANCELLATION_STAYS: Sentence(
        _(
            "This session was cancelled, and a cancellation is not undone. Book a new one with `/book`; "
            "if it was cancelled late, `/waive` gives it back."
        )
    ),
    Reason.TOO_LATE_TO_UNDO: Sentence(
        without=_("It is too late to undo this. Staff can give the student sessions with `/staff grant`."),
        told=[_("This could be undone until {until}. Staff can give the student sessions with `/staff grant`.")],
    ),
    Reason.NOTHING_TO_HOLD: Sentence(
        _(
            "This session was given back, and the student's pack has none left for it now. They book a new one with "
            "`/book` when they have renewed."
        )
    ),
    Reason.PACK_REFUNDED: Sentence(
        _("The pack of this session was refunded and stays as it is. `/staff grant` gives new sessions.")
    ),
    Reason.NOTHING_TO_WAIVE: Sentence(
        _("Only a missed session or a late cancellation can be waived. For anything else there is `/undo`.")
    ),
    Reason.TOO_LATE_TO_WAIVE: Sentence(
        without=_("It is too late to waive this. Staff can give the student sessions with `/staff grant`."),
        told=[_("This could be waived until {until}. Staff can give the student sessions with `/staff grant`.")],
    ),
}

SENTENCES: Mapping[Reason, Sentence] = {
    **_WHO_AND_WHAT,
    **_BUYING,
    **_CODES,
    **_RELEASING,
    **_BOOKING,
    **_COMPLETING,
    **TO_STAFF,
}
