"""Sessions, and the one calendar of each member that keeps them from overlapping."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)

from core.db.tables.base import Id, at, key, maybe_at, metadata, where
from core.db.types import Word, one_of
from core.rules.states import SessionState

sessions = Table(
    "sessions",
    metadata,
    key(),
    Column("community_id", Id, nullable=False),
    Column("student_id", Id, nullable=False),
    Column("mentor_id", Id, nullable=False),
    Column("pack_id", Id, nullable=False),
    Column("state", Word(SessionState), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="1"),  # an undo raises it (rule 4)
    at("starts_at"),
    at("ends_at"),
    at("booked_at"),
    maybe_at("decided_at"),
    Column("decided_by", Id, ForeignKey("members.id")),
    ForeignKeyConstraint(["student_id", "community_id"], ["members.id", "members.community_id"]),
    # A pack serves its own student and mentor, nobody else.
    ForeignKeyConstraint(["pack_id", "student_id", "mentor_id"], ["packs.id", "packs.student_id", "packs.mentor_id"]),
    UniqueConstraint("id", "pack_id"),
    one_of("state", SessionState),
    CheckConstraint("starts_at < ends_at", name="span"),
    CheckConstraint("(state = 'scheduled') = (decided_at IS NULL)", name="decided"),
    Index("ix_sessions_pair", "student_id", "mentor_id", "starts_at"),
    Index("ix_sessions_mentor", "mentor_id", "starts_at"),
    Index("ix_sessions_pack", "pack_id"),
)

# Two rows a session: the student's, and the mentor's widened by the buffer as it was at booking (rule 15). No two live
# blocks of a member overlap: an exclusion constraint on PostgreSQL, a trigger on SQLite, both in the first migration.
calendar_blocks = Table(
    "calendar_blocks",
    metadata,
    key(),
    Column("member_id", Id, ForeignKey("members.id"), nullable=False),
    Column("session_id", Id, ForeignKey("sessions.id"), nullable=False),
    at("starts_at"),
    at("ends_at"),
    Column("live", Boolean, nullable=False),
    CheckConstraint("starts_at < ends_at", name="span"),
    UniqueConstraint("session_id", "member_id"),
    Index("ix_calendar_blocks_live", "member_id", "starts_at", "ends_at", **where("live")),
)
