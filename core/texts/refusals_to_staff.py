"""Refusals of what staff, and mentors, change by hand: the sentences for them."""

from collections.abc import Mapping

from core.rules.refusals import Reason
from core.texts.sentence import Counted, Sentence


def _(message: str) -> str:
    """Marks a sentence for the catalogues; `say` translates it when it is said."""
    return message


def _many(one: str, many: str, by: str) -> Counted:
    """The same for a sentence that goes by a number."""
    return Counted(one, many, by)


_BY_HAND = {
    Reason.REASON_MISSING: Sentence(
        without=_("A reason is missing, or too long. Write in a sentence why; it is kept and shown."),
        told=[_("A reason has 1 to {most} characters. Write in a sentence why; it is kept and shown.")],
    ),
    Reason.UNKNOWN_STUDENT: Sentence(
        _("There is no such student here, or not with you. Choose one from the list of the `student` option.")
    ),
    Reason.UNKNOWN_PACK: Sentence(_("There is no such pack. Type the command anew and choose from its list.")),
    Reason.UNKNOWN_ADJUSTMENT: Sentence(_("There is no such question for you. `/remaining` shows what you have.")),
    Reason.ABOVE_CAPACITY: Sentence(
        without=_("All seats of this mentor are taken. Set `above_capacity` to give one more; the history says so."),
        told=[
            _many(
                "This mentor has {capacity} seat, and it is taken. Set `above_capacity` to give one more; "
                "the history says so.",
                "This mentor has {capacity} seats, and all are taken. Set `above_capacity` to give one more; "
                "the history says so.",
                "capacity",
            )
        ],
    ),
    Reason.SEAT_IS_RELEASED: Sentence(
        _("This student has no seat there any more, so nothing was changed. `/staff grant` gives a new one.")
    ),
    Reason.STUDENT_WITHOUT_SEAT: Sentence(
        _("This student has no seat there, so sessions cannot be added. `/staff grant` gives sessions and a seat.")
    ),
    Reason.PACK_IS_OVER: Sentence(_("This pack is over and stays as it is. `/staff grant` gives new sessions.")),
    Reason.NOTHING_TO_ADJUST: Sentence(
        _("This student has no pack there that could be changed. `/staff grant` gives new sessions.")
    ),
    Reason.NOTHING_TO_EXTEND: Sentence(
        _(
            "There is nothing to extend: neither sessions that could still expire, nor a seat in grace. "
            "`/staff grant` gives new sessions."
        )
    ),
    Reason.ABOVE_TOTAL: Sentence(
        without=_(
            "A pack never holds more than it was sold with. Staff give more than that as a new pack: `/staff grant`."
        ),
        told=[
            _(
                "The pack has {remaining} of {total} sessions left, and never holds more than its total. "
                "Staff give more than that as a new pack: `/staff grant`."
            )
        ],
    ),
    Reason.BELOW_HOLDS: Sentence(
        without=_("That is more than can be taken off. Take off fewer, or cancel a booking first."),
        told=[
            _(
                "That is more than can be taken off: left {remaining}, of which booked {held}. Take off fewer, or "
                "cancel a booking first."
            ),
        ],
    ),
    Reason.STALE_BALANCE: Sentence(
        without=_("The balance has changed since you looked. Type the command anew to see it."),
        told=[
            _many(
                "The balance has changed since you looked: {remaining} session is left now. Type the command anew.",
                "The balance has changed since you looked: {remaining} sessions are left now. Type the command anew.",
                "remaining",
            )
        ],
    ),
}

_AWAY = {
    Reason.NOTHING_TO_CHANGE: Sentence(_("Nothing was named that would change. Fill in at least one option.")),
    Reason.ALREADY_PAUSED: Sentence(
        without=_("This mentor is paused already. `/staff mentor resume` lets them go on."),
        told=[_("{mentor} is paused already, since {since}. `/staff mentor resume` lets them go on.")],
    ),
    Reason.NOT_PAUSED: Sentence(_("This mentor is not paused, so there is nothing to resume. `/mentors` shows them.")),
    Reason.ROLE_NOT_FOR_STUDENTS: Sentence(
        _(
            "Students cannot be given that role: everybody has it, or staff, or a bot, or it has powers over the "
            "server. Choose, or make first, a role that only students have."
        )
    ),
    Reason.ROLE_OR_NONE: Sentence(_("You named a role, and that there is to be none. Leave one of the two out.")),
    Reason.MONEY_ON_ITS_WAY: Sentence(
        without=_("Somebody is paying this mentor right now. Pause the mentor, and try again when that is settled."),
        told=[
            _many(
                "{orders} of this mentor's checkouts is open, on its way or waits for staff. Pause the mentor with "
                "`/staff mentor pause`, so that no new one opens, and try again when it is settled.",
                "{orders} of this mentor's checkouts are open, on their way or wait for staff. Pause the mentor with "
                "`/staff mentor pause`, so that no new one opens, and try again when these are settled.",
                "orders",
            )
        ],
    ),
    Reason.ALREADY_RETIRED: Sentence(_("That is off sale already. `/staff product add` puts up something new.")),
}

_REFUNDS = {
    Reason.NOTHING_TO_REFUND: Sentence(
        _("There is nothing to give back: no money and no session. Choose an order from the list of `order`.")
    ),
    Reason.MORE_THAN_LEFT: Sentence(
        _("That is more than is left of this payment. Leave `amount` out to see how much can go back.")
    ),
    Reason.PART_OF_A_COIN: Sentence(
        without=_("No provider moves so small a part of that currency. Choose a rounder amount."),
        told=[_("No provider moves so small a part of {currency}. Choose a rounder amount.")],
    ),
    Reason.DISPUTE_IS_OPEN: Sentence(
        _(
            "This payment is disputed, so the bank decides whether it goes back. Answer it on the provider's pages; "
            "`/staff tasks` lists it until then."
        )
    ),
    Reason.DECIDE_IN_TASKS: Sentence(
        _("This payment is not what its order says, and waits for you. `/staff tasks` has the buttons for it.")
    ),
    Reason.STALE_REFUND: Sentence(
        _(
            "Something has changed since you looked: sessions, bookings or money. Nothing was done; look again and "
            "confirm what you see then."
        )
    ),
}

_WAITING = {
    Reason.ALREADY_DECIDED: Sentence(
        _("That waits for nobody any more, so nothing was changed. `/staff tasks` shows what still waits.")
    ),
}

_PRIVACY = {
    Reason.NOTHING_HELD: Sentence(_("Nothing is kept here about this person, so there is nothing to show or erase.")),
    Reason.TOO_MUCH_TO_SEND: Sentence(
        _("That is more than fits in a message. Ask staff: whoever runs Seatkeeper here can give you all of it.")
    ),
    Reason.MEMBER_ERASED: Sentence(
        _("This member was erased, so nothing of theirs is changed any more. Whoever comes back begins anew.")
    ),
    Reason.STILL_A_MENTOR: Sentence(
        without=_("They are a mentor here. `/staff mentor remove` ends that; erase them then."),
        told=[_("They are a mentor in {community}. `/staff mentor remove` ends that; erase them then.")],
    ),
    Reason.MONEY_NOT_SETTLED: Sentence(
        without=_("Money of theirs is not settled. `/staff tasks` shows what waits; erase them when that is done."),
        told=[
            _(
                "Money of theirs is not settled in {community}: an order, a refund or a dispute. `/staff tasks` shows "
                "what waits; erase them when that is done."
            )
        ],
    ),
    Reason.STILL_SEATED: Sentence(
        without=_("They still have a seat. `/staff release` ends it; erase them then."),
        told=[_("They still have a seat in {community}, or students have one with them. `/staff release` ends it.")],
    ),
    Reason.STILL_BOOKED: Sentence(
        without=_("A session of theirs has no outcome yet. Cancel it, or say how it went; erase them then."),
        told=[
            _many(
                "{sessions} session of theirs in {community} has no outcome yet. Cancel it, or say how it went; "
                "erase them then.",
                "{sessions} sessions of theirs in {community} have no outcome yet. Cancel them, or say how they went; "
                "erase them then.",
                "sessions",
            )
        ],
    ),
    Reason.SESSIONS_LEFT: Sentence(
        without=_("They have sessions left. Refund them, or take them off with `/adjust`; erase them then."),
        told=[
            _many(
                "They have {sessions} session left in {community}. Refund it, or take it off with `/adjust`; "
                "erase them then.",
                "They have {sessions} sessions left in {community}. Refund them, or take them off with `/adjust`; "
                "erase them then.",
                "sessions",
            )
        ],
    ),
}

TO_STAFF: Mapping[Reason, Sentence] = {**_BY_HAND, **_AWAY, **_REFUNDS, **_WAITING, **_PRIVACY}
