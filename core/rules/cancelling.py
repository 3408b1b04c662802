"""Who may cancel a session, until when it costs nothing, and what becomes of it (rule 16)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.rules.refusals import Reason, Refused, refuse
from core.rules.settings import Settings
from core.rules.states import SessionState


class Side(StrEnum):
    """As whom somebody cancels."""

    STUDENT = "student"
    MENTOR = "mentor"
    STAFF = "staff"
    NOBODY = "nobody"


class Consequence(StrEnum):
    """What a cancellation means for the pack."""

    RETURNED = "returned"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A session as it is about to be cancelled.

    `returned`: an outcome ended it unused, and no cancellation. `used`: it is off its pack, and was not given back.
    """

    state: SessionState
    starts_at: datetime
    booked_at: datetime
    returned: bool = False
    used: bool = False


@dataclass(frozen=True, slots=True)
class AlreadyCanceled:
    """It was cancelled before, and became this. Not a refusal: who asks twice gets the first answer."""

    consequence: Consequence


def side_of(*, is_student: bool, is_mentor: bool, is_staff: bool) -> Side:
    """Who may speak as several speaks as the one who has most to lose: whose session it is gets no rights by a role."""
    if is_student:
        return Side.STUDENT
    if is_mentor:
        return Side.MENTOR
    return Side.STAFF if is_staff else Side.NOBODY


def free_until(starts_at: datetime, booked_at: datetime, settings: Settings) -> datetime:
    """The last instant at which the student's cancellation costs nothing; a change of mind at booking is free, too."""
    early = starts_at - timedelta(hours=settings.cancel_free_hours)
    return max(early, booked_at + timedelta(minutes=settings.change_of_mind_minutes))


def consequence_of(
    side: Side, session: Appointment, settings: Settings, now: datetime
) -> Consequence | AlreadyCanceled | Refused:
    """What becomes of the session if this side cancels it now. What has begun needs an outcome instead (rule 20)."""
    if side is Side.NOBODY:
        return refuse(Reason.NOT_YOURS)
    if session.state is SessionState.CANCELED and not session.returned:
        return AlreadyCanceled(Consequence.USED if session.used else Consequence.RETURNED)
    if session.state is not SessionState.SCHEDULED or session.starts_at <= now:
        return refuse(Reason.SESSION_HAS_BEGUN)
    late = side is Side.STUDENT and now > free_until(session.starts_at, session.booked_at, settings)
    return Consequence.USED if late else Consequence.RETURNED


def why_not_as_shown(shown: Consequence | None, now_is: Consequence, until: datetime) -> Refused | None:
    """Why a consequence that is worse than the one shown before is not simply carried out."""
    if shown is Consequence.RETURNED and now_is is Consequence.USED:
        return refuse(Reason.CANCELING_USES_IT, until=until)
    return None
