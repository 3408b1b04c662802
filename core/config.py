"""What can be set from outside: the environment, or a file `.env` beside the process.

A field's description says what the setting is for; every complaint about the setting ends with it.
"""

from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}

WHERE_TO_GET = {
    "discord_token": "From https://discord.com/developers/applications: your application, Bot, Reset Token.",
    "public_url": "It is the address of the proxy with TLS in front of WEB_PORT, as https://seats.example.org.",
    "stripe_api_key": "From https://dashboard.stripe.com/apikeys: a restricted key, rk_….",
    "stripe_webhook_secret": "From https://dashboard.stripe.com/webhooks: your endpoint's signing secret, whsec_….",
    "paypal_client_id": "From https://developer.paypal.com/dashboard/applications: your app, Client ID.",
    "paypal_client_secret": "From https://developer.paypal.com/dashboard/applications: your app, Secret key 1.",
    "paypal_webhook_id": "From https://developer.paypal.com/dashboard/applications: your app, Webhooks, its ID.",
}


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds a sentence for each setting at fault, without its value."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # urllib's own words quote a piece of the URL, perhaps of a password
        raise ValueError("has a malformed host or port (a special character that is not %-encoded?)") from None
    return parts


def _web_address(value: str) -> str:
    """The address without a slash at its end, so that paths can be added to it."""
    if not value:
        return value
    parts = _split(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as https://seats.example.org")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path, without ? or #")
    return value.rstrip("/")


def _database_url(value: SecretStr) -> SecretStr:
    """The URL with the driver that we use; hosting companies hand out `postgres://` and `postgresql://`."""
    scheme, separator, rest = value.get_secret_value().partition("://")
    driver = _DRIVERS.get(scheme)
    if not separator or driver is None:
        raise ValueError("must start with sqlite+aiosqlite:/// or postgresql+asyncpg://")
    url = f"{driver}://{rest}"
    if driver == "sqlite+aiosqlite":
        file = rest.removeprefix("/").partition("?")[0]
        # Several connections share the database, so one that lives in a connection's memory would be many.
        if not rest.startswith("/") or not file or ":memory:" in file:
            raise ValueError("must name a file: sqlite+aiosqlite:///seatkeeper.db")
        return SecretStr(url)
    if not _split(url).path.strip("/"):
        raise ValueError("must name a database: postgresql+asyncpg://user:password@host/database")
    return SecretStr(url)


def _begins_with(*prefixes: str) -> AfterValidator:
    """Tells a key pasted into the wrong place by how it begins."""

    def check(value: SecretStr) -> SecretStr:
        if value and not value.get_secret_value().startswith(prefixes):
            raise ValueError(f"must start with {' or '.join(prefixes)}")
        return value

    return AfterValidator(check)


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Config(BaseSettings):
    """Every setting, checked. An unset one has its default; an unset secret or address is empty, hence false."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    discord_token: SecretStr = Field(SecretStr(""), description="lets the bot log in to Discord")
    discord_api_url: Annotated[str, AfterValidator(_web_address)] = Field(
        "https://discord.com/api/v10", description="where Discord's API is reached"
    )
    # Secret, because it may hold a password.
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] = Field(
        SecretStr("sqlite+aiosqlite:///seatkeeper.db"), description="where everything is kept"
    )
    public_url: Annotated[str, AfterValidator(_web_address)] = Field(
        "", description="where people and payment providers reach the web server from outside"
    )
    web_host: str = Field("127.0.0.1", description="the address the web server listens on")
    web_port: int = Field(8080, ge=0, le=65535, description="the port the web server listens on, 0 for any free one")
    stripe_api_key: Annotated[SecretStr, _begins_with("sk_", "rk_")] = Field(
        SecretStr(""), description="opens checkouts and gives refunds at Stripe"
    )
    stripe_tax: bool = Field(False, description="whether Stripe Tax adds the tax to a checkout (true or false)")
    stripe_webhook_secret: Annotated[SecretStr, _begins_with("whsec_")] = Field(
        SecretStr(""), description="proves that a webhook comes from Stripe"
    )
    stripe_api_url: Annotated[str, AfterValidator(_web_address)] = Field(
        "https://api.stripe.com", description="where Stripe's API is reached"
    )
    paypal_client_id: str = Field("", description="names us to PayPal")
    paypal_client_secret: SecretStr = Field(
        SecretStr(""), description="opens checkouts, takes their money and gives refunds at PayPal"
    )
    paypal_webhook_id: str = Field("", description="proves that a webhook comes from PayPal and is for us")
    paypal_api_url: Annotated[str, AfterValidator(_web_address)] = Field(
        "https://api-m.paypal.com", description="where PayPal's API is reached"
    )
    # Secret, because it may hold a password.
    redis_url: Annotated[SecretStr, _begins_with("redis://", "rediss://")] = Field(
        SecretStr(""), description="where several processes count together how often somebody asks"
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)] = Field(
        "INFO", description="how much is logged"
    )
    log_format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] = Field(
        "console", description="how log lines look"
    )

    @classmethod
    def load(cls) -> Self:
        """The configuration of this process, or ConfigError with every malformed setting in it."""
        try:
            return cls()
        except ValidationError as error:
            raise explain(error) from None
        except UnicodeDecodeError:
            raise ConfigError(".env: is not text in UTF-8 — settings that are not in the environment") from None

    def require(self, *names: str) -> None:
        """Raise ConfigError with every one of these fields that is unset."""
        missing = [
            f"{name.upper()}: is missing — {_purpose(name)}. {WHERE_TO_GET[name]}"
            for name in names
            if not getattr(self, name)
        ]
        if missing:
            raise ConfigError(*missing)


def explain(error: ValidationError) -> ConfigError:
    """Pydantic's complaints as sentences: NAME: what is wrong — what it is for. No sentence holds a value."""
    problems = []
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(detail["loc"][0])
        wrong = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        problems.append(f"{name.upper()}: {wrong} — {_purpose(name)}")
    return ConfigError(*problems)


def _purpose(name: str) -> str:
    return Config.model_fields[name].description or ""
