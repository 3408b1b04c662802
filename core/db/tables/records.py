"""What we owe people, and who changed what."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from core.correlation import LONGEST_CAUSE
from core.db.tables.base import Id, at, key, maybe_at, metadata, where
from core.db.types import Word, one_of
from core.rules.notices import NoticeKind
from core.rules.states import Actor, Channel, NoticeState

# Rule 32: written in the transaction that causes it, once per (kind, subject, cycle).
notices = Table(
    "notices",
    metadata,
    key(),
    Column("community_id", Id, ForeignKey("communities.id"), nullable=False),
    Column("kind", Word(NoticeKind), nullable=False),
    Column("subject_id", Id, nullable=False),  # of a seat, a session, …: the kind says which
    Column("cycle", Integer, nullable=False),
    Column("to_member_id", Id, ForeignKey("members.id")),  # nobody: the staff channel
    Column("state", Word(NoticeState), nullable=False),
    at("due_at"),
    at("next_attempt_at"),  # due_at, then the backoff's instants
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("channel", Word(Channel)),
    Column("message_id", BigInteger),  # Discord's
    Column("why", Text),  # dropped, or the last failure
    Column("cause", String(LONGEST_CAUSE)),  # what it was owed because of; see core.correlation
    maybe_at("ended_at"),
    at("created_at"),
    one_of("kind", NoticeKind),
    one_of("state", NoticeState),
    UniqueConstraint("kind", "subject_id", "cycle"),
    Index("ix_notices_due", "next_attempt_at", "id", **where("state = 'pending'")),
    Index("ix_notices_in_turn", "to_member_id", "id", **where("state IN ('pending', 'queued')")),
    Index("ix_notices_dead", "community_id", **where("state = 'dead'")),
)

# Rule 37: every change of state, once. Replayed, an entity's rows give its state.
history = Table(
    "history",
    metadata,
    key(),
    Column("community_id", Id, ForeignKey("communities.id"), nullable=False),
    at("at"),
    Column("entity", String(24), nullable=False),
    Column("entity_id", Id, nullable=False),
    Column("before", String(40)),
    Column("after", String(40), nullable=False),
    Column("verb", String(40), nullable=False),
    Column("actor", Word(Actor), nullable=False),
    Column("actor_id", Id, ForeignKey("members.id")),
    Column("why", Text),
    Column("facts", JSON(none_as_null=True)),
    Column("cause", String(LONGEST_CAUSE)),  # what set it off; see core.correlation
    one_of("actor", Actor),
    Index("ix_history_entity", "entity", "entity_id", "id"),
    Index("ix_history_community", "community_id", "at"),
)

# Each day's comparison with the providers (rule 31), until it is done: also by whoever was away at its hour.
comparisons = Table(
    "comparisons",
    metadata,
    key(),
    Column("day", Integer, nullable=False),  # its ordinal
    at("created_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    maybe_at("next_attempt_at"),  # empty once it is done, or the next day's has taken its place
    UniqueConstraint("day"),
    Index("ix_comparisons_due", "next_attempt_at", **where("next_attempt_at IS NOT NULL")),
)
