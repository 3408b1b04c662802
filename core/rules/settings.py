"""The numbers that staff may change per community, with their defaults. A changed setting binds what begins later."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta

from core.rules.refusals import Reason, Refused, refuse


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults are those of the rules; the number behind each names the rule."""

    sessions_per_pack: int = 4
    validity_days: int = 60
    grace_hours: int = 72  # 9
    final_warning_hours: int = 12  # 12
    least_warning_hours: int = 6  # 12
    checkout_minutes: int = 35  # 8; Stripe refuses under 30
    held_checkouts: int = 2  # 8
    unpaid_checkouts: int = 2  # 8, in unpaid_window_hours
    unpaid_window_hours: int = 24  # 8
    unpaid_pause_hours: int = 1  # 8
    returned_pack_days: int = 14  # 3
    notice_hours: int = 24  # 14
    horizon_days: int = 60  # 14
    cancel_free_hours: int = 24  # 16
    change_of_mind_minutes: int = 15  # 16, from the booking on
    no_show_minutes: int = 10  # 19
    expiry_notice_days: int = 14  # 21
    expiry_last_notice_days: int = 3  # 21
    outcome_reminder_hours: int = 24  # 22
    outcome_again_hours: int = 72  # 22
    undo_days: int = 7  # 23
    waive_days: int = 7  # 16, 20
    pending_days: int = 7  # 11

    @property
    def grace_for(self) -> timedelta:
        return timedelta(hours=self.grace_hours)

    @property
    def final_warning_for(self) -> timedelta:
        return timedelta(hours=self.final_warning_hours)

    @property
    def least_warning_for(self) -> timedelta:
        return timedelta(hours=self.least_warning_hours)

    @property
    def checkout_for(self) -> timedelta:
        return timedelta(minutes=self.checkout_minutes)


def settings_from(stored: dict[str, int] | None) -> Settings:
    """Stored changes over the defaults; names that are no longer settings are left out."""
    known = {field.name for field in fields(Settings)}
    return Settings(**{name: value for name, value in (stored or {}).items() if name in known})


BOUNDS: Mapping[str, tuple[int, int]] = {
    "sessions_per_pack": (1, 100),
    "validity_days": (1, 3650),
    "grace_hours": (1, 720),
    "final_warning_hours": (1, 719),
    "least_warning_hours": (1, 719),
    "checkout_minutes": (31, 1440),  # Stripe takes 30 minutes to 24 hours, counted when it is asked
    "held_checkouts": (1, 20),
    "unpaid_checkouts": (1, 100),
    "unpaid_window_hours": (1, 720),
    "unpaid_pause_hours": (0, 720),
    "returned_pack_days": (0, 365),
    "notice_hours": (0, 720),
    "horizon_days": (1, 365),
    "cancel_free_hours": (0, 720),
    "change_of_mind_minutes": (0, 1440),
    "no_show_minutes": (0, 120),
    "expiry_notice_days": (1, 365),
    "expiry_last_notice_days": (1, 365),
    "outcome_reminder_hours": (1, 720),
    "outcome_again_hours": (1, 720),
    "undo_days": (0, 90),
    "waive_days": (0, 90),
    "pending_days": (1, 60),
}
"""The least and the most that each setting can be. A test proves that none is missing."""

_IN_ORDER = (
    ("final_warning_hours", "grace_hours"),
    ("least_warning_hours", "final_warning_hours"),
    ("expiry_last_notice_days", "expiry_notice_days"),
)
"""A warning comes within what it warns of and the last notice last: the first of each is never more than the second."""


def why_not_set(settings: Settings, name: str, value: int) -> Refused | None:
    """Why the setting cannot have this value beside the others."""
    if name not in BOUNDS:
        return refuse(Reason.UNKNOWN_SETTING, name=name)
    least, most = bounds_of(settings, name)
    if not least <= value <= most:
        return refuse(Reason.BAD_SETTING, name=name, value=value, least=least, most=most)
    return None


def bounds_of(settings: Settings, name: str) -> tuple[int, int]:
    """The least and the most that this setting can be, as the others stand now."""
    least, most = BOUNDS[name]
    for smaller, larger in _IN_ORDER:
        if name == smaller:
            most = min(most, getattr(settings, larger))
        if name == larger:
            least = max(least, getattr(settings, smaller))
    return least, most
