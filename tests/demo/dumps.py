"""All that a database holds, to be compared with what it held before."""

from typing import Any

from sqlalchemy import create_engine, inspect, pool, text

from core.db.migrate import sync_url

Dump = dict[str, list[tuple[Any, ...]]]


def dump(url: str) -> Dump:
    """Every row of every table in every schema, by the table's name. Blocking."""
    engine = create_engine(sync_url(url), poolclass=pool.NullPool)
    held: Dump = {}
    with engine.connect() as connection:
        inspector = inspect(connection)
        quote = connection.dialect.identifier_preparer.quote
        for schema in inspector.get_schema_names():
            if schema == "information_schema":
                continue
            for table in inspector.get_table_names(schema):
                name = f"{quote(schema)}.{quote(table)}"
                rows = connection.execute(text(f"SELECT * FROM {name}"))  # noqa: S608 # names of its own tables
                held[name] = sorted((tuple(row) for row in rows), key=repr)
    return held
