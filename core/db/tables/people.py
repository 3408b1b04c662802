"""Communities, their members, the mentors among them, what mentors sell and when they work."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from core.db.tables.base import Id, at, key, maybe_at, metadata, where

communities = Table(
    "communities",
    metadata,
    key(),
    Column("guild_id", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("staff_role_id", BigInteger),
    Column("staff_channel_id", BigInteger),
    Column("sessions_channel_id", BigInteger),  # where private threads of pairs are opened (rule 33)
    Column("settings", JSON, nullable=False, default=dict),  # only what staff changed; see core.rules.settings
    Column("webhook_secret", String(100)),
    Column("webhook_secret_number", Integer, nullable=False, server_default="0"),  # how many there were
    Column("webhook_secret_before", String(100)),
    maybe_at("webhook_secret_before_until"),  # until then the one before signs, too
    at("created_at"),
    maybe_at("left_at"),  # the bot is not in the guild (rule 39)
    UniqueConstraint("guild_id"),
)

members = Table(
    "members",
    metadata,
    key(),
    Column("community_id", Id, ForeignKey("communities.id"), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),
    Column("time_zone", String(64)),
    Column("locale", String(16)),
    Column("email", String(254)),
    maybe_at("dm_closed_at"),
    maybe_at("gone_at"),  # not in the guild any more (rule 39)
    maybe_at("erased_at"),  # rule 38
    at("created_at"),
    UniqueConstraint("community_id", "user_id"),
    UniqueConstraint("id", "community_id"),
)

mentors = Table(
    "mentors",
    metadata,
    Column("member_id", Id, primary_key=True, autoincrement=False),
    Column("community_id", Id, nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("session_minutes", Integer, nullable=False),
    Column("buffer_minutes", Integer, nullable=False),
    Column("notice_hours", Integer, nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("student_role_id", BigInteger),
    maybe_at("paused_at"),
    maybe_at("removed_at"),
    at("created_at"),
    ForeignKeyConstraint(["member_id", "community_id"], ["members.id", "members.community_id"]),
    UniqueConstraint("member_id", "community_id"),
    CheckConstraint("capacity >= 0", name="capacity"),
    CheckConstraint("session_minutes BETWEEN 5 AND 480", name="session_minutes"),
    CheckConstraint("buffer_minutes BETWEEN 0 AND 240", name="buffer_minutes"),
    CheckConstraint("notice_hours >= 0", name="notice_hours"),
    CheckConstraint("horizon_days BETWEEN 1 AND 365", name="horizon_days"),
    Index(None, "community_id"),
)

# Wall-clock minutes of the day in the mentor's zone; past midnight is two rows (rule 18).
mentor_hours = Table(
    "mentor_hours",
    metadata,
    key(),
    Column("mentor_id", Id, ForeignKey("mentors.member_id"), nullable=False),
    Column("weekday", Integer, nullable=False),  # 0 is Monday
    Column("starts_minute", Integer, nullable=False),
    Column("ends_minute", Integer, nullable=False),
    CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    CheckConstraint("starts_minute >= 0 AND starts_minute < ends_minute AND ends_minute <= 1440", name="minutes"),
    UniqueConstraint("mentor_id", "weekday", "starts_minute"),
)

# One date that differs from the week: more hours (`is_open`) or none.
mentor_overrides = Table(
    "mentor_overrides",
    metadata,
    key(),
    Column("mentor_id", Id, ForeignKey("mentors.member_id"), nullable=False),
    Column("on_date", Date, nullable=False),
    Column("starts_minute", Integer, nullable=False),
    Column("ends_minute", Integer, nullable=False),
    Column("is_open", Boolean, nullable=False),
    CheckConstraint("starts_minute >= 0 AND starts_minute < ends_minute AND ends_minute <= 1440", name="minutes"),
    UniqueConstraint("mentor_id", "on_date", "starts_minute"),
)

products = Table(
    "products",
    metadata,
    key(),
    Column("community_id", Id, nullable=False),
    Column("mentor_id", Id, nullable=False),
    Column("name", String(100), nullable=False),
    Column("sessions", Integer, nullable=False),
    Column("validity_days", Integer, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    at("created_at"),
    maybe_at("retired_at"),
    ForeignKeyConstraint(["mentor_id", "community_id"], ["mentors.member_id", "mentors.community_id"]),
    UniqueConstraint("id", "mentor_id"),
    CheckConstraint("sessions BETWEEN 1 AND 100", name="sessions"),
    CheckConstraint("validity_days BETWEEN 1 AND 3650", name="validity_days"),
    CheckConstraint("price_minor >= 0", name="price"),
    Index("uq_products_live_name", "mentor_id", "name", unique=True, **where("retired_at IS NULL")),
)
