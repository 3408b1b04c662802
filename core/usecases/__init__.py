"""What the house can do, one verb a file. `Database` is named here for the edges: to hold and to hand over, no more."""

from core.db.unit import Database

__all__ = ["Database"]
