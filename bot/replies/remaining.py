"""What a student has left: seat and deadline, each pack with its dots, and what comes next."""

from bot.actions import Key, custom_id
from bot.replies.paging import of_page, page_keys, page_note
from bot.replies.reply import Reply
from core.rules.states import PackState, SeatState
from core.texts.language import plain, say
from core.texts.when import discord_span, discord_time
from core.usecases.reading.remaining import PackCard, Remaining, WithMentor

A_PAGE = 4  # a row of buttons each, and one for the pages
_MOST_DOTS = 12
_MOST_PACKS = 6


def remaining(found: Remaining, page: int = 0) -> Reply:
    """A page of the mentors with whom there is something."""
    if not found.mentors:
        return Reply(
            say("Nothing here yet"),
            say("You have no sessions and no seat yet. `/mentors` shows who teaches, and `/buy` gets you a seat."),
            rows=[[Key(say("See the mentors"), custom_id("mentors-page", 0), style="primary")]],
        )
    page, pages, shown = of_page(found.mentors, page, A_PAGE)
    alone = len(found.mentors) == 1
    return Reply(
        say("What you have left"),
        "" if alone else say("With each mentor: your seat, your packs, and your next session."),
        fields=[(plain(each.mentor_name), _text(each)) for each in shown],
        rows=[*(_keys(each, alone=alone) for each in shown), page_keys("remaining-page", page, pages)],
        footer=page_note(page, pages),
    )


def dots(remaining: int, total: int) -> str:
    """●●●○ for three of four; a large pack in proportion, never full or empty before it is."""
    shown = min(total, _MOST_DOTS)
    full = -(-remaining * shown // total)
    if full == shown and remaining < total:
        full -= 1
    return "●" * full + "○" * (shown - full)


def _text(pair: WithMentor) -> str:
    lines = [_seat(pair)]
    if pair.is_paying:
        lines.append(say("A payment of yours is on its way, or staff look at it. Do not pay again: you are told."))
    lines += (_pack(pack) for pack in pair.packs[:_MOST_PACKS])
    if pair.next_session_at is not None:
        lines.append(say("Next session: {when}", when=discord_span(pair.next_session_at)))
    return "\n".join(lines)


def _seat(pair: WithMentor) -> str:
    if pair.is_removed:
        return say("This mentor teaches here no more. Staff ask you whether you want money back or another mentor.")
    if pair.is_paused:
        return say("This mentor takes a break: nothing new can be booked or bought, and no time runs meanwhile.")
    match pair.seat_state:
        case SeatState.ACTIVE:
            return say("You have a seat.")
        case SeatState.GRACE if pair.grace_ends_at is not None:
            return say(
                "Your seat is kept for you until {ends}. Renew before then.", ends=discord_span(pair.grace_ends_at)
            )
        case SeatState.HELD if pair.is_paying:
            return say("Your seat is held for you.")
        case SeatState.HELD:
            return say("Your seat is held while your payment is open. `/buy` shows its link again.")
        case SeatState.OFFERED:
            return say("A seat is offered to you. `/buy` takes it.")
        case _:
            return say("You have no seat here any more. `/buy` gets you one.")


def _pack(pack: PackCard) -> str:
    head = say(
        "{dots} **{left} of {total}** left",
        dots=dots(pack.remaining, pack.total),
        left=pack.remaining,
        total=pack.total,
    )
    match pack.state:
        case PackState.DEPLETED:
            return say("{head} · used up", head=head)
        case PackState.REFUNDED:
            return say("{head} · refunded", head=head)
        case PackState.EXPIRED if not pack.held:
            return say("{head} · expired {expires}", head=head, expires=discord_time(pack.expires_at, "D"))
    if pack.frozen:
        return say("{head} · {held} booked · its time stands still", head=head, held=pack.held)
    return say(
        "{head} · {available} to book, {held} booked · good until {expires}",
        head=head,
        available=pack.available,
        held=pack.held,
        expires=discord_time(pack.expires_at, "D"),
    )


def _keys(pair: WithMentor, *, alone: bool) -> list[Key]:
    if pair.is_removed or pair.is_paused:
        return []
    bookable = pair.seat_state is SeatState.ACTIVE and any(pack.available and not pack.frozen for pack in pair.packs)
    seated = pair.seat_state in (SeatState.ACTIVE, SeatState.GRACE)
    name = pair.mentor_name
    keys = []
    if bookable:
        label = say("Book a session") if alone else say("Book with {mentor}", mentor=name)
        keys.append(Key(label, custom_id("book", pair.mentor_id), style="primary"))
    if pair.is_paying:
        return keys
    if seated:
        label = say("Renew") if alone else say("Renew with {mentor}", mentor=name)
        keys.append(Key(label, custom_id("renew", pair.mentor_id), style="secondary" if bookable else "success"))
    else:
        label = say("Buy") if alone else say("Buy with {mentor}", mentor=name)
        keys.append(Key(label, custom_id("buy", pair.mentor_id), style="success"))
    return keys
