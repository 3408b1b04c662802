"""The one place where the bot catches what nobody expected: logged with a reference, which the person is told."""

import logging
import secrets

import discord
from discord import app_commands

from bot.answer import acknowledge, add, answer
from bot.discord_errors import EXPECTED
from bot.replies.reply import Reply, fault, outdated

log = logging.getLogger(__name__)

_UNKNOWN_INTERACTION = 10062
_ANSWERED_ALREADY = 40060  # by another process of ours, while one takes over from the other
_TOKEN_GONE = {10015, 50027}  # fifteen minutes after the press its webhook is no more
_NO_LONGER_OURS = {_UNKNOWN_INTERACTION, _ANSWERED_ALREADY, *_TOKEN_GONE}


async def tell(interaction: discord.Interaction, error: BaseException, what: str) -> None:
    """Log the error, tell the person; whatever happens here, the edge lives on. `what` names the command or action."""
    error = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        log.warning("%s is not known in this form: are the commands synced?", what)
        await _say(interaction, outdated(), what)
        return
    if is_late(error):
        log.warning("%s: Discord no longer takes the answer (%s)", what, error)
        return
    reference = secrets.token_hex(3)
    log.error("%s failed [%s]", what, reference, exc_info=error, extra={"reference": reference})
    await _say(interaction, fault(reference), what)


def is_late(error: BaseException) -> bool:
    """Whether Discord takes no more: after three seconds to acknowledge, fifteen minutes to answer, or one answer."""
    return isinstance(error, discord.HTTPException) and error.code in _NO_LONGER_OURS


async def _say(interaction: discord.Interaction, reply: Reply, what: str) -> None:
    try:
        if not interaction.response.is_done():
            await acknowledge(interaction)
        if interaction.response.type is discord.InteractionResponseType.deferred_message_update:
            await add(interaction, reply)  # the message pressed on stays, so that it can be pressed again
        else:
            await answer(interaction, reply)
    except EXPECTED as error:
        log.warning("%s: the person could not be told (%s)", what, error)
