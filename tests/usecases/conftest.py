from tests.fixtures import clock, db
from tests.notices.conftest import courier

__all__ = ["clock", "courier", "db"]
