"""Who may say how a session went, and from when (rules 19 and 20)."""

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
    """A session as its outcome is about to be told."""

    state: SessionState
    starts_at: datetime
    ends_at: datetime
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    """The first outcome, which stands. Not a refusal: who asks twice gets the same answer, and nothing changes."""

    state: SessionState
    at: datetime | None


def why_not_complete(authority: Authority, meeting: Meeting, now: datetime) -> Refused | AlreadyDecided | None:
    """Why the session is not completed by this one, now: only when scheduled and started (rule 19)."""
    return _why_not_decide(authority, meeting, meeting.starts_at, now)


def why_not_no_show(
    authority: Authority, meeting: Meeting, settings: Settings, now: datetime
) -> Refused | AlreadyDecided | None:
    """Why the student is not written down as absent: they have some minutes to come (rule 19)."""
    return _why_not_decide(authority, meeting, meeting.starts_at + timedelta(minutes=settings.no_show_minutes), now)


def _why_not_decide(
    authority: Authority, meeting: Meeting, from_at: datetime, now: datetime
) -> Refused | AlreadyDecided | None:
    # Authority comes first: a stranger does not learn how the session went.
    if authority is Authority.NOBODY:
        return refuse(Reason.NOT_YOURS)
    if meeting.state is SessionState.CANCELED:
        return refuse(Reason.SESSION_CANCELED)
    if meeting.state is not SessionState.SCHEDULED:
        return AlreadyDecided(meeting.state, meeting.decided_at)
    if now < from_at:
        return refuse(Reason.NOT_STARTED, from_at=from_at)
    return None


def is_undecided(meeting: Meeting, now: datetime) -> bool:
    """Whether the session is over and its mentor still owes the outcome; it stays a hold meanwhile (rule 22)."""
    return meeting.state is SessionState.SCHEDULED and meeting.ends_at <= now
