"""Settings: what is accepted, what is refused in which words, and that no secret is ever shown."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.config import Config, ConfigError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine that runs the test, and no .env, reaches it."""
    for name in Config.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def problems() -> str:
    with pytest.raises(ConfigError) as refused:
        Config.load()
    return str(refused.value)


def test_nothing_needs_to_be_set_to_look_around() -> None:
    config = Config.load()

    assert config.database_url.get_secret_value() == "sqlite+aiosqlite:///seatkeeper.db"
    assert (config.web_host, config.web_port) == ("127.0.0.1", 8080)
    assert (config.log_level, config.log_format) == ("INFO", "console")
    assert not config.discord_token
    assert not config.stripe_webhook_secret


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("WEB_PORT=9001\nWEB_HOST=0.0.0.0\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("WEB_PORT", "9002")

    config = Config.load()

    assert (config.web_host, config.web_port) == ("0.0.0.0", 9002)  # noqa: S104 - a container's address


def test_an_empty_line_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", "")
    monkeypatch.setenv("STRIPE_API_KEY", "")

    config = Config.load()

    assert config.web_port == 8080
    assert not config.stripe_api_key


def test_blanks_around_a_pasted_value_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", " token\n")
    monkeypatch.setenv("PUBLIC_URL", " https://seats.example.org/ ")

    config = Config.load()

    assert config.discord_token == SecretStr("token")
    assert config.public_url == "https://seats.example.org"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:///seats.db", "sqlite+aiosqlite:///seats.db"),
        ("sqlite+aiosqlite:////var/lib/seats.db", "sqlite+aiosqlite:////var/lib/seats.db"),
        ("postgres://me:pw@db:5432/seats", "postgresql+asyncpg://me:pw@db:5432/seats"),
        ("postgresql://me:pw@db/seats?ssl=require", "postgresql+asyncpg://me:pw@db/seats?ssl=require"),
        ("postgresql+asyncpg://[::1]/seats", "postgresql+asyncpg://[::1]/seats"),
        ("postgresql:///seats?host=/run/postgresql", "postgresql+asyncpg:///seats?host=/run/postgresql"),
    ],
)
def test_a_database_url_gets_the_driver_that_we_use(given: str, used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", given)

    assert Config.load().database_url.get_secret_value() == used


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("DATABASE_URL", "mysql://db/seats", "must start with sqlite+aiosqlite:/// or postgresql+asyncpg://"),
        ("DATABASE_URL", "seatkeeper.db", "must start with"),
        ("DATABASE_URL", "postgresql+psycopg://db/seats", "must start with"),
        ("DATABASE_URL", "sqlite+aiosqlite://", "must name a file"),
        ("DATABASE_URL", "sqlite+aiosqlite:///", "must name a file"),
        ("DATABASE_URL", "sqlite+aiosqlite:///:memory:", "must name a file"),
        ("DATABASE_URL", "sqlite+aiosqlite://seats.db", "must name a file"),
        ("DATABASE_URL", "postgresql://me:pw@db", "must name a database"),
        ("DATABASE_URL", "postgresql://me:pw@db:port/seats", "malformed host or port"),
        ("DATABASE_URL", "postgresql://me:pw@[db/seats", "malformed host or port"),
        ("PUBLIC_URL", "seats.example.org", "must be an address such as https://"),
        ("PUBLIC_URL", "ftp://seats.example.org", "must be an address such as https://"),
        ("PUBLIC_URL", "https://seats.example.org/?a=b", "without ? or #"),
        ("PUBLIC_URL", "https://seats.example.org:port", "malformed host or port"),
        ("STRIPE_API_URL", "api.stripe.com", "must be an address"),
        ("STRIPE_API_KEY", "pk_live_1", "must start with sk_ or rk_"),
        ("STRIPE_WEBHOOK_SECRET", "sk_live_1", "must start with whsec_"),
        ("WEB_PORT", "65536", "must be less than or equal to 65535"),
        ("WEB_PORT", "-1", "must be greater than or equal to 0"),
        ("WEB_PORT", "http", "must be a valid integer"),
        ("LOG_LEVEL", "loud", "must be 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'"),
        ("LOG_FORMAT", "xml", "must be 'console' or 'json'"),
    ],
)
def test_a_malformed_value_is_named_with_its_meaning(
    name: str, value: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    said = problems()

    purpose = Config.model_fields[name.lower()].description
    assert re.fullmatch(rf"{name}: .*{re.escape(complaint)}.* — {re.escape(purpose or '')}", said)


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", "http")
    monkeypatch.setenv("LOG_FORMAT", "xml")

    assert [line.split(":")[0] for line in problems().splitlines()] == ["WEB_PORT", "LOG_FORMAT"]


def test_levels_and_formats_may_be_written_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("LOG_FORMAT", "JSON")

    config = Config.load()

    assert (config.log_level, config.log_format) == ("DEBUG", "json")


def test_a_file_that_is_no_text_is_refused_in_words() -> None:
    Path(".env").write_bytes(b"DISCORD_TOKEN=\xff\xfe")

    assert problems().startswith(".env: is not text in UTF-8")


def test_what_a_role_needs_is_asked_for_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://seats.example.org")
    config = Config.load()

    config.require("public_url")
    with pytest.raises(ConfigError) as refused:
        config.require("discord_token", "public_url", "stripe_api_key")

    assert [problem.partition(". From https")[0] for problem in refused.value.problems] == [
        "DISCORD_TOKEN: is missing — lets the bot log in to Discord",
        "STRIPE_API_KEY: is missing — opens checkouts and gives refunds at Stripe",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_TOKEN", "hunter2"),
        ("DATABASE_URL", "postgresql://me:hunter2@db/seats"),
        ("STRIPE_API_KEY", "sk_live_hunter2"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_hunter2"),
    ],
)
def test_a_secret_never_shows(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    config = Config.load()

    assert "hunter2" in getattr(config, name.lower()).get_secret_value()
    assert "hunter2" not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://me:hunter2@db/seats"),
        ("DATABASE_URL", "postgresql://me:pw@db:hunter2/seats"),
        ("DATABASE_URL", "postgresql://me:hunter2"),
        ("STRIPE_API_KEY", "hunter2"),
        ("STRIPE_WEBHOOK_SECRET", "hunter2"),
        ("PUBLIC_URL", "https://me:hunter2"),
    ],
)
def test_no_complaint_quotes_the_value(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as refused:
        Config.load()

    assert "hunter2" not in repr(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def settings_of_the_example() -> dict[str, str]:
    """Each setting of .env.example, commented out or not, with its value there."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(found.groups() for line in lines if (found := re.fullmatch(r"(?:# )?([A-Z_]+)=(.*)", line)))  # type: ignore[misc]  # two groups, always


def test_every_setting_has_a_line_in_the_example() -> None:
    assert set(settings_of_the_example()) == {name.upper() for name in Config.model_fields}


def test_the_example_shows_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = Config.load()

    for name, value in settings_of_the_example().items():
        monkeypatch.setenv(name, value)

    assert Config.load() == defaults
