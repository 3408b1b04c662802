"""Databases, a clock that stands still, and a courier that keeps what it delivered."""

import pytest

from tests.fixtures import clock, db
from tests.notices.courier import KeepingCourier

__all__ = ["clock", "courier", "db"]


@pytest.fixture
def courier() -> KeepingCourier:
    return KeepingCourier()
