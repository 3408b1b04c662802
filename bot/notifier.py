"""The courier of notices: Discord's answer to each message, in the words of the port."""

import hashlib

import aiohttp
import discord

from bot.actions import key_of, view_of
from bot.replies.reply import Reply
from core.ports import Address, Answer, ChannelClosed, Delivered, Message, RetryAfter
from core.rules.states import Channel

_OPENING_DMS_TOO_FAST = 40003
_LONGEST_NONCE = 25  # characters that Discord takes
_BUTTONS_A_ROW = 5


class DiscordCourier:
    """The port Courier: DMs and channels. Needs a client that is logged in, not one that is connected."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def send(self, address: Address, message: Message, nonce: str) -> Answer:
        """Send as embed and buttons. discord.py has the nonce enforced: a repeat within minutes is one message."""
        try:
            place = await self._place(address)
            view = _view(message)
            sent = await place.send(
                embed=Reply(message.title, message.text).embed(),
                view=view if view is not None else discord.utils.MISSING,
                nonce=_short(nonce),
            )
        except discord.RateLimited as error:
            return RetryAfter(error.retry_after, "rate limited")
        except discord.HTTPException as error:
            answer = answer_to(error)
            if answer is None:
                raise
            return answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return RetryAfter(None, type(error).__name__)
        return Delivered(sent.id)

    async def _place(self, address: Address) -> discord.abc.Messageable:
        if address.channel is Channel.DM:
            return await self._client.create_dm(discord.Object(address.discord_id))
        return self._client.get_partial_messageable(address.discord_id)


def answer_to(error: discord.HTTPException) -> Answer | None:
    """What Discord's error means for a message, or None: then it is a fault of ours, as a malformed body is.

    Every 403 and 404 closes the road: a closed DM (50007), no guild in common (50278), a channel that is gone (10003)
    or that we may not see or write in (50001, 50013).
    """
    if error.status == 429 or error.status >= 500 or error.code == _OPENING_DMS_TOO_FAST:
        return RetryAfter(_seconds(error), f"{error.status} {error.code}")
    if error.status in (403, 404):
        return ChannelClosed(f"{error.status} {error.code}")
    return None


def _seconds(error: discord.HTTPException) -> float | None:
    named = error.response.headers.get("Retry-After") if hasattr(error.response, "headers") else None
    try:
        return float(named) if named is not None else None
    except ValueError:
        return None


def _short(nonce: str) -> str:
    return nonce if len(nonce) <= _LONGEST_NONCE else hashlib.sha256(nonce.encode()).hexdigest()[:_LONGEST_NONCE]


def _view(message: Message) -> discord.ui.View | None:
    keys = [key_of(button) for button in message.buttons]
    return view_of([keys[first : first + _BUTTONS_A_ROW] for first in range(0, len(keys), _BUTTONS_A_ROW)])
