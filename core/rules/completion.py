"""Who may say how a session went, from when, and until when it may be taken back (rules 16, 19, 20 and 23)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.rules.refusals import Reason, Refused, refuse
from core.rules.settings import Settings
from core.rules.states import SessionState


class Authority(StrEnum):
    """As whom somebody speaks about a session."""

    MENTOR = "mentor"  # of this session
    STAFF = "staff"
    WEBHOOK = "webhook"  # signed with the community's secret
    NOBODY = "nobody"


class Outcome(StrEnum):
    """How a session went."""

    COMPLETED = "completed"
    NO_SHOW = "no_show"  # the student's
    MENTOR_NO_SHOW = "mentor_no_show"
    NOT_HELD = "not_held"

    @property
    def consumes(self) -> bool:
        """Whether the session is taken off its pack, or returned to it (rule 20)."""
        return self in (Outcome.COMPLETED, Outcome.NO_SHOW)

    @property
    def verb(self) -> str:
        """The outcome in history, where it tells a session that was not held from one that was cancelled."""
        match self:
            case Outcome.COMPLETED:
                return "complete"
            case Outcome.NO_SHOW:
                return "no show"
            case Outcome.MENTOR_NO_SHOW:
                return "mentor no show"
            case Outcome.NOT_HELD:
                return "not held"

    @property
    def state(self) -> SessionState:
        """Where the outcome leaves the session."""
        match self:
            case Outcome.COMPLETED:
                return SessionState.COMPLETED
            case Outcome.NO_SHOW:
                return SessionState.NO_SHOW
            case Outcome.MENTOR_NO_SHOW | Outcome.NOT_HELD:
                return SessionState.CANCELED


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A session as its outcome is about to be told. `returned`: an outcome ended it unused, and no cancellation."""

    state: SessionState
    starts_at: datetime
    ends_at: datetime
    decided_at: datetime | None = None
    returned: bool = False


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    """The first outcome, which stands. Not a refusal: who asks twice gets the same answer, and nothing changes."""

    state: SessionState
    at: datetime | None


def why_not_tell(
    outcome: Outcome, authority: Authority, meeting: Meeting, settings: Settings, now: datetime
) -> Refused | AlreadyDecided | None:
    """Why this outcome is not believed of this one, now."""
    match outcome:
        case Outcome.NO_SHOW | Outcome.MENTOR_NO_SHOW:
            return why_not_no_show(authority, meeting, settings, now)
        case Outcome.COMPLETED | Outcome.NOT_HELD:
            return why_not_complete(authority, meeting, now)


def why_not_complete(authority: Authority, meeting: Meeting, now: datetime) -> Refused | AlreadyDecided | None:
    """Why the session is not completed by this one, now: only when scheduled and started (rule 19)."""
    return _why_not_decide(authority, meeting, meeting.starts_at, now)


def why_not_no_show(
    authority: Authority, meeting: Meeting, settings: Settings, now: datetime
) -> Refused | AlreadyDecided | None:
    """Why nobody is written down as absent: they have some minutes to come (rule 19)."""
    return _why_not_decide(authority, meeting, meeting.starts_at + timedelta(minutes=settings.no_show_minutes), now)


def _why_not_decide(
    authority: Authority, meeting: Meeting, from_at: datetime, now: datetime
) -> Refused | AlreadyDecided | None:
    # Authority comes first: a stranger does not learn how the session went.
    if authority is Authority.NOBODY:
        return refuse(Reason.NOT_YOURS)
    if meeting.state is SessionState.CANCELED and not meeting.returned:
        return refuse(Reason.SESSION_CANCELED)
    if meeting.state is not SessionState.SCHEDULED:
        return AlreadyDecided(meeting.state, meeting.decided_at)
    if now < from_at:
        return refuse(Reason.NOT_STARTED, from_at=from_at)
    return None


def is_undecided(meeting: Meeting, now: datetime) -> bool:
    """Whether the session is over and its mentor still owes the outcome; it stays a hold meanwhile (rule 22)."""
    return meeting.state is SessionState.SCHEDULED and meeting.ends_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A session as its outcome is about to be taken back.

    `consumed`: its present attempt was taken off the pack, `restored`: and given back again. `returned`: an outcome
    ended it unused; canceled and not returned is cancelled. `available` is what its pack has that is not spoken for.
    """

    state: SessionState
    attempt: int
    decided_at: datetime | None
    consumed: bool = False
    restored: bool = False
    returned: bool = False
    pack_refunded: bool = False
    available: int = 0
    student_erased: bool = False


@dataclass(frozen=True, slots=True)
class AlreadyBack:
    """It was taken back, or waived, before. Not a refusal: nothing changes, and the answer is the first one."""


def why_not_undo(authority: Authority, told: Told, settings: Settings, now: datetime) -> Refused | AlreadyBack | None:
    """Why the session is not scheduled again: an outcome may be undone for some days, a cancellation not (rule 23).

    What was consumed comes back with its own session; what was given back before needs one that is still free.
    """
    if authority not in _MAY_TAKE_BACK:
        return refuse(Reason.NOT_YOURS)
    if told.student_erased:
        return refuse(Reason.MEMBER_ERASED)
    if told.decided_at is None:
        return AlreadyBack() if told.attempt > 1 else refuse(Reason.NO_OUTCOME)
    if told.state is SessionState.CANCELED and not told.returned:
        return refuse(Reason.CANCELLATION_STAYS)
    until = told.decided_at + timedelta(days=settings.undo_days)
    if now > until:
        return refuse(Reason.TOO_LATE_TO_UNDO, until=until)
    if told.pack_refunded:
        return refuse(Reason.PACK_REFUNDED)
    if told.available < 1 and (told.restored or not told.consumed):
        return refuse(Reason.NOTHING_TO_HOLD)
    return None


def why_not_waive(authority: Authority, told: Told, settings: Settings, now: datetime) -> Refused | AlreadyBack | None:
    """Why a missed session, or one cancelled late, is not given back by mentor or staff (rules 16 and 20)."""
    if authority not in _MAY_TAKE_BACK:
        return refuse(Reason.NOT_YOURS)
    if told.student_erased:
        return refuse(Reason.MEMBER_ERASED)
    missed = told.state is SessionState.NO_SHOW or told.state is SessionState.CANCELED
    if not missed or not told.consumed or told.decided_at is None:
        return refuse(Reason.NOTHING_TO_WAIVE)
    if told.restored:
        return AlreadyBack()
    until = told.decided_at + timedelta(days=settings.waive_days)
    if now > until:
        return refuse(Reason.TOO_LATE_TO_WAIVE, until=until)
    return refuse(Reason.PACK_REFUNDED) if told.pack_refunded else None


_MAY_TAKE_BACK = frozenset({Authority.MENTOR, Authority.STAFF})
