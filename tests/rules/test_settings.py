from dataclasses import fields, replace
from datetime import timedelta

import pytest

from core.rules.refusals import Reason
from core.rules.settings import BOUNDS, Settings, bounds_of, settings_from, why_not_set


def test_what_staff_did_not_change_stays_as_the_rules_have_it() -> None:
    changed = settings_from({"grace_hours": 24})

    assert changed == Settings(grace_hours=24)
    assert changed.grace_for == timedelta(hours=24)
    assert settings_from(None) == Settings()


def test_a_setting_that_is_no_longer_one_is_left_out() -> None:
    assert settings_from({"colour": 3}) == Settings()


def test_a_checkout_is_never_open_for_less_than_a_provider_allows() -> None:
    assert Settings().checkout_for > timedelta(minutes=31)


def test_every_setting_has_bounds_and_a_default_within_them() -> None:
    assert set(BOUNDS) == {field.name for field in fields(Settings)}
    for name in BOUNDS:
        least, most = bounds_of(Settings(), name)
        assert least <= getattr(Settings(), name) <= most, name


@pytest.mark.parametrize(("value", "fits"), [(30, False), (31, True), (1440, True), (1441, False)])
def test_a_setting_is_refused_just_outside_its_bounds(value: int, fits: bool) -> None:
    refused = why_not_set(Settings(), "checkout_minutes", value)

    assert (refused is None) is fits
    if refused is not None:
        assert refused.reason is Reason.BAD_SETTING
        assert dict(refused.facts) == {"name": "checkout_minutes", "value": value, "least": 31, "most": 1440}


def test_an_unknown_setting_is_refused_by_its_name() -> None:
    refused = why_not_set(Settings(), "colour", 3)

    assert refused is not None
    assert refused.reason is Reason.UNKNOWN_SETTING


def test_a_warning_always_comes_within_what_it_warns_of() -> None:
    standing = replace(Settings(), grace_hours=24, final_warning_hours=12, least_warning_hours=6)

    assert bounds_of(standing, "final_warning_hours") == (6, 24)
    assert bounds_of(standing, "grace_hours") == (12, 720)
    assert bounds_of(standing, "least_warning_hours") == (1, 12)
    assert bounds_of(standing, "expiry_notice_days") == (3, 365)
    assert bounds_of(standing, "expiry_last_notice_days") == (1, 14)
