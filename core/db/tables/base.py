"""What every table shares: names of constraints, the id, the two kinds of instant column."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, text

from core.db.types import UtcDateTime

# Constraints are translated into refusals by these names, so none may be left to the database.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite numbers rows by itself only for INTEGER keys.
Id = BigInteger().with_variant(Integer, "sqlite")


def key() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def at(name: str) -> Column:  # type: ignore[type-arg]  # the type is UtcDateTime's
    """An instant that is always known."""
    return Column(name, UtcDateTime, nullable=False)


def maybe_at(name: str) -> Column:  # type: ignore[type-arg]  # the type is UtcDateTime's
    """An instant that may not have come."""
    return Column(name, UtcDateTime, nullable=True)


def where(condition: str) -> dict[str, Any]:
    """A partial index on both databases, for `Index(…, **where("…"))`."""
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}
