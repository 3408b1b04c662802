"""Alembic's entry: it migrates on the connection that `core.db.migrate` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from core.db.tables import metadata
from core.db.types import UtcDateTime, Word


def _render(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Migrations keep no link to our enums: a word is a string there, and its check is written out."""
    if kind == "type" and isinstance(item, Word):
        return "sa.String(40)"
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen.imports.add("from core.db.types import UtcDateTime")
        return "UtcDateTime()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=_render,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
