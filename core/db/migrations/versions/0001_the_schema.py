"""The schema of the first version."""

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcDateTime

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# What a schema tool cannot say: the ledger refuses to be rewritten, and no two live blocks of a member overlap.
_CLASH = """
    WHEN NEW.live AND EXISTS (
        SELECT 1 FROM calendar_blocks AS b
        WHERE b.member_id = NEW.member_id AND b.live AND b.id <> NEW.id
        AND b.starts_at < NEW.ends_at AND NEW.starts_at < b.ends_at
    )
    BEGIN SELECT RAISE(ABORT, 'ex_calendar_blocks_overlap'); END
"""


def _only_blanked(same: str) -> str:
    """Erasing a member takes the words away that were typed about them, and changes nothing else (rule 38)."""
    kept = ("id", "pack_id", "kind", "delta", "balance", "session_id", "attempt", "actor_id", "at")
    return "NEW.reason IS NULL AND " + " AND ".join(f"NEW.{column} {same} OLD.{column}" for column in kept)


_GUARDS = {
    # SQLite has one writer at a time, so a trigger sees every committed block.
    "sqlite": [
        f"CREATE TRIGGER calendar_blocks_insert AFTER INSERT ON calendar_blocks {_CLASH}",
        f"CREATE TRIGGER calendar_blocks_update AFTER UPDATE ON calendar_blocks {_CLASH}",
        f"CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger WHEN NOT ({_only_blanked('IS')})"
        " BEGIN SELECT RAISE(ABORT, 'ledger_append_only'); END",
        "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger_append_only'); END",
    ],
    # int8range needs no extension where btree_gist would.
    "postgresql": [
        "ALTER TABLE calendar_blocks ADD CONSTRAINT ex_calendar_blocks_overlap EXCLUDE USING gist"
        " (int8range(member_id, member_id, '[]') WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (live)",
        "CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'ledger_append_only'; END $$",
        "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION ledger_append_only()",
        "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger FOR EACH ROW"
        f" WHEN (NOT ({_only_blanked('IS NOT DISTINCT FROM')}))"
        " EXECUTE FUNCTION ledger_append_only()",
    ],
}


def upgrade() -> None:
    op.create_table(
        "communities",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("staff_role_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("sessions_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("webhook_secret", sa.String(length=100), nullable=True),
        sa.Column("webhook_secret_number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("webhook_secret_before", sa.String(length=100), nullable=True),
        sa.Column("webhook_secret_before_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_communities")),
        sa.UniqueConstraint("guild_id", name=op.f("uq_communities_guild_id")),
    )
    op.create_table(
        "comparisons",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparisons")),
        sa.UniqueConstraint("day", name=op.f("uq_comparisons_day")),
    )
    op.create_index(
        "ix_comparisons_due",
        "comparisons",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
        sqlite_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_table(
        "provider_events",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("order_id", Id, nullable=True),
        sa.Column("about", sa.String(length=255), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('applied', 'parked', 'failed')", name=op.f("ck_provider_events_known_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint("provider", "event_id", name=op.f("uq_provider_events_provider_event_id")),
    )
    op.create_index(
        "ix_provider_events_about",
        "provider_events",
        ["about"],
        unique=False,
        postgresql_where=sa.text("about IS NOT NULL"),
        sqlite_where=sa.text("about IS NOT NULL"),
    )
    op.create_index(
        "ix_provider_events_due",
        "provider_events",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'failed'"),
        sqlite_where=sa.text("state = 'failed'"),
    )
    op.create_table(
        "members",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("locale", sa.String(length=16), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("dm_closed_at", UtcDateTime(), nullable=True),
        sa.Column("gone_at", UtcDateTime(), nullable=True),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_members_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("community_id", "user_id", name=op.f("uq_members_community_id_user_id")),
        sa.UniqueConstraint("id", "community_id", name=op.f("uq_members_id_community_id")),
    )
    op.create_table(
        "history",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("entity", sa.String(length=24), nullable=False),
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("before", sa.String(length=40), nullable=True),
        sa.Column("after", sa.String(length=40), nullable=False),
        sa.Column("verb", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("cause", sa.String(length=300), nullable=True),
        sa.CheckConstraint("actor IN ('member', 'provider', 'system', 'partner')", name=op.f("ck_history_known_actor")),
        sa.ForeignKeyConstraint(["actor_id"], ["members.id"], name=op.f("fk_history_actor_id")),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_history_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    op.create_index("ix_history_community", "history", ["community_id", "at"], unique=False)
    op.create_index("ix_history_entity", "history", ["entity", "entity_id", "id"], unique=False)
    op.create_table(
        "mentors",
        sa.Column("member_id", Id, autoincrement=False, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("session_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_minutes", sa.Integer(), nullable=False),
        sa.Column("notice_hours", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("student_role_id", sa.BigInteger(), nullable=True),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("buffer_minutes BETWEEN 0 AND 240", name=op.f("ck_mentors_buffer_minutes")),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_mentors_capacity")),
        sa.CheckConstraint("horizon_days BETWEEN 1 AND 365", name=op.f("ck_mentors_horizon_days")),
        sa.CheckConstraint("notice_hours >= 0", name=op.f("ck_mentors_notice_hours")),
        sa.CheckConstraint("session_minutes BETWEEN 5 AND 480", name=op.f("ck_mentors_session_minutes")),
        sa.ForeignKeyConstraint(
            ["member_id", "community_id"],
            ["members.id", "members.community_id"],
            name=op.f("fk_mentors_member_id_community_id"),
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_mentors")),
        sa.UniqueConstraint("member_id", "community_id", name=op.f("uq_mentors_member_id_community_id")),
    )
    op.create_index(op.f("ix_mentors_community_id"), "mentors", ["community_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject_id", Id, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("to_member_id", Id, nullable=True),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("channel", sa.String(40), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("cause", sa.String(length=300), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('purchase_confirmed', 'student_joined', 'session_booked', 'session_tomorrow', 'session_soon', 'outcome_prompt', 'session_completed', 'session_canceled', 'session_canceled_mentor', 'outcome_reminder', 'outcome_overdue_staff', 'session_returned', 'session_reopened', 'session_reopened_mentor', 'session_waived', 'renewal_reminder', 'grace_began', 'final_warning', 'seat_renewed', 'seat_released', 'seat_released_mentor', 'seat_released_staff', 'payment_pending', 'payment_failed', 'approved_too_late', 'seatless_payment', 'seatless_payment_staff', 'payment_parked', 'payment_parked_staff', 'paid_twice_staff', 'above_capacity_staff', 'refund_failed_staff', 'refunded', 'refunded_staff', 'refund_seen_staff', 'refund_failed', 'refund_by_hand', 'parked_refunded', 'disputed', 'disputed_staff', 'dispute_won', 'dispute_won_staff', 'dispute_lost', 'dispute_lost_staff', 'payment_late_staff', 'news_given_up_staff', 'unknown_payment_staff', 'reconciled_staff', 'pack_expires', 'pack_expires_soon', 'pack_granted', 'pack_extended', 'pack_adjusted', 'grace_extended', 'staff_released', 'staff_released_mentor', 'staff_released_staff', 'refund_released', 'refund_released_mentor', 'refund_released_staff', 'grant_above_capacity_staff', 'seat_back_mentor', 'seat_back_staff', 'adjustment_asked', 'adjustment_answered', 'mentor_paused', 'mentor_resumed', 'mentor_removed', 'mentor_removed_staff', 'student_gone', 'student_gone_staff', 'role_failed_staff', 'mentor_gone_staff', 'bot_back', 'bot_back_staff', 'setting_gone_staff', 'student_role_gone_staff')",
            name=op.f("ck_notices_known_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'queued', 'delivered', 'dropped', 'dead')", name=op.f("ck_notices_known_state")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_notices_community_id")),
        sa.ForeignKeyConstraint(["to_member_id"], ["members.id"], name=op.f("fk_notices_to_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("kind", "subject_id", "cycle", name=op.f("uq_notices_kind_subject_id_cycle")),
    )
    op.create_index(
        "ix_notices_dead",
        "notices",
        ["community_id"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
        sqlite_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_notices_due",
        "notices",
        ["next_attempt_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_notices_in_turn",
        "notices",
        ["to_member_id", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'queued')"),
        sqlite_where=sa.text("state IN ('pending', 'queued')"),
    )
    op.create_table(
        "mentor_hours",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("mentor_id", Id, nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts_minute", sa.Integer(), nullable=False),
        sa.Column("ends_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "starts_minute >= 0 AND starts_minute < ends_minute AND ends_minute <= 1440",
            name=op.f("ck_mentor_hours_minutes"),
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_mentor_hours_weekday")),
        sa.ForeignKeyConstraint(["mentor_id"], ["mentors.member_id"], name=op.f("fk_mentor_hours_mentor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentor_hours")),
        sa.UniqueConstraint(
            "mentor_id", "weekday", "starts_minute", name=op.f("uq_mentor_hours_mentor_id_weekday_starts_minute")
        ),
    )
    op.create_table(
        "mentor_overrides",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("mentor_id", Id, nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("starts_minute", sa.Integer(), nullable=False),
        sa.Column("ends_minute", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "starts_minute >= 0 AND starts_minute < ends_minute AND ends_minute <= 1440",
            name=op.f("ck_mentor_overrides_minutes"),
        ),
        sa.ForeignKeyConstraint(["mentor_id"], ["mentors.member_id"], name=op.f("fk_mentor_overrides_mentor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentor_overrides")),
        sa.UniqueConstraint(
            "mentor_id", "on_date", "starts_minute", name=op.f("uq_mentor_overrides_mentor_id_on_date_starts_minute")
        ),
    )
    op.create_table(
        "notes",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("student_id", Id, nullable=False),
        sa.Column("mentor_id", Id, nullable=False),
        sa.Column("written_by", Id, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mentor_id", "community_id"],
            ["mentors.member_id", "mentors.community_id"],
            name=op.f("fk_notes_mentor_id_community_id"),
        ),
        sa.ForeignKeyConstraint(
            ["student_id", "community_id"],
            ["members.id", "members.community_id"],
            name=op.f("fk_notes_student_id_community_id"),
        ),
        sa.ForeignKeyConstraint(
            ["written_by", "community_id"],
            ["members.id", "members.community_id"],
            name=op.f("fk_notes_written_by_community_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index("ix_notes_pair", "notes", ["mentor_id", "student_id", "at"], unique=False)
    op.create_table(
        "products",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("mentor_id", Id, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("validity_days", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_products_price")),
        sa.CheckConstraint("sessions BETWEEN 1 AND 100", name=op.f("ck_products_sessions")),
        sa.CheckConstraint("validity_days BETWEEN 1 AND 3650", name=op.f("ck_products_validity_days")),
        sa.ForeignKeyConstraint(
            ["mentor_id", "community_id"],
            ["mentors.member_id", "mentors.community_id"],
            name=op.f("fk_products_mentor_id_community_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("id", "mentor_id", name=op.f("uq_products_id_mentor_id")),
    )
    op.create_index(
        "uq_products_live_name",
        "products",
        ["mentor_id", "name"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
        sqlite_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "seats",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("student_id", Id, nullable=False),
        sa.Column("mentor_id", Id, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("grace_ends_at", UtcDateTime(), nullable=True),
        sa.Column("grace_stopped_at", UtcDateTime(), nullable=True),
        sa.Column("grace_number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("role_id", sa.BigInteger(), nullable=True),
        sa.Column("role_due_at", UtcDateTime(), nullable=True),
        sa.Column("role_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(state = 'grace') = (grace_ends_at IS NOT NULL)", name=op.f("ck_seats_grace_end")),
        sa.CheckConstraint("grace_stopped_at IS NULL OR state = 'grace'", name=op.f("ck_seats_grace_stopped")),
        sa.CheckConstraint("(state = 'released') = (released_at IS NOT NULL)", name=op.f("ck_seats_released_at")),
        sa.CheckConstraint(
            "state IN ('offered', 'held', 'active', 'grace', 'released')", name=op.f("ck_seats_known_state")
        ),
        sa.CheckConstraint("grace_number >= 0", name=op.f("ck_seats_grace_number")),
        sa.CheckConstraint("student_id <> mentor_id", name=op.f("ck_seats_two_people")),
        sa.ForeignKeyConstraint(
            ["mentor_id", "community_id"],
            ["mentors.member_id", "mentors.community_id"],
            name=op.f("fk_seats_mentor_id_community_id"),
        ),
        sa.ForeignKeyConstraint(
            ["student_id", "community_id"],
            ["members.id", "members.community_id"],
            name=op.f("fk_seats_student_id_community_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seats")),
    )
    op.create_index(
        "ix_seats_grace_due",
        "seats",
        ["grace_ends_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'grace'"),
        sqlite_where=sa.text("state = 'grace'"),
    )
    op.create_index(
        "ix_seats_occupied",
        "seats",
        ["mentor_id"],
        unique=False,
        postgresql_where=sa.text("state <> 'released'"),
        sqlite_where=sa.text("state <> 'released'"),
    )
    op.create_index(
        "ix_seats_role_due",
        "seats",
        ["role_due_at"],
        unique=False,
        postgresql_where=sa.text("role_due_at IS NOT NULL"),
        sqlite_where=sa.text("role_due_at IS NOT NULL"),
    )
    op.create_index(
        "uq_seats_one_live",
        "seats",
        ["student_id", "mentor_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'released'"),
        sqlite_where=sa.text("state <> 'released'"),
    )
    op.create_table(
        "waiting_list",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("mentor_id", Id, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("place_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id", "community_id"],
            ["members.id", "members.community_id"],
            name=op.f("fk_waiting_list_member_id_community_id"),
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id", "community_id"],
            ["mentors.member_id", "mentors.community_id"],
            name=op.f("fk_waiting_list_mentor_id_community_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_list")),
    )
    op.create_index(
        "uq_waiting_list_one_place",
        "waiting_list",
        ["mentor_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL"),
        sqlite_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "offers",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("waiting_id", Id, nullable=False),
        sa.Column("seat_id", Id, nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "answer IS NULL OR answer IN ('accepted', 'passed', 'unanswered', 'undeliverable')",
            name=op.f("ck_offers_answer"),
        ),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_offers_seat_id")),
        sa.ForeignKeyConstraint(["waiting_id"], ["waiting_list.id"], name=op.f("fk_offers_waiting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_index(
        "ix_offers_due",
        "offers",
        ["ends_at"],
        unique=False,
        postgresql_where=sa.text("answered_at IS NULL"),
        sqlite_where=sa.text("answered_at IS NULL"),
    )
    op.create_index(
        "uq_offers_one_open",
        "offers",
        ["seat_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
        sqlite_where=sa.text("answered_at IS NULL"),
    )
    op.create_table(
        "codes",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("mentor_id", Id, nullable=True),
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("off_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("most_uses", sa.Integer(), nullable=True),
        sa.Column("most_uses_each", sa.Integer(), nullable=True),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(percent IS NULL) <> (off_minor IS NULL)", name=op.f("ck_codes_one_way")),
        sa.CheckConstraint("(off_minor IS NULL) = (currency IS NULL)", name=op.f("ck_codes_currency")),
        sa.CheckConstraint("percent IS NULL OR percent BETWEEN 1 AND 100", name=op.f("ck_codes_percent")),
        sa.CheckConstraint("off_minor IS NULL OR off_minor > 0", name=op.f("ck_codes_off")),
        sa.CheckConstraint(
            "most_uses > 0 AND most_uses_each > 0",
            name=op.f("ck_codes_uses"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_codes_community_id")),
        sa.ForeignKeyConstraint(
            ["mentor_id", "community_id"],
            ["mentors.member_id", "mentors.community_id"],
            name=op.f("fk_codes_mentor_id_community_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codes")),
        sa.UniqueConstraint("id", "community_id", name=op.f("uq_codes_id_community_id")),
    )
    op.create_index(
        "uq_codes_live_word",
        "codes",
        ["community_id", "word"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
        sqlite_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "orders",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("student_id", Id, nullable=False),
        sa.Column("mentor_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("pay_token", sa.String(length=64), nullable=False),
        sa.Column("product_name", sa.String(length=100), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("session_minutes", sa.Integer(), nullable=False),
        sa.Column("validity_days", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("code_id", Id, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("pending_at", UtcDateTime(), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'pending', 'fulfilled', 'closed', 'parked', 'refunded')",
            name=op.f("ck_orders_known_state"),
        ),
        sa.CheckConstraint(
            "discount_minor >= 0 AND due_minor >= 0 AND price_minor = discount_minor + due_minor",
            name=op.f("ck_orders_sum"),
        ),
        sa.CheckConstraint("sessions >= 1 AND validity_days >= 1", name=op.f("ck_orders_snapshot")),
        sa.CheckConstraint("student_id <> mentor_id", name=op.f("ck_orders_two_people")),
        sa.ForeignKeyConstraint(
            ["code_id", "community_id"],
            ["codes.id", "codes.community_id"],
            name=op.f("fk_orders_code_id_community_id"),
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id", "community_id"],
            ["mentors.member_id", "mentors.community_id"],
            name=op.f("fk_orders_mentor_id_community_id"),
        ),
        sa.ForeignKeyConstraint(
            ["product_id", "mentor_id"],
            ["products.id", "products.mentor_id"],
            name=op.f("fk_orders_product_id_mentor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["student_id", "community_id"],
            ["members.id", "members.community_id"],
            name=op.f("fk_orders_student_id_community_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("id", "student_id", "mentor_id", name=op.f("uq_orders_id_student_id_mentor_id")),
        sa.UniqueConstraint("pay_token", name=op.f("uq_orders_pay_token")),
    )
    op.create_index("ix_orders_student", "orders", ["student_id", "created_at"], unique=False)
    op.create_index(
        "ix_orders_code",
        "orders",
        ["code_id"],
        unique=False,
        postgresql_where=sa.text("code_id IS NOT NULL"),
        sqlite_where=sa.text("code_id IS NOT NULL"),
    )
    op.create_index(
        "uq_orders_one_open",
        "orders",
        ["student_id", "mentor_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('open', 'pending')"),
        sqlite_where=sa.text("state IN ('open', 'pending')"),
    )
    op.create_table(
        "checkouts",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_ref", sa.String(length=255), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("declined_at", UtcDateTime(), nullable=True),
        sa.Column("final_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_checkouts_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkouts")),
        sa.UniqueConstraint("order_id", name=op.f("uq_checkouts_order_id")),
        sa.UniqueConstraint("provider", "provider_ref", name=op.f("uq_checkouts_provider_provider_ref")),
    )
    op.create_index(
        "ix_checkouts_due",
        "checkouts",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "packs",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("student_id", Id, nullable=False),
        sa.Column("mentor_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=True),
        sa.Column("granted_by", Id, nullable=True),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), server_default="0", nullable=False),
        sa.Column("session_minutes", sa.Integer(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("frozen_at", UtcDateTime(), nullable=True),
        sa.Column("frozen_for", sa.String(40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "frozen_for IN ('staff_release', 'mentor_removed', 'dispute')", name=op.f("ck_packs_known_frozen_for")
        ),
        sa.CheckConstraint("state <> 'depleted' OR remaining = 0", name=op.f("ck_packs_depleted")),
        sa.CheckConstraint("state IN ('active', 'depleted', 'expired', 'refunded')", name=op.f("ck_packs_known_state")),
        sa.CheckConstraint("(frozen_at IS NULL) = (frozen_for IS NULL)", name=op.f("ck_packs_frozen")),
        sa.CheckConstraint("(order_id IS NULL) <> (granted_by IS NULL)", name=op.f("ck_packs_origin")),
        sa.CheckConstraint("held >= 0 AND held <= remaining", name=op.f("ck_packs_holds")),
        sa.CheckConstraint("total >= 1 AND remaining >= 0 AND remaining <= total", name=op.f("ck_packs_balance")),
        sa.ForeignKeyConstraint(["granted_by"], ["members.id"], name=op.f("fk_packs_granted_by")),
        sa.ForeignKeyConstraint(
            ["mentor_id", "community_id"],
            ["mentors.member_id", "mentors.community_id"],
            name=op.f("fk_packs_mentor_id_community_id"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id", "student_id", "mentor_id"],
            ["orders.id", "orders.student_id", "orders.mentor_id"],
            name=op.f("fk_packs_order_id_student_id_mentor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["student_id", "community_id"],
            ["members.id", "members.community_id"],
            name=op.f("fk_packs_student_id_community_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packs")),
        sa.UniqueConstraint("id", "student_id", "mentor_id", name=op.f("uq_packs_id_student_id_mentor_id")),
        sa.UniqueConstraint("order_id", name=op.f("uq_packs_order_id")),
    )
    op.create_index(
        "ix_packs_expiry_due",
        "packs",
        ["expires_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'active' AND frozen_at IS NULL"),
        sqlite_where=sa.text("state = 'active' AND frozen_at IS NULL"),
    )
    op.create_index("ix_packs_pair", "packs", ["student_id", "mentor_id"], unique=False)
    op.create_table(
        "payments",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_ref", sa.String(length=255), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lost_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("paid_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("amount_minor >= 0 AND tax_minor >= 0", name=op.f("ck_payments_amount")),
        sa.CheckConstraint("refunded_minor + lost_minor <= amount_minor", name=op.f("ck_payments_books")),
        sa.CheckConstraint("refunded_minor >= 0 AND lost_minor >= 0", name=op.f("ck_payments_given_back")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payments_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("provider", "provider_ref", name=op.f("uq_payments_provider_provider_ref")),
    )
    op.create_index(op.f("ix_payments_order_id"), "payments", ["order_id"], unique=False)
    op.create_index(
        "ix_payments_due",
        "payments",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
        sqlite_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_table(
        "adjustments",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("pack_id", Id, nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", Id, nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.CheckConstraint(
            "answer IS NULL OR answer IN ('accepted', 'declined', 'outdated')", name=op.f("ck_adjustments_answer")
        ),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_adjustments_answered")),
        sa.CheckConstraint("delta <> 0", name=op.f("ck_adjustments_delta")),
        sa.ForeignKeyConstraint(["asked_by"], ["members.id"], name=op.f("fk_adjustments_asked_by")),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_adjustments_pack_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustments")),
    )
    op.create_index(
        "uq_adjustments_one_open",
        "adjustments",
        ["pack_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL"),
        sqlite_where=sa.text("answered_at IS NULL"),
    )
    op.create_table(
        "disputes",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("provider_ref", sa.String(length=255), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=True),
        sa.Column("outcome", sa.String(40), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("answer_by", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("outcome IN ('won', 'lost')", name=op.f("ck_disputes_known_outcome")),
        sa.CheckConstraint("(outcome IS NULL) = (closed_at IS NULL)", name=op.f("ck_disputes_closed")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_disputes_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("provider_ref", name=op.f("uq_disputes_provider_ref")),
    )
    op.create_index("ix_disputes_payment", "disputes", ["payment_id"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("sessions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("asked_by", Id, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("provider_ref", sa.String(length=255), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("by_hand_at", UtcDateTime(), nullable=True),
        sa.Column("replaced_at", UtcDateTime(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("trimmed_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "cause IN ('no_seat', 'paid_twice', 'staff', 'provider')", name=op.f("ck_refunds_known_cause")
        ),
        sa.CheckConstraint(
            "state IN ('intended', 'done', 'failed', 'replaced', 'not_owed')", name=op.f("ck_refunds_known_state")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount")),
        sa.CheckConstraint("sessions >= 0", name=op.f("ck_refunds_sessions")),
        sa.ForeignKeyConstraint(["asked_by"], ["members.id"], name=op.f("fk_refunds_asked_by")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("provider_ref", name=op.f("uq_refunds_provider_ref")),
    )
    op.create_index(
        "ix_refunds_due",
        "refunds",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'intended'"),
        sqlite_where=sa.text("state = 'intended'"),
    )
    op.create_index(
        "uq_refunds_automatic",
        "refunds",
        ["payment_id"],
        unique=True,
        postgresql_where=sa.text("cause IN ('no_seat', 'paid_twice')"),
        sqlite_where=sa.text("cause IN ('no_seat', 'paid_twice')"),
    )
    op.create_index("ix_refunds_payment", "refunds", ["payment_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("community_id", Id, nullable=False),
        sa.Column("student_id", Id, nullable=False),
        sa.Column("mentor_id", Id, nullable=False),
        sa.Column("pack_id", Id, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="1", nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("booked_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", Id, nullable=True),
        sa.CheckConstraint("(state = 'scheduled') = (decided_at IS NULL)", name=op.f("ck_sessions_decided")),
        sa.CheckConstraint(
            "state IN ('scheduled', 'completed', 'no_show', 'canceled')", name=op.f("ck_sessions_known_state")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_sessions_span")),
        sa.ForeignKeyConstraint(["decided_by"], ["members.id"], name=op.f("fk_sessions_decided_by")),
        sa.ForeignKeyConstraint(
            ["pack_id", "student_id", "mentor_id"],
            ["packs.id", "packs.student_id", "packs.mentor_id"],
            name=op.f("fk_sessions_pack_id_student_id_mentor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["student_id", "community_id"],
            ["members.id", "members.community_id"],
            name=op.f("fk_sessions_student_id_community_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("id", "pack_id", name=op.f("uq_sessions_id_pack_id")),
    )
    op.create_index("ix_sessions_mentor", "sessions", ["mentor_id", "starts_at"], unique=False)
    op.create_index("ix_sessions_pack", "sessions", ["pack_id"], unique=False)
    op.create_index("ix_sessions_pair", "sessions", ["student_id", "mentor_id", "starts_at"], unique=False)
    op.create_table(
        "calendar_blocks",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("session_id", Id, nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_calendar_blocks_span")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_calendar_blocks_member_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_calendar_blocks_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_blocks")),
        sa.UniqueConstraint("session_id", "member_id", name=op.f("uq_calendar_blocks_session_id_member_id")),
    )
    op.create_index(
        "ix_calendar_blocks_live",
        "calendar_blocks",
        ["member_id", "starts_at", "ends_at"],
        unique=False,
        postgresql_where=sa.text("live"),
        sqlite_where=sa.text("live"),
    )
    op.create_table(
        "ledger",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("pack_id", Id, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("balance", sa.Integer(), nullable=False),
        sa.Column("session_id", Id, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('consume', 'restore')) = (session_id IS NOT NULL AND attempt IS NOT NULL)",
            name=op.f("ck_ledger_session"),
        ),
        sa.CheckConstraint(
            "(kind IN ('purchase', 'grant', 'restore') AND delta > 0) OR (kind IN ('consume', 'refund', 'expire') AND delta < 0) OR (kind IN ('adjust', 'transfer') AND delta <> 0)",
            name=op.f("ck_ledger_sign"),
        ),
        sa.CheckConstraint(
            "kind IN ('purchase', 'grant', 'consume', 'restore', 'adjust', 'transfer', 'refund', 'expire')",
            name=op.f("ck_ledger_known_kind"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('consume', 'restore') OR delta IN (-1, 1)", name=op.f("ck_ledger_one_session")
        ),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_ledger_balance")),
        sa.ForeignKeyConstraint(["actor_id"], ["members.id"], name=op.f("fk_ledger_actor_id")),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_ledger_pack_id")),
        sa.ForeignKeyConstraint(
            ["session_id", "pack_id"], ["sessions.id", "sessions.pack_id"], name=op.f("fk_ledger_session_id_pack_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
        sa.UniqueConstraint("session_id", "attempt", "kind", name=op.f("uq_ledger_session_id_attempt_kind")),
    )
    op.create_index(op.f("ix_ledger_pack_id"), "ledger", ["pack_id"], unique=False)
    op.create_index(
        "uq_ledger_one_beginning",
        "ledger",
        ["pack_id"],
        unique=True,
        postgresql_where=sa.text("kind IN ('purchase', 'grant')"),
        sqlite_where=sa.text("kind IN ('purchase', 'grant')"),
    )
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first version: restore a backup")
