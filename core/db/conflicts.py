"""Named constraints that may fire in a race, each with the refusal that it means."""

import re

from sqlalchemy.exc import DBAPIError, IntegrityError

from core.rules.refusals import Reason

# PostgreSQL names the constraint; SQLite the columns where a constraint or index is unique.
_MEANINGS: dict[str, Reason] = {
    "ex_calendar_blocks_overlap": Reason.MENTOR_BUSY,
    "ck_packs_holds": Reason.ALL_SESSIONS_BOOKED,
    # A refund is told of before the failure of an earlier one that gave its money back to us: it is told again later.
    "ck_payments_books": Reason.MORE_THAN_LEFT,
    "ck_payments_given_back": Reason.MORE_THAN_LEFT,
    "uq_communities_guild_id": Reason.ALREADY_SET_UP,
    "communities.guild_id": Reason.ALREADY_SET_UP,
    "pk_mentors": Reason.ALREADY_A_MENTOR,
    "mentors.member_id": Reason.ALREADY_A_MENTOR,
    "uq_products_live_name": Reason.PRODUCT_EXISTS,
    "products.mentor_id, products.name": Reason.PRODUCT_EXISTS,
    "uq_codes_live_word": Reason.CODE_EXISTS,
    "codes.community_id, codes.word": Reason.CODE_EXISTS,
    "uq_orders_one_open": Reason.CHECKOUT_OPENING,
    "orders.student_id, orders.mentor_id": Reason.CHECKOUT_OPENING,
    "uq_seats_one_live": Reason.CHECKOUT_OPENING,
    "seats.student_id, seats.mentor_id": Reason.CHECKOUT_OPENING,
}

_NAME = re.compile(r"constraint(?: failed:)? \"?([\w., ]+?)\"?(?:$|\n|')|(ex_calendar_blocks_overlap)")

# What PostgreSQL aborts only because of others: the same work may simply be done again.
_DO_AGAIN = {"40001", "40P01"}


def meaning_of(error: IntegrityError) -> Reason | None:
    """The refusal that this violation means, or None: then it is a fault."""
    for match in _NAME.finditer(str(error.orig)):
        reason = _MEANINGS.get((match.group(1) or match.group(2)).strip())
        if reason is not None:
            return reason
    return None


def may_be_done_again(error: DBAPIError) -> bool:
    """Whether the transaction lost to another by deadlock or serialization, and nothing else was wrong."""
    return getattr(error.orig, "sqlstate", None) in _DO_AGAIN
