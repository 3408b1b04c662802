"""The numbers that staff may change per community, with their defaults. A changed setting binds what begins later."""

from dataclasses import dataclass, fields
from datetime import timedelta


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
    no_show_minutes: int = 10  # 19
    outcome_reminder_hours: int = 24  # 22
    outcome_again_hours: int = 72  # 22
    undo_days: int = 7  # 23
    waive_days: int = 7  # 16, 20

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
