from tests.fixtures import clock, db

__all__ = ["clock", "db"]
