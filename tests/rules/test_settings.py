from datetime import timedelta

from core.rules.settings import Settings, settings_from


def test_what_staff_did_not_change_stays_as_the_rules_have_it() -> None:
    changed = settings_from({"grace_hours": 24})

    assert changed == Settings(grace_hours=24)
    assert changed.grace_for == timedelta(hours=24)
    assert settings_from(None) == Settings()


def test_a_setting_that_is_no_longer_one_is_left_out() -> None:
    assert settings_from({"colour": 3}) == Settings()


def test_a_checkout_is_never_open_for_less_than_a_provider_allows() -> None:
    assert Settings().checkout_for > timedelta(minutes=31)
