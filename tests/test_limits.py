"""How often one may ask: in memory, in Redis together, and with Redis away."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.limits import Limit, Limits, TooOften
from tests.redis import running_redis


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("redis")
    with running_redis(folder) as url:
        yield url


@pytest.fixture(params=["memory", "redis"])
async def limits_of_two_processes(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Limits, Limits]]:
    url = "" if request.param == "memory" else request.getfixturevalue("redis_url")
    here = Limits(url)
    there = Limits(url) if url else here
    yield here, there
    await here.close()
    await there.close()


async def test_one_too_many_is_told_how_long_to_wait_and_others_are_not(
    limits_of_two_processes: tuple[Limits, Limits],
) -> None:
    here, there = limits_of_two_processes

    first = [await here.note(Limit.CHECKOUTS, "1:2") for _ in range(Limit.CHECKOUTS.a_minute)]
    refused = await there.note(Limit.CHECKOUTS, "1:2")
    other = await there.note(Limit.CHECKOUTS, "1:3")
    elsewhere = await there.note(Limit.ORDER_PAGES, "1:2")

    assert first == [None] * Limit.CHECKOUTS.a_minute
    assert isinstance(refused, TooOften)
    assert 0 < refused.wait_for.total_seconds() <= 60
    assert (other, elsewhere) == (None, None)


async def test_with_redis_away_nobody_waits_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    away = Limits("redis://127.0.0.1:1/0")

    answers = [await away.note(Limit.CHECKOUTS, "1:2") for _ in range(Limit.CHECKOUTS.a_minute + 1)]

    await away.close()
    assert set(answers) == {None}
    assert "Redis does not answer" in caplog.text
