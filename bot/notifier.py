"""The courier of notices: Discord's answer to each message, in the words of the port."""

import hashlib
import logging
from typing import Final

import discord

from bot.actions import key_of, view_of
from bot.discord_errors import (
    EXPECTED,
    NO_GUILD_IN_COMMON,
    NOT_YET,
    UNKNOWN_CHANNEL,
    UNKNOWN_MEMBER,
    UNKNOWN_USER,
    not_now,
)
from bot.replies.reply import Reply
from core.ports import Address, Answer, ChannelClosed, Delivered, Gone, Message, OpenedThread, RetryAfter
from core.rules.states import Channel

log = logging.getLogger(__name__)

_GONE = {UNKNOWN_CHANNEL, 50083, 160005}  # the last two: a thread that is archived, or locked
_NOBODY = {UNKNOWN_MEMBER, UNKNOWN_USER, NO_GUILD_IN_COMMON}
_NO_THREADS_HERE = {50024, 160006}  # a channel of another kind; as many threads as a server can have
_A_WEEK: Final = 10080  # minutes without a message, after which Discord archives the thread; a message brings it back
_LONGEST_NONCE = 25  # characters that Discord takes
_BUTTONS_A_ROW = 5


class DiscordCourier:
    """The port Courier: DMs, channels, threads. The client need not be connected; before it is logged in, all waits."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def send(self, address: Address, message: Message, nonce: str) -> Answer:
        """Send as embed and buttons. discord.py has the nonce enforced: a repeat within minutes is one message."""
        if self._client.user is None:
            return NOT_YET
        try:
            place = await self._place(address)
            view = _view(message)
            sent = await place.send(
                content=None if address.to is None else f"<@{address.to}>",
                embed=Reply(message.title, message.text).embed(),
                view=view if view is not None else discord.utils.MISSING,
                nonce=_short(nonce),
                allowed_mentions=_pinging(address.to),
            )
            await self._let_in(address)  # only now: a message brings an archived thread back, a newcomer does not
        except EXPECTED as error:
            return _answer_or_raise(error)
        return Delivered(sent.id)

    async def open_thread(self, channel_id: int, name: str) -> OpenedThread | ChannelClosed | RetryAfter:
        """Private, and open for whom we let in alone: nobody in it can invite others."""
        if self._client.user is None:
            return NOT_YET
        try:
            opened = await self._client.http.start_thread_without_message(
                channel_id, name=name, auto_archive_duration=_A_WEEK, type=12, invitable=False
            )
        except EXPECTED as error:
            return _answer_or_raise(error)
        return OpenedThread(int(opened["id"]))

    async def _let_in(self, address: Address) -> None:
        """Who the message is for must be in the thread; the other one is let in if Discord lets us."""
        if address.to is None:
            return
        await self._client.http.add_user_to_thread(address.discord_id, address.to)
        if address.beside is not None:
            try:
                await self._client.http.add_user_to_thread(address.discord_id, address.beside)
            except (discord.HTTPException, discord.RateLimited) as error:
                log.warning("thread %s: somebody could not be let in (%s)", address.discord_id, error)

    async def _place(self, address: Address) -> discord.abc.Messageable:
        if address.channel is Channel.DM:
            return await self._client.create_dm(discord.Object(address.discord_id))
        return self._client.get_partial_messageable(address.discord_id)


def _answer_or_raise(error: Exception) -> ChannelClosed | RetryAfter:
    """What Discord's error means for a message. Raises it again if it is a fault of ours, as a malformed body is.

    Every 403 and 404 closes the road: a closed DM (50007), somebody who is gone (50278, 10007, 10013), a channel that
    is gone (10003) or that we may not see or write in (50001, 50013). So does a thread that takes no messages or cannot
    be opened.
    """
    if (later := not_now(error)) is not None:
        return later
    if not isinstance(error, discord.HTTPException):
        raise error
    if error.code in _NOBODY:
        return Gone(f"{error.status} {error.code}")
    if error.status in (403, 404) or error.code in _GONE | _NO_THREADS_HERE:
        return ChannelClosed(f"{error.status} {error.code}", is_gone=error.code in _GONE)
    raise error


def _pinging(user_id: int | None) -> discord.AllowedMentions:
    """Nobody, or this person alone."""
    if user_id is None:
        return discord.AllowedMentions.none()
    return discord.AllowedMentions(everyone=False, roles=False, users=[discord.Object(user_id)])


def _short(nonce: str) -> str:
    return nonce if len(nonce) <= _LONGEST_NONCE else hashlib.sha256(nonce.encode()).hexdigest()[:_LONGEST_NONCE]


def _view(message: Message) -> discord.ui.View | None:
    keys = [key_of(button) for button in message.buttons]
    return view_of([keys[first : first + _BUTTONS_A_ROW] for first in range(0, len(keys), _BUTTONS_A_ROW)])
