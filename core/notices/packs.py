"""What people are told about a pack: before it expires, and when it was changed by hand. One function a kind."""

from collections.abc import Callable, Mapping

from core.notices.facts import AdjustmentFacts, ByHand, PackFacts
from core.notices.words import book_button, days_of, name, reason_of, renew_button, schedule_button, who
from core.ports import Button, Message
from core.rules.notices import NoticeKind
from core.texts.language import plain, say, say_many
from core.texts.when import discord_span


def pack_expires(pack: PackFacts) -> Message:
    title = say("Your sessions with {mentor} expire soon", mentor=plain(pack.pair.mentor.name))
    return Message(title, _expires(pack), [book_button(pack.pair), schedule_button()])


def pack_expires_soon(pack: PackFacts) -> Message:
    title = say("About to expire: your sessions with {mentor}", mentor=plain(pack.pair.mentor.name))
    return Message(title, _expires(pack), [book_button(pack.pair), schedule_button()])


def _expires(pack: PackFacts) -> str:
    """Of what is booked nothing is lost, so it is not counted."""
    lines = [
        say_many(
            "{number} session of your pack with {mentor} is neither used nor booked. It expires {when}.",
            "{number} sessions of your pack with {mentor} are neither used nor booked. They expire {when}.",
            pack.available,
            mentor=name(pack.pair.mentor),
            when=discord_span(pack.expires_at),
        ),
        say("Book a time that begins before then: `/book` shows what is free."),
    ]
    if pack.held:
        lines.append(say("What is booked is not lost."))
    lines.append(
        say("If no time suits you, ask {mentor} or staff: staff can give you more time.", mentor=name(pack.pair.mentor))
    )
    return "\n".join(lines)


def pack_granted(pack: PackFacts) -> Message:
    lines = [
        say(
            "Staff gave you {sessions} with {mentor}. You can use what is in that pack until {when}.",
            sessions=say_many("{number} session", "{number} sessions", pack.total),
            mentor=name(pack.pair.mentor),
            when=discord_span(pack.expires_at),
        ),
        _left(pack.remaining),
    ]
    return Message(
        say("New sessions with {mentor}", mentor=plain(pack.pair.mentor.name)),
        "\n".join(lines) + reason_of(pack.change),
        [book_button(pack.pair), schedule_button()],
    )


def pack_extended(pack: PackFacts) -> Message:
    if pack.stands_still:
        return _extended_for_later(pack)
    return Message(
        say("More time for your sessions with {mentor}", mentor=plain(pack.pair.mentor.name)),
        say(
            "Staff gave you more time: what is left of your pack with {mentor}, {left} of {total}, can be used "
            "until {when} now.",
            mentor=name(pack.pair.mentor),
            left=pack.pack_remaining,
            total=pack.total,
            when=discord_span(pack.expires_at),
        )
        + reason_of(pack.change),
        [book_button(pack.pair)],
    )


def _extended_for_later(pack: PackFacts) -> Message:
    """Its end is nobody's date while its time stands still."""
    return Message(
        say("More time for your sessions with {mentor}", mentor=plain(pack.pair.mentor.name)),
        say(
            "Staff gave you {days} more for what is left of your pack with {mentor}, {left} of {total}. Its time "
            "stands still now; what was added counts when it runs on.",
            mentor=name(pack.pair.mentor),
            left=pack.pack_remaining,
            total=pack.total,
            days=days_of(pack.change),
        )
        + reason_of(pack.change),
    )


def pack_adjusted(pack: PackFacts) -> Message:
    change = pack.change
    lines = [say("What is left of your pack with {mentor} was changed.", mentor=name(pack.pair.mentor))]
    if change is not None:
        lines = [
            say(
                "{by} changed what is left of your pack with {mentor}: it was {before} of {total}, and is {after} now.",
                by=name(change.by),
                mentor=name(pack.pair.mentor),
                total=pack.total,
                **_balances(change),
            )
        ]
    lines.append(_left(pack.remaining))
    return Message(
        say("Your sessions with {mentor} were changed", mentor=plain(pack.pair.mentor.name)),
        "\n".join(lines) + reason_of(change),
        [book_button(pack.pair) if pack.remaining > 0 else renew_button(pack.pair)],
    )


def _balances(change: ByHand) -> dict[str, object]:
    return {"before": change.figures.get("before", 0), "after": change.figures.get("after", 0)}


def _left(remaining: int) -> str:
    if remaining == 0:
        return say("You have no sessions left.")
    return say_many("You have {number} session left.", "You have {number} sessions left.", remaining)


def adjustment_asked(asked: AdjustmentFacts) -> Message:
    return Message(
        say("A question from {mentor}", mentor=plain(asked.pair.mentor.name)),
        say(
            "{mentor} would like to take {sessions} off your pack: {after} of {total} would be left instead of "
            "{before}. Is that right? Nothing is taken off unless you say yes.",
            mentor=name(asked.pair.mentor),
            sessions=_taken(asked),
            before=asked.expected,
            after=asked.expected + asked.delta,
            total=asked.total,
        )
        + "\n"
        + say("Why: {why}", why=plain(asked.reason)),
        [
            Button(say("Yes, that is right"), "adjust-yes", asked.adjustment_id, style="success"),
            Button(say("No"), "adjust-no", asked.adjustment_id, style="danger"),
        ],
    )


def adjustment_answered(asked: AdjustmentFacts) -> Message:
    facts = {"student": who(asked.pair.student), "sessions": _taken(asked), "why": plain(asked.reason)}
    about = "\n" + say("You asked to take {sessions} off the pack of {student}. Why: {why}", **facts)
    student = plain(asked.pair.student.name)
    if asked.answer == "accepted":
        title = say("{student} said yes", student=student)
        text = say(
            "It is done: {after} of {total} are left instead of {before}.",
            before=asked.expected,
            after=asked.expected + asked.delta,
            total=asked.total,
        )
    elif asked.answer == "declined":
        title, text = say("{student} said no", student=student), say("Nothing was changed.")
    else:
        title = say("{student} answered too late", student=student)
        text = say("The pack had changed since you asked, so nothing was taken off. Still right? `/adjust` asks again.")
    return Message(title, text + about)


def _taken(asked: AdjustmentFacts) -> str:
    return say_many("{number} session", "{number} sessions", -asked.delta)


PACKS: Mapping[NoticeKind, Callable[[PackFacts], Message]] = {
    NoticeKind.PACK_EXPIRES: pack_expires,
    NoticeKind.PACK_EXPIRES_SOON: pack_expires_soon,
    NoticeKind.PACK_GRANTED: pack_granted,
    NoticeKind.PACK_EXTENDED: pack_extended,
    NoticeKind.PACK_ADJUSTED: pack_adjusted,
}
ADJUSTMENTS: Mapping[NoticeKind, Callable[[AdjustmentFacts], Message]] = {
    NoticeKind.ADJUSTMENT_ASKED: adjustment_asked,
    NoticeKind.ADJUSTMENT_ANSWERED: adjustment_answered,
}
