"""A line of the log names what set off the work in which it was written, in both forms."""

import asyncio
import json
import logging

import pytest

from core.correlation import LONGEST_CAUSE, cause, caused_by, go_on_as
from seatkeeper.logs import formatter


def a_line() -> logging.LogRecord:
    return logging.LogRecord("bot.client", logging.INFO, __file__, 1, "begun: %s", ("/book",), None)


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_line_names_its_cause_and_a_library_s_does_too(form: str) -> None:
    lines = formatter("json" if form == "json" else "console")

    with caused_by("discord:4711"):
        within = lines.format(a_line())
    outside = lines.format(a_line())

    assert "begun: /book" in within
    assert "discord:4711" in within
    assert "cause" not in outside
    if form == "json":
        assert json.loads(within)["cause"] == "discord:4711"


async def test_what_goes_on_under_a_better_name_does_so_for_its_block_alone() -> None:
    async def of_its_own() -> str | None:
        go_on_as("discord:1")
        return cause()

    with caused_by("web:1"):
        inherited = await asyncio.create_task(of_its_own())
        go_on_as(None)
        kept = cause()
        go_on_as("stripe:" + "x" * 500)
        named = cause()

    assert (inherited, kept, cause()) == ("discord:1", "web:1", None)
    assert named is not None
    assert len(named) == LONGEST_CAUSE
