"""Every change of the history as a sentence, for staff: what happened to what, by entity and verb."""

from collections.abc import Mapping

from core.rules.completion import Outcome


def _(message: str) -> str:
    """Marks a sentence for the catalogues; `say` translates it when it is said."""
    return message


_OF_ORDERS = {
    ("order", "buy"): _("{student} wants to buy “{product}” from {mentor}."),
    ("order", "wait"): _("The payment of {student} for “{product}” with {mentor} is on its way."),
    ("order", "fulfil"): _("{student} paid for “{product}” with {mentor}."),
    ("order", "approve"): _("{student} agreed to pay for “{product}” with {mentor} after all."),
    ("order", "turn down"): _(
        "{student} agreed to pay for “{product}” with {mentor} too late: no money was taken, nothing bought."
    ),
    ("order", "close"): _("The checkout of {student} for “{product}” with {mentor} closed unpaid."),
    ("order", "park"): _("The payment of {student} for “{product}” with {mentor} is not what the order says."),
    ("order", "refund"): _("The money for the order of {student}, “{product}” with {mentor}, goes back or is gone."),
    ("dispute", "open"): _("The payment of {student} for “{product}” with {mentor} is disputed."),
    ("dispute", "move"): _("The dispute of {student} with {mentor} has another amount or deadline."),
    ("dispute", "win"): _("The dispute of {student} about “{product}” with {mentor} is won."),
    ("dispute", "lose"): _("The dispute of {student} about “{product}” with {mentor} is lost."),
    ("refund", "refund"): _("Money of {student} for “{product}” with {mentor} goes back."),
    ("refund", "fail"): _("The money of {student} for “{product}” with {mentor} could not be given back."),
    ("refund", "see"): _("Money of {student} for “{product}” with {mentor} was given back on the provider's pages."),
    ("refund", "replace"): _("Another refund took the place of one that failed, of {student} with {mentor}."),
    ("refund", "decide"): _("It was said how many sessions a refund of {student} with {mentor} takes."),
    ("refund", "by hand"): _("The money of {student} for “{product}” with {mentor} was given back by hand."),
    ("refund", "ask again"): _("A refund to {student} that failed is tried again, for “{product}” with {mentor}."),
    ("refund", "not owed"): _("A refund to {student} that failed is not owed, for “{product}” with {mentor}."),
    ("event", "try again"): _("News of the payment of {student} to {mentor} is tried again."),
}
_OF_SEATS = {
    ("seat", "buy"): _("A seat with {mentor} is held while {student} pays."),
    ("seat", "approve"): _("A seat with {mentor} is held again while {student} pays."),
    ("seat", "close"): _("The seat with {mentor} that was held for {student} is free again."),
    ("seat", "fulfil"): _("{student} has a seat with {mentor}."),
    ("seat", "grant"): _("{student} was given a seat with {mentor}."),
    ("seat", "begin grace"): _("The seat of {student} with {mentor} is in grace."),
    ("seat", "end grace"): _("The grace of {student} with {mentor} is over, the seat is kept."),
    ("seat", "move grace end"): _("The grace of {student} with {mentor} ends later."),
    ("seat", "extend"): _("The seat of {student} with {mentor} is kept longer."),
    ("seat", "stop grace"): _("The grace of {student} with {mentor} stands still."),
    ("seat", "resume"): _("The grace of {student} with {mentor} runs on."),
    ("seat", "refund"): _("The seat of {student} with {mentor} is released."),
    ("seat", "release"): _("The seat of {student} with {mentor} is released."),
    ("seat", "remove"): _("The seat of {student} with {mentor} is released."),
    ("seat", "undo"): _("The seat of {student} with {mentor} is active again."),
    ("seat", "waive"): _("The seat of {student} with {mentor} is active again."),
}
_OF_PACKS = {
    ("pack", "fulfil"): _("{student} has a new pack with {mentor}."),
    ("pack", "grant"): _("{student} was given a pack with {mentor}."),
    ("pack", "refund"): _("Sessions of {student} with {mentor} are taken off the pack."),
    ("pack", "adjust"): _("The pack of {student} with {mentor} was corrected."),
    ("pack", "extend"): _("The pack of {student} with {mentor} lasts longer."),
    ("pack", "expire"): _("The pack of {student} with {mentor} expired."),
    ("pack", "freeze"): _("The time of the pack of {student} with {mentor} stands still."),
    ("pack", "thaw"): _("The time of the pack of {student} with {mentor} runs on."),
    ("pack", "resume"): _("The time of the pack of {student} with {mentor} runs on."),
    **{
        ("pack", verb): _("The pack of {student} with {mentor} is used up.")
        for verb in (Outcome.COMPLETED.verb, Outcome.NO_SHOW.verb, "cancel late")
    },
    **{
        ("pack", verb): _("The pack of {student} with {mentor} can be used again, or longer.")
        for verb in (Outcome.MENTOR_NO_SHOW.verb, Outcome.NOT_HELD.verb, "undo", "waive", "cancel")
    },
    ("note", "note"): _("Something was noted about {student}, for {mentor}."),
    ("adjustment", "ask"): _("{student} is asked whether sessions with {mentor} may be taken off."),
    ("adjustment", "answer"): _("{student} answered whether sessions with {mentor} may be taken off."),
}
_OF_SESSIONS = {
    ("session", "book"): _("{student} booked a session with {mentor}, {when}."),
    ("session", Outcome.COMPLETED.verb): _("The session of {student} with {mentor}, {when}, took place."),
    ("session", Outcome.NO_SHOW.verb): _("{student} did not come to the session with {mentor}, {when}."),
    ("session", Outcome.MENTOR_NO_SHOW.verb): _("{mentor} did not come to the session with {student}, {when}."),
    ("session", Outcome.NOT_HELD.verb): _("The session of {student} with {mentor}, {when}, was not held."),
    ("session", "undo"): _("What was said of the session of {student} with {mentor}, {when}, is taken back."),
    ("session", "cover"): _("The session of {student} with {mentor}, {when}, counts against another pack."),
    ("session", "waive"): _("The session of {student} with {mentor}, {when}, is given back."),
    **{
        ("session", verb): _("The session of {student} with {mentor}, {when}, is cancelled.")
        for verb in ("cancel", "refund", "release", "remove")
    },
}
_OF_MENTORS = {
    ("mentor", "add"): _("{mentor} is a mentor now."),
    ("mentor", "edit"): _("The settings of {mentor} were changed."),
    ("mentor", "set capacity"): _("{mentor} takes another number of students."),
    ("mentor", "hours"): _("The hours of {mentor} were changed."),
    ("mentor", "pause"): _("{mentor} takes a break."),
    ("mentor", "resume"): _("{mentor} is back from the break."),
    ("mentor", "remove"): _("{mentor} is no mentor any more."),
    ("product", "add"): _("{mentor} sells “{product}” now."),
    ("product", "edit"): _("“{product}” of {mentor} was changed."),
    ("product", "retire"): _("{mentor} does not sell “{product}” any more."),
}
_OF_THE_COMMUNITY = {
    ("member", "leave"): _("{student} left the server."),
    ("member", "come back"): _("{student} is on the server again."),
    ("member", "erase"): _("{student} was erased: nobody can be found by what is kept."),
    ("member", "time zone"): _("{student} reads times in another zone."),
    ("code", "add"): _("A code was made that makes buying cheaper."),
    ("code", "retire"): _("A code was ended."),
    ("community", "set up"): _("Seatkeeper was set up."),
    ("community", "edit"): _("How Seatkeeper is set up was changed."),
    ("community", "leave"): _("The bot was taken off the server: no time runs."),
    ("community", "come back"): _("The bot is on the server again: time runs on."),
    ("community", "set"): _("A setting was changed."),
    ("community", "new webhook secret"): _("A new secret for the completion webhook was made."),
}

SENTENCES: Mapping[tuple[str, str], str] = {
    **_OF_ORDERS,
    **_OF_SEATS,
    **_OF_PACKS,
    **_OF_SESSIONS,
    **_OF_MENTORS,
    **_OF_THE_COMMUNITY,
}
"""By (entity, verb). A change that is not here is told in the history's own words."""

REASONS: Mapping[str, str] = {
    each: each
    for each in (
        _("the grace is over"),
        _("no session left, none booked"),
        _("a session came back"),
        _("a seat again"),
        _("warned late"),
        _("no seat was free"),
        _("the order was paid twice"),
        _("approved after its checkout had closed"),
        _("a code left nothing to pay"),
        _("refunded on the provider's own pages"),
        _("asked anew"),
        _("deleted in Discord"),
        _("the bot left the server"),
        _("the bot is back"),
    )
}
"""What the history gives as the reason of a change that no person gave one for."""
