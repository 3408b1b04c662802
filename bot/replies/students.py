"""Students as their mentor and staff see them: who needs somebody, what they have left, what comes next."""

from bot.replies.paging import of_page, page_keys, page_note
from bot.replies.remaining import dots
from bot.replies.reply import Reply
from core.rules.attention import Attention
from core.rules.states import SeatState
from core.texts.language import plain, say, say_many
from core.texts.when import discord_span, discord_time
from core.usecases.reading.students import StudentCard, Students

A_PAGE = 8


def students(found: Students, page: int = 0) -> Reply:
    """A page of the students, who needs somebody first."""
    if not found.students:
        return Reply(
            say("No students yet"),
            say("Nobody has a seat here now. Whoever buys one with `/buy` stands here."),
        )
    page, pages, shown = of_page(found.students, page, A_PAGE)
    everybody = found.mentor_id is None
    return Reply(
        say("Students"),
        say_many("{number} seat is taken.", "{number} seats are taken.", len(found.students))
        + " "
        + say("Who needs somebody first stands first."),
        fields=[(_name(each, everybody=everybody), _text(each)) for each in shown],
        rows=[page_keys("students-page", page, pages, found.mentor_id or 0)],
        footer=page_note(page, pages),
    )


def _name(student: StudentCard, *, everybody: bool) -> str:
    name = plain(student.student_name)
    return f"{name} – {plain(student.mentor_name)}" if everybody else name


def _text(student: StudentCard) -> str:
    lines = [_seat(student)]
    if student.unanswered_since is not None:
        ended = discord_span(student.unanswered_since)
        lines.append(say("**A session waits for its outcome**; it ended {when}. `/complete` lists it.", when=ended))
    if student.total:
        lines.append(_balance(student))
    if student.next_session_at is not None:
        lines.append(say("Next session: {when}", when=discord_span(student.next_session_at)))
    elif student.seat_state is SeatState.ACTIVE and student.unanswered_since is None:
        lines.append(say("Nothing is booked."))
    return "\n".join(lines)


def _seat(student: StudentCard) -> str:
    match student.seat_state:
        case SeatState.GRACE if student.grace_ends_at is not None and not student.paused:
            return say(
                "**Nothing left.** Their seat is kept until {ends}, unless they renew.",
                ends=discord_span(student.grace_ends_at),
            )
        case SeatState.GRACE:
            return say("**Nothing left.** Their seat is kept, and its time stands still during the break.")
        case SeatState.HELD:
            return say("Paying now: their seat is held while the checkout is open.")
        case SeatState.OFFERED:
            return say("A seat is offered to them; they have not answered yet.")
    match student.attention:
        case Attention.LAST_SESSION:
            return say("Has a seat. **The last session.**")
        case Attention.SOON_OVER:
            return say("Has a seat. **A pack is soon over.**")
        case _:
            return say("Has a seat.")


def _balance(student: StudentCard) -> str:
    head = say(
        "{dots} **{left} of {total}** left, {booked} booked",
        dots=dots(student.left, student.total),
        left=student.left,
        total=student.total,
        booked=student.booked,
    )
    if student.frozen or student.paused:
        return say("{head} · its time stands still", head=head)
    if student.expires_at is None:
        return head
    return say("{head} · good until {expires}", head=head, expires=discord_time(student.expires_at, "D"))
