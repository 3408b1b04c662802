"""Logs: structlog through the standard library, as lines or JSON. Ids only: never texts, tokens or bodies."""

import logging
import sys
from typing import Literal

import structlog


def configure_logs(level: str, form: Literal["console", "json"]) -> None:
    """Every logger of the process, ours and the libraries', writes to stderr in this form from now on."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor]
    if form == "json":
        last = [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    else:
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("apscheduler", "aiohttp.access", "aiosqlite", "alembic", "discord"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    # It warns of each tick that finds the one before still at work; that the two become one is what we want.
    logging.getLogger("apscheduler.scheduler").setLevel(max(logging.ERROR, root.level))
