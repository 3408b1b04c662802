"""Orders, the checkouts they opened, the money that moved, and what providers told us."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from core.db.tables.base import Id, at, key, maybe_at, metadata, where
from core.db.types import Word, one_of
from core.rules.states import DisputeOutcome, EventState, OrderState, RefundCause, RefundState

# A word that makes an order cheaper, by a percentage or by an amount of one currency. Its uses are its orders (26).
codes = Table(
    "codes",
    metadata,
    key(),
    Column("community_id", Id, nullable=False),
    Column("mentor_id", Id),  # for this mentor's products alone
    Column("word", String(40), nullable=False),  # in capitals
    Column("percent", Integer),
    Column("off_minor", BigInteger),
    Column("currency", String(3)),
    Column("most_uses", Integer),  # by all together
    Column("most_uses_each", Integer),  # by one member
    maybe_at("ends_at"),
    at("created_at"),
    maybe_at("retired_at"),
    ForeignKeyConstraint(["community_id"], ["communities.id"]),
    ForeignKeyConstraint(["mentor_id", "community_id"], ["mentors.member_id", "mentors.community_id"]),
    UniqueConstraint("id", "community_id"),
    CheckConstraint("(percent IS NULL) <> (off_minor IS NULL)", name="one_way"),
    CheckConstraint("(off_minor IS NULL) = (currency IS NULL)", name="currency"),
    CheckConstraint("percent IS NULL OR percent BETWEEN 1 AND 100", name="percent"),
    CheckConstraint("off_minor IS NULL OR off_minor > 0", name="off"),
    CheckConstraint("most_uses > 0 AND most_uses_each > 0", name="uses"),
    Index("uq_codes_live_word", "community_id", "word", unique=True, **where("retired_at IS NULL")),
)

# One intention to buy, with its snapshot: what was promised stays what it was when the product changes.
orders = Table(
    "orders",
    metadata,
    key(),
    Column("community_id", Id, nullable=False),
    Column("student_id", Id, nullable=False),
    Column("mentor_id", Id, nullable=False),
    Column("product_id", Id, nullable=False),
    Column("state", Word(OrderState), nullable=False),
    Column("pay_token", String(64), nullable=False),
    Column("product_name", String(100), nullable=False),
    Column("sessions", Integer, nullable=False),
    Column("session_minutes", Integer, nullable=False),
    Column("validity_days", Integer, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("discount_minor", BigInteger, nullable=False),
    Column("due_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("code_id", Id),
    at("created_at"),
    maybe_at("pending_at"),
    maybe_at("settled_at"),
    ForeignKeyConstraint(["student_id", "community_id"], ["members.id", "members.community_id"]),
    ForeignKeyConstraint(["mentor_id", "community_id"], ["mentors.member_id", "mentors.community_id"]),
    ForeignKeyConstraint(["product_id", "mentor_id"], ["products.id", "products.mentor_id"]),
    ForeignKeyConstraint(["code_id", "community_id"], ["codes.id", "codes.community_id"]),
    UniqueConstraint("pay_token"),
    UniqueConstraint("id", "student_id", "mentor_id"),
    one_of("state", OrderState),
    CheckConstraint("student_id <> mentor_id", name="two_people"),
    CheckConstraint("discount_minor >= 0 AND due_minor >= 0 AND price_minor = discount_minor + due_minor", name="sum"),
    CheckConstraint("sessions >= 1 AND validity_days >= 1", name="snapshot"),
    # Rule 8: one open order a pair.
    Index(
        "uq_orders_one_open",
        "student_id",
        "mentor_id",
        unique=True,
        **where("state IN ('open', 'pending')"),
    ),
    Index("ix_orders_student", "student_id", "created_at"),
    Index("ix_orders_code", "code_id", **where("code_id IS NOT NULL")),
)

# What we ask a provider for. Its row id makes the idempotency key; `opened_at` is empty until the provider answered.
checkouts = Table(
    "checkouts",
    metadata,
    key(),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False),
    Column("provider", String(16), nullable=False),
    Column("provider_ref", String(255)),
    Column("url", Text),
    at("created_at"),
    at("expires_at"),
    maybe_at("opened_at"),
    # The buyer agreed, and the money may be being taken; it is paid as of then (rule 11). Their means were declined of
    # what they agreed to at `declined_at`.
    maybe_at("approved_at"),
    maybe_at("declined_at"),
    maybe_at("final_at"),  # it was left, or its payment failed for good: once closed it is not taken up again (rule 8)
    maybe_at("closed_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    maybe_at("next_attempt_at"),
    UniqueConstraint("order_id"),
    UniqueConstraint("provider", "provider_ref"),
    Index("ix_checkouts_due", "next_attempt_at", **where("closed_at IS NULL")),
)

payments = Table(
    "payments",
    metadata,
    key(),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False),
    Column("provider", String(16), nullable=False),
    Column("provider_ref", String(255), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("refunded_minor", BigInteger, nullable=False, server_default="0"),
    Column("lost_minor", BigInteger, nullable=False, server_default="0"),
    Column("fee_minor", BigInteger),  # the provider's, where it tells
    Column("currency", String(3), nullable=False),
    Column("livemode", Boolean, nullable=False),
    at("paid_at"),
    at("recorded_at"),
    # When to ask the provider what was given back; empty while there is no reason to ask.
    maybe_at("next_attempt_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    UniqueConstraint("provider", "provider_ref"),
    CheckConstraint("amount_minor >= 0 AND tax_minor >= 0", name="amount"),
    CheckConstraint("refunded_minor >= 0 AND lost_minor >= 0", name="given_back"),
    CheckConstraint("refunded_minor + lost_minor <= amount_minor", name="books"),
    Index(None, "order_id"),
    Index("ix_payments_due", "next_attempt_at", **where("next_attempt_at IS NOT NULL")),
)

refunds = Table(
    "refunds",
    metadata,
    key(),
    Column("payment_id", Id, ForeignKey("payments.id"), nullable=False),
    Column("state", Word(RefundState), nullable=False),
    Column("cause", Word(RefundCause), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("sessions", Integer, nullable=False, server_default="0"),  # that it took from the order's pack (rule 28)
    Column("asked_by", Id, ForeignKey("members.id")),
    Column("reason", Text),
    Column("provider_ref", String(255)),
    at("created_at"),
    maybe_at("done_at"),
    maybe_at("failed_at"),  # by the provider's word, which is its last about this refund
    maybe_at("by_hand_at"),  # after that staff said that they paid it back in another way
    maybe_at("replaced_at"),  # by another refund, of the same money
    # Of one that was made on the provider's own pages: since when it is known which sessions it takes.
    maybe_at("decided_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    maybe_at("next_attempt_at"),
    Column("last_error", Text),
    # So much less of it is owed than was asked for: that went in another way since it failed.
    Column("trimmed_minor", BigInteger, nullable=False, server_default="0"),
    one_of("state", RefundState),
    one_of("cause", RefundCause),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint("sessions >= 0", name="sessions"),
    UniqueConstraint("provider_ref"),
    # Rules 25 and 27: what is refunded by itself is refunded once a payment.
    Index("uq_refunds_automatic", "payment_id", unique=True, **where("cause IN ('no_seat', 'paid_twice')")),
    Index("ix_refunds_payment", "payment_id"),
    Index("ix_refunds_due", "next_attempt_at", **where("state = 'intended'")),
)

disputes = Table(
    "disputes",
    metadata,
    key(),
    Column("payment_id", Id, ForeignKey("payments.id"), nullable=False),
    Column("provider_ref", String(255), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("reason", String(100)),  # the provider's word for it
    Column("outcome", Word(DisputeOutcome)),
    at("opened_at"),
    at("told_at"),  # as of when the provider told it last, by its own clock
    maybe_at("answer_by"),  # until then the provider takes evidence
    maybe_at("closed_at"),
    one_of("outcome", DisputeOutcome),
    CheckConstraint("(outcome IS NULL) = (closed_at IS NULL)", name="closed"),
    UniqueConstraint("provider_ref"),
    Index("ix_disputes_payment", "payment_id"),
)

# Authentic events, raw and whole (rule 30). A row here and what the event caused are one transaction.
provider_events = Table(
    "provider_events",
    metadata,
    key(),
    Column("provider", String(16), nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("kind", String(100), nullable=False),
    Column("state", Word(EventState), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("order_id", Id),
    Column("about", String(255)),  # the payment of which it tells, by the provider's id, while we do not know it
    Column("why", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    maybe_at("next_attempt_at"),
    at("received_at"),
    UniqueConstraint("provider", "event_id"),
    one_of("state", EventState),
    Index("ix_provider_events_due", "next_attempt_at", **where("state = 'failed'")),
    Index("ix_provider_events_about", "about", **where("about IS NOT NULL")),
)
