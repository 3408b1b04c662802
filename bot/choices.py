"""Suggestions while somebody types. What is not on the list may still be sent: use cases look again."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import cache, wraps
from typing import Any
from zoneinfo import available_timezones

import discord
from discord import app_commands
from rapidfuzz import fuzz, process, utils

from bot.asker import asker_of
from bot.client import SeatkeeperBot
from bot.parsing import id_of
from bot.replies.booking import choices as time_choices
from bot.replies.products import product_choice
from bot.replies.refunds import order_choice
from bot.replies.settings import setting_choice
from core.rules.money import EXPONENTS
from core.rules.refusals import Refused
from core.texts.providers import provider_name
from core.usecases.booking.free_times import free_times
from core.usecases.codes.codes import codes as list_codes
from core.usecases.community.mentors import find_mentors, products_of
from core.usecases.community.settings import settings_of
from core.usecases.completion.choices import coming_sessions, open_sessions, undoable_sessions, waivable_sessions
from core.usecases.reading.paid_orders import find_paid_orders
from core.usecases.reading.pairs import find_pairs

log = logging.getLogger(__name__)

MOST = 25
_USUAL_ZONES = ["Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Kolkata", "Etc/UTC"]
_USUAL_CURRENCIES = ["EUR", "USD", "GBP", "CHF", "INR", "JPY"]
_LABEL = 100

Interaction = discord.Interaction[SeatkeeperBot]
Choices = list[app_commands.Choice[str]]
Suggest = Callable[[Interaction, str], Awaitable[Sequence[tuple[str, str]]]]


def _suggesting(suggest: Suggest) -> Callable[[Interaction, str], Coroutine[Any, Any, Choices]]:
    """An autocomplete that shows (label, value) pairs, and nothing at all when something fails: one can type on."""

    @wraps(suggest)
    async def choices(interaction: Interaction, typed: str) -> Choices:
        try:
            found = await suggest(interaction, typed)
        except Exception:
            log.exception("the autocomplete %s failed", suggest.__name__)
            return []
        return [app_commands.Choice(name=label[:_LABEL], value=value[:_LABEL]) for label, value in found[:MOST]]

    return choices


@_suggesting
async def mentors(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    found = await find_mentors(interaction.client.parts.db, asker_of(interaction).guild_id, typed)
    return [(choice.label, str(choice.id)) for choice in found]


@_suggesting
async def products(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    """What the mentor named before sells."""
    mentor_id = id_of(_filled(interaction, "mentor"))
    if mentor_id is None:
        return []
    found = await products_of(interaction.client.parts.db, asker_of(interaction).guild_id, mentor_id)
    return _holding(typed, [product_choice(product) for product in found])


@_suggesting
async def providers(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    """The ways to pay that are set up."""
    return _holding(typed, [(provider_name(name), name) for name in interaction.client.parts.providers])


@_suggesting
async def codes(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    """Codes that can be named, for staff."""
    found = await list_codes(interaction.client.parts.db, asker_of(interaction))
    return [] if isinstance(found, Refused) else _holding(typed, [(code.word, code.word) for code in found])


@_suggesting
async def sessions(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    """Sessions whose outcome this person may tell."""
    found = await open_sessions(interaction.client.parts.db, asker_of(interaction))
    return _holding(typed, [(choice.label, str(choice.id)) for choice in found])


@_suggesting
async def pairs(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    """Students whose seat and sessions this person may change."""
    found = await find_pairs(interaction.client.parts.db, asker_of(interaction), typed)
    return [(choice.label, str(choice.id)) for choice in found]


@_suggesting
async def paid_orders(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    """Purchases of which something may go back, for staff."""
    found = await find_paid_orders(interaction.client.parts.db, asker_of(interaction), typed)
    return [order_choice(order) for order in found]


@_suggesting
async def undoable(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    """Sessions whose outcome this person may take back."""
    found = await undoable_sessions(interaction.client.parts.db, asker_of(interaction))
    return _holding(typed, [(choice.label, str(choice.id)) for choice in found])


@_suggesting
async def waivable(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    """Missed sessions and late cancellations that this person may give back."""
    found = await waivable_sessions(interaction.client.parts.db, asker_of(interaction))
    return _holding(typed, [(choice.label, str(choice.id)) for choice in found])


@_suggesting
async def cancelable(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    """Sessions to come that this person may cancel for somebody."""
    found = await coming_sessions(interaction.client.parts.db, asker_of(interaction))
    return _holding(typed, [(choice.label, str(choice.id)) for choice in found])


@_suggesting
async def times(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    """Free times with the mentor named before, or with the only one that the student has."""
    named = _filled(interaction, "mentor")
    mentor_id = id_of(named)
    if named and mentor_id is None:
        return []
    found = await free_times(interaction.client.parts.db, asker_of(interaction), mentor_id)
    return [] if isinstance(found, Refused) else time_choices(found, typed)


@_suggesting
async def settings(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    """What staff may change, each as it stands."""
    found = await settings_of(interaction.client.parts.db, asker_of(interaction))
    return [] if isinstance(found, Refused) else _holding(typed, [setting_choice(setting) for setting in found])


@_suggesting
async def zones(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    names = _nearest(typed, _zone_names()) if typed else _USUAL_ZONES
    return [(name, name) for name in names]


@_suggesting
async def currencies(interaction: Interaction, typed: str) -> Sequence[tuple[str, str]]:
    wanted = typed.strip().upper()
    codes = [*_USUAL_CURRENCIES, *sorted(code for code in EXPONENTS if code not in _USUAL_CURRENCIES)]
    return [(code, code) for code in codes if code.startswith(wanted)]


def _filled(interaction: Interaction, option: str) -> str:
    value: Any = getattr(interaction.namespace, option, None)
    return value if isinstance(value, str) else ""


def _holding(typed: str, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(label, value) for label, value in found if typed.casefold() in label.casefold()]


@cache
def _zone_names() -> list[str]:
    return [*sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")), "Etc/UTC"]


def _nearest(typed: str, names: list[str]) -> list[str]:
    found = process.extract(
        typed,
        names,
        scorer=fuzz.WRatio,
        processor=utils.default_process,
        limit=MOST,
        score_cutoff=60,
    )
    return [name for name, _, _ in found]
