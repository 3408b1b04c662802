"""Whether a member may be erased: not while anything of theirs is open (rule 38)."""

from dataclasses import dataclass

from core.rules.refusals import Reason, Refused, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """What still ties a member to their community.

    `seats` and `booked` count on either side of a pair, `left` are sessions that they own and have not booked.
    `money`: orders that are not settled, refunds that are not made, disputes that are not closed.
    """

    community: str
    teaches: bool = False
    money: int = 0
    seats: int = 0
    booked: int = 0
    left: int = 0


def why_not_erase(ties: Ties) -> Refused | None:
    """What has to be seen to first, in the order in which it can be."""
    where = ties.community
    if ties.teaches:
        return refuse(Reason.STILL_A_MENTOR, community=where)
    if ties.money:
        return refuse(Reason.MONEY_NOT_SETTLED, community=where)
    if ties.seats:
        return refuse(Reason.STILL_SEATED, community=where)
    if ties.booked:
        return refuse(Reason.STILL_BOOKED, community=where, sessions=ties.booked)
    if ties.left:
        return refuse(Reason.SESSIONS_LEFT, community=where, sessions=ties.left)
    return None
