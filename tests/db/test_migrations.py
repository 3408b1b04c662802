"""The migrated schema is the schema of the code, on both databases."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, create_engine, inspect

from core.db.migrate import is_current, newest, sync_url, upgrade
from core.db.tables import metadata


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = create_engine(sync_url(database_url))
    with engine.connect() as connected:
        yield connected
    engine.dispose()


def test_the_migrated_schema_equals_the_metadata(connection: Connection) -> None:
    # What only the migration can say: PostgreSQL shows an exclusion constraint as an index.
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "include_object": lambda _object, name, *_: name != "ex_calendar_blocks_overlap",
        },
    )

    assert compare_metadata(context, metadata) == []


def test_every_check_of_the_metadata_is_in_the_migrated_schema(connection: Connection) -> None:
    inspector = inspect(connection)

    for table in metadata.sorted_tables:
        written = {str(each.name) for each in table.constraints if isinstance(each, CheckConstraint)}
        migrated = {str(each["name"]) for each in inspector.get_check_constraints(table.name)}
        assert migrated == written, table.name


def test_every_constraint_and_index_has_a_name(connection: Connection) -> None:
    inspector = inspect(connection)

    for table in metadata.tables:
        for each in (*inspector.get_unique_constraints(table), *inspector.get_foreign_keys(table)):
            assert each["name"], table


def test_an_empty_database_is_outdated_until_it_is_migrated(fresh_database_url: str) -> None:
    before = is_current(fresh_database_url)
    upgrade(fresh_database_url)
    upgrade(fresh_database_url)

    assert not before
    assert is_current(fresh_database_url)
    assert newest() == "0001"
