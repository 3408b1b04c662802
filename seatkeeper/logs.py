"""Logs: structlog through the standard library, as lines or JSON. Ids only: never texts, tokens or bodies."""

import logging
import sys
from typing import Literal

import aiohttp
import structlog

from core.correlation import cause


class _NoTraceOfTheNetwork(logging.Filter):
    """A connection that is lost and made again is a line: discord.py adds where in its code it noticed."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OSError | aiohttp.ClientError):  # TimeoutError is an OSError
            record.msg, record.exc_info = f"{record.msg} ({type(error).__name__})", None
        return True


_no_trace = _NoTraceOfTheNetwork()


def configure_logs(level: str, form: Literal["console", "json"]) -> None:
    """Every logger of the process, ours and the libraries', writes to stderr in this form from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form, colors=sys.stderr.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("apscheduler", "aiohttp.access", "aiosqlite", "alembic", "discord"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    # It warns of each tick that finds the one before still at work; that the two become one is what we want.
    logging.getLogger("apscheduler.scheduler").setLevel(max(logging.ERROR, root.level))
    for reconnecting in ("discord.client", "discord.shard"):
        logging.getLogger(reconnecting).addFilter(_no_trace)


def formatter(form: Literal["console", "json"], *, colors: bool = False) -> logging.Formatter:
    """A line as `LOG_FORMAT` asks for it, with the cause of the work in which it was written."""
    shared: list[structlog.typing.Processor] = [
        _with_cause,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor]
    if form == "json":
        last = [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    else:
        last = [structlog.dev.ConsoleRenderer(colors=colors)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _with_cause(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if (name := cause()) is not None:
        line["cause"] = name
    return line
