"""Seats, packs with their ledger, and the waiting list."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from core.db.tables.base import Id, at, key, maybe_at, metadata, where
from core.db.types import Word, one_of
from core.rules.states import EntryKind, FreezeCause, PackState, SeatState

seats = Table(
    "seats",
    metadata,
    key(),
    Column("community_id", Id, nullable=False),
    Column("student_id", Id, nullable=False),
    Column("mentor_id", Id, nullable=False),
    Column("state", Word(SeatState), nullable=False),
    maybe_at("grace_ends_at"),
    maybe_at("grace_stopped_at"),  # since then a dispute makes this grace stand still (rule 29)
    Column("grace_number", Integer, nullable=False, server_default="0"),  # how often grace began: the cycle
    Column("thread_id", BigInteger),  # the pair's private thread, once there is one (rule 33)
    Column("role_id", BigInteger),  # the role that the student may have by this seat
    # The student's role is to be as the seat says; empty when it is.
    maybe_at("role_due_at"),
    Column("role_attempts", Integer, nullable=False, server_default="0"),
    at("created_at"),
    maybe_at("released_at"),
    ForeignKeyConstraint(["student_id", "community_id"], ["members.id", "members.community_id"]),
    ForeignKeyConstraint(["mentor_id", "community_id"], ["mentors.member_id", "mentors.community_id"]),
    one_of("state", SeatState),
    CheckConstraint("student_id <> mentor_id", name="two_people"),
    # Rule 9: a grace end exists in grace and nowhere else.
    CheckConstraint("(state = 'grace') = (grace_ends_at IS NOT NULL)", name="grace_end"),
    CheckConstraint("grace_stopped_at IS NULL OR state = 'grace'", name="grace_stopped"),
    CheckConstraint("(state = 'released') = (released_at IS NOT NULL)", name="released_at"),
    CheckConstraint("grace_number >= 0", name="grace_number"),
    # Rule 6: one seat a pair while it is not released.
    Index("uq_seats_one_live", "student_id", "mentor_id", unique=True, **where("state <> 'released'")),
    Index("ix_seats_occupied", "mentor_id", **where("state <> 'released'")),
    Index("ix_seats_grace_due", "grace_ends_at", "id", **where("state = 'grace'")),
    Index("ix_seats_role_due", "role_due_at", **where("role_due_at IS NOT NULL")),
)

packs = Table(
    "packs",
    metadata,
    key(),
    Column("community_id", Id, nullable=False),
    Column("student_id", Id, nullable=False),
    Column("mentor_id", Id, nullable=False),
    Column("order_id", Id),
    Column("granted_by", Id, ForeignKey("members.id")),
    Column("state", Word(PackState), nullable=False),
    Column("total", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),  # repeats the ledger's sum (rule 1)
    Column("held", Integer, nullable=False, server_default="0"),  # scheduled sessions (rule 2)
    Column("session_minutes", Integer, nullable=False),
    at("expires_at"),
    maybe_at("frozen_at"),
    Column("frozen_for", Word(FreezeCause)),
    at("created_at"),
    ForeignKeyConstraint(["student_id", "community_id"], ["members.id", "members.community_id"]),
    ForeignKeyConstraint(["mentor_id", "community_id"], ["mentors.member_id", "mentors.community_id"]),
    ForeignKeyConstraint(
        ["order_id", "student_id", "mentor_id"], ["orders.id", "orders.student_id", "orders.mentor_id"]
    ),
    UniqueConstraint("order_id"),  # rule 25: one fulfilment an order
    UniqueConstraint("id", "student_id", "mentor_id"),
    one_of("state", PackState),
    CheckConstraint("(order_id IS NULL) <> (granted_by IS NULL)", name="origin"),
    CheckConstraint("total >= 1 AND remaining >= 0 AND remaining <= total", name="balance"),
    CheckConstraint("held >= 0 AND held <= remaining", name="holds"),
    one_of("frozen_for", FreezeCause),
    CheckConstraint("(frozen_at IS NULL) = (frozen_for IS NULL)", name="frozen"),
    CheckConstraint("state <> 'depleted' OR remaining = 0", name="depleted"),
    Index("ix_packs_pair", "student_id", "mentor_id"),
    Index("ix_packs_expiry_due", "expires_at", "id", **where("state = 'active' AND frozen_at IS NULL")),
)

# Append-only: the database itself refuses to rewrite it, by a trigger that the first migration makes.
ledger = Table(
    "ledger",
    metadata,
    key(),
    Column("pack_id", Id, ForeignKey("packs.id"), nullable=False),
    Column("kind", Word(EntryKind), nullable=False),
    Column("delta", Integer, nullable=False),
    Column("balance", Integer, nullable=False),  # after this entry
    Column("session_id", Id),
    Column("attempt", Integer),
    Column("actor_id", Id, ForeignKey("members.id")),
    Column("reason", Text),
    at("at"),
    ForeignKeyConstraint(["session_id", "pack_id"], ["sessions.id", "sessions.pack_id"]),
    one_of("kind", EntryKind),
    CheckConstraint("balance >= 0", name="balance"),
    CheckConstraint(
        "(kind IN ('purchase', 'grant', 'restore') AND delta > 0)"
        " OR (kind IN ('consume', 'refund', 'expire') AND delta < 0)"
        " OR (kind IN ('adjust', 'transfer') AND delta <> 0)",
        name="sign",
    ),
    CheckConstraint(
        "(kind IN ('consume', 'restore')) = (session_id IS NOT NULL AND attempt IS NOT NULL)", name="session"
    ),
    CheckConstraint("kind NOT IN ('consume', 'restore') OR delta IN (-1, 1)", name="one_session"),
    # Rule 4: one consume and one restore a session and attempt.
    UniqueConstraint("session_id", "attempt", "kind"),
    # Rule 1: a pack begins once.
    Index("uq_ledger_one_beginning", "pack_id", unique=True, **where("kind IN ('purchase', 'grant')")),
    Index(None, "pack_id"),
)

# A mentor's −adjust, until its student answers (rule 1). `expected` is the balance that the mentor saw.
adjustments = Table(
    "adjustments",
    metadata,
    key(),
    Column("pack_id", Id, ForeignKey("packs.id"), nullable=False),
    Column("delta", Integer, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_by", Id, ForeignKey("members.id"), nullable=False),
    at("asked_at"),
    maybe_at("answered_at"),
    Column("answer", String(16)),
    CheckConstraint("delta <> 0", name="delta"),
    CheckConstraint("answer IS NULL OR answer IN ('accepted', 'declined', 'outdated')", name="answer"),
    CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
    Index("uq_adjustments_one_open", "pack_id", unique=True, **where("answered_at IS NULL")),
)

# What is written down about a student for their mentor; nobody else but staff reads it.
notes = Table(
    "notes",
    metadata,
    key(),
    Column("community_id", Id, nullable=False),
    Column("student_id", Id, nullable=False),
    Column("mentor_id", Id, nullable=False),
    Column("written_by", Id, nullable=False),  # the mentor, or staff
    Column("text", Text, nullable=False),
    at("at"),
    ForeignKeyConstraint(["student_id", "community_id"], ["members.id", "members.community_id"]),
    ForeignKeyConstraint(["mentor_id", "community_id"], ["mentors.member_id", "mentors.community_id"]),
    ForeignKeyConstraint(["written_by", "community_id"], ["members.id", "members.community_id"]),
    Index("ix_notes_pair", "mentor_id", "student_id", "at"),
)

waiting_list = Table(
    "waiting_list",
    metadata,
    key(),
    Column("community_id", Id, nullable=False),
    Column("mentor_id", Id, nullable=False),
    Column("member_id", Id, nullable=False),
    at("joined_at"),
    at("place_at"),  # first come first served; moves when an offer goes unanswered (rule 13)
    maybe_at("left_at"),
    ForeignKeyConstraint(["member_id", "community_id"], ["members.id", "members.community_id"]),
    ForeignKeyConstraint(["mentor_id", "community_id"], ["mentors.member_id", "mentors.community_id"]),
    Index("uq_waiting_list_one_place", "mentor_id", "member_id", unique=True, **where("left_at IS NULL")),
)

offers = Table(
    "offers",
    metadata,
    key(),
    Column("waiting_id", Id, ForeignKey("waiting_list.id"), nullable=False),
    Column("seat_id", Id, ForeignKey("seats.id"), nullable=False),
    Column("answer", String(16)),
    at("made_at"),
    maybe_at("delivered_at"),
    maybe_at("ends_at"),
    maybe_at("answered_at"),
    CheckConstraint("answer IS NULL OR answer IN ('accepted', 'passed', 'unanswered', 'undeliverable')", name="answer"),
    Index("uq_offers_one_open", "seat_id", unique=True, **where("answered_at IS NULL")),
    Index("ix_offers_due", "ends_at", **where("answered_at IS NULL")),
)
