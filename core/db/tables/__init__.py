"""The schema: what is unique or bounded by a rule is so by a named constraint."""

from core.db.tables.base import metadata
from core.db.tables.calendar import calendar_blocks, sessions
from core.db.tables.money import checkouts, codes, disputes, orders, payments, provider_events, refunds
from core.db.tables.people import communities, members, mentor_hours, mentor_overrides, mentors, products
from core.db.tables.records import comparisons, history, notices
from core.db.tables.seats import adjustments, ledger, notes, offers, packs, seats, waiting_list

__all__ = [
    "adjustments",
    "calendar_blocks",
    "checkouts",
    "codes",
    "communities",
    "comparisons",
    "disputes",
    "history",
    "ledger",
    "members",
    "mentor_hours",
    "mentor_overrides",
    "mentors",
    "metadata",
    "notes",
    "notices",
    "offers",
    "orders",
    "packs",
    "payments",
    "products",
    "provider_events",
    "refunds",
    "seats",
    "sessions",
    "waiting_list",
]
