"""Pauses grow, are never shorter than what the other side named, and come to an end."""

from datetime import timedelta

import pytest

from core.rules.backoff import MOST_ATTEMPTS, is_exhausted, pause_after


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 30), (1, 60), (2, 120), (6, 1920), (7, 3600), (11, 3600), (10_000, 3600)]
)
def test_a_pause_doubles_with_each_failure_up_to_an_hour(attempts: int, seconds: int) -> None:
    assert pause_after(attempts) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("named", "seconds"), [(None, 30), (0, 30), (29.9, 30), (30.5, 30.5), (7200, 7200)])
def test_a_pause_is_never_shorter_than_what_was_named(named: float | None, seconds: float) -> None:
    assert pause_after(0, named) == timedelta(seconds=seconds)


def test_the_last_attempt_is_the_twelfth() -> None:
    assert not is_exhausted(MOST_ATTEMPTS - 2)
    assert is_exhausted(MOST_ATTEMPTS - 1)
