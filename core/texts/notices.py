"""What each kind of notice is, in a few words: for lists of notices, which show no letter whole."""

from collections.abc import Mapping

from core.rules.notices import NoticeKind
from core.texts.language import say


def what(kind: NoticeKind) -> str:
    """The notice as a line in a list, in the reader's language."""
    return say(WHAT[kind])


def _(message: str) -> str:
    """Marks a sentence for the catalogues; `say` translates it when it is said."""
    return message


WHAT: Mapping[NoticeKind, str] = {
    NoticeKind.PURCHASE_CONFIRMED: _("A purchase is confirmed"),
    NoticeKind.STUDENT_JOINED: _("A mentor has a new student"),
    NoticeKind.SESSION_BOOKED: _("A session is booked"),
    NoticeKind.SESSION_TOMORROW: _("A session is tomorrow"),
    NoticeKind.SESSION_SOON: _("A session begins soon"),
    NoticeKind.OUTCOME_PROMPT: _("The question how a session went"),
    NoticeKind.SESSION_COMPLETED: _("A session is completed"),
    NoticeKind.SESSION_CANCELED: _("A session is cancelled"),
    NoticeKind.SESSION_CANCELED_MENTOR: _("A session is cancelled, its mentor told"),
    NoticeKind.OUTCOME_REMINDER: _("The question how a session went, once more"),
    NoticeKind.OUTCOME_OVERDUE_STAFF: _("A mentor does not say how a session went"),
    NoticeKind.SESSION_RETURNED: _("A session is given back"),
    NoticeKind.SESSION_REOPENED: _("What was said of a session is taken back"),
    NoticeKind.SESSION_REOPENED_MENTOR: _("What was said of a session is taken back"),
    NoticeKind.SESSION_WAIVED: _("A missed session is given back"),
    NoticeKind.RENEWAL_REMINDER: _("One session is left"),
    NoticeKind.GRACE_BEGAN: _("No session is left, the seat is kept for a while"),
    NoticeKind.FINAL_WARNING: _("The last warning before a seat is released"),
    NoticeKind.SEAT_RENEWED: _("A seat is renewed"),
    NoticeKind.SEAT_RELEASED: _("A seat is released"),
    NoticeKind.SEAT_RELEASED_MENTOR: _("A seat is released"),
    NoticeKind.SEAT_RELEASED_STAFF: _("A seat is released"),
    NoticeKind.PAYMENT_PENDING: _("A payment is on its way"),
    NoticeKind.PAYMENT_FAILED: _("A payment failed"),
    NoticeKind.APPROVED_TOO_LATE: _("A payment was agreed to too late"),
    NoticeKind.SEATLESS_PAYMENT: _("Paid, and no seat was free"),
    NoticeKind.SEATLESS_PAYMENT_STAFF: _("Paid, and no seat was free"),
    NoticeKind.PAYMENT_PARKED: _("A payment is not what its order says"),
    NoticeKind.PAYMENT_PARKED_STAFF: _("A payment needs your decision"),
    NoticeKind.PAID_TWICE_STAFF: _("An order was paid twice"),
    NoticeKind.ABOVE_CAPACITY_STAFF: _("A mentor has more students than seats"),
    NoticeKind.REFUND_FAILED_STAFF: _("A refund failed"),
    NoticeKind.REFUNDED: _("Money goes back"),
    NoticeKind.REFUNDED_STAFF: _("Staff give money back"),
    NoticeKind.REFUND_SEEN_STAFF: _("Money was given back on the provider's pages"),
    NoticeKind.REFUND_FAILED: _("Giving money back did not work yet"),
    NoticeKind.REFUND_BY_HAND: _("Staff paid money back in another way"),
    NoticeKind.PARKED_REFUNDED: _("A payment is given back"),
    NoticeKind.DISPUTED: _("A payment is disputed"),
    NoticeKind.DISPUTED_STAFF: _("A payment is disputed"),
    NoticeKind.DISPUTE_WON: _("A dispute is won"),
    NoticeKind.DISPUTE_WON_STAFF: _("A dispute is won"),
    NoticeKind.DISPUTE_LOST: _("A dispute is lost"),
    NoticeKind.DISPUTE_LOST_STAFF: _("A dispute is lost"),
    NoticeKind.PAYMENT_LATE_STAFF: _("A payment takes long"),
    NoticeKind.NEWS_GIVEN_UP_STAFF: _("News of a payment could not be dealt with"),
    NoticeKind.UNKNOWN_PAYMENT_STAFF: _("A payment of an order that is not here"),
    NoticeKind.PACK_EXPIRES: _("Sessions that are left expire soon"),
    NoticeKind.PACK_EXPIRES_SOON: _("Sessions that are left are about to expire"),
    NoticeKind.RECONCILED_STAFF: _("An order was not as its provider says"),
    NoticeKind.PACK_GRANTED: _("Staff gave sessions"),
    NoticeKind.PACK_EXTENDED: _("Staff gave more time for sessions"),
    NoticeKind.PACK_ADJUSTED: _("A pack was corrected"),
    NoticeKind.GRACE_EXTENDED: _("Staff keep a seat longer"),
    NoticeKind.STAFF_RELEASED: _("Staff released a seat"),
    NoticeKind.STAFF_RELEASED_MENTOR: _("Staff released a seat"),
    NoticeKind.STAFF_RELEASED_STAFF: _("Staff released a seat"),
    NoticeKind.REFUND_RELEASED: _("A seat is released after a refund"),
    NoticeKind.REFUND_RELEASED_MENTOR: _("A seat is released after a refund"),
    NoticeKind.REFUND_RELEASED_STAFF: _("A seat is released after a refund"),
    NoticeKind.GRANT_ABOVE_CAPACITY_STAFF: _("Staff gave a seat above capacity"),
    NoticeKind.SEAT_BACK_MENTOR: _("A released seat is back"),
    NoticeKind.SEAT_BACK_STAFF: _("A released seat is back"),
    NoticeKind.ADJUSTMENT_ASKED: _("The question whether sessions may be taken off"),
    NoticeKind.ADJUSTMENT_ANSWERED: _("The answer whether sessions may be taken off"),
    NoticeKind.MENTOR_PAUSED: _("A mentor takes a break"),
    NoticeKind.MENTOR_RESUMED: _("A mentor is back"),
    NoticeKind.MENTOR_REMOVED: _("A mentor teaches no more"),
    NoticeKind.MENTOR_REMOVED_STAFF: _("A mentor teaches no more"),
    NoticeKind.STUDENT_GONE: _("A student left the server"),
    NoticeKind.STUDENT_GONE_STAFF: _("A student left the server"),
    NoticeKind.ROLE_FAILED_STAFF: _("A role could not be given or taken"),
    NoticeKind.MENTOR_GONE_STAFF: _("A mentor left the server"),
    NoticeKind.BOT_BACK: _("The bot is on the server again"),
    NoticeKind.BOT_BACK_STAFF: _("The bot is on the server again"),
    NoticeKind.SETTING_GONE_STAFF: _("A role or channel that /setup chose was deleted"),
    NoticeKind.STUDENT_ROLE_GONE_STAFF: _("The role of a mentor's students was deleted"),
}
"""For every kind. A test proves that none is missing."""
