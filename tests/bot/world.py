"""A guild with a mentor who has a student, others beside them, and what they see of the bot."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import discord
from simcord import ChannelHandle, Env, GuildHandle, InteractionResult, MemberActor, RoleHandle
from simcord.results import ResponseMessage, to_discord_message
from sqlalchemy import update

from bot.client import Parts, SeatkeeperBot
from core.db import tables
from core.db.unit import Database
from core.ports import PaymentProvider
from tests.builders import Community, Pair, Person, a_community, a_member, a_mentor, a_pair
from tests.clocks import SettableClock
from tests.provider import LedgerProvider
from tests.together import together


@dataclass(frozen=True)
class Player:
    """Somebody in Discord, who is somebody in the database."""

    actor: MemberActor
    person: Person

    @property
    def id(self) -> int:
        return self.person.id

    @property
    def dms(self) -> list[discord.Message]:
        return list(self.actor.user.dm_channel.history())


@dataclass
class World:
    """Mara teaches Stu. Sam is staff, Olga may manage the server, Eve is nobody yet, Max teaches nobody yet."""

    env: Env
    db: Database
    clock: SettableClock
    provider: LedgerProvider
    guild: GuildHandle
    public: ChannelHandle
    staff_room: ChannelHandle
    staff_role: RoleHandle
    community: Community
    mara: Player
    max: Player
    stu: Player
    pair: Pair
    sam: MemberActor
    olga: MemberActor
    eve: MemberActor

    def new_bot(self) -> SeatkeeperBot:
        return SeatkeeperBot(parts(self.db, self.provider, self.clock), shard_count=1)

    async def restart(self) -> None:
        """The process ends and another one starts: nothing in memory is left."""
        await self.env.restart_bot(self.new_bot())

    def forge(self, channel_id: int, *custom_ids: str, footer: str = "") -> discord.Message:
        """A message of the bot's with buttons that it never made."""
        buttons = [{"type": 2, "style": 1, "label": each, "custom_id": each} for each in custom_ids]
        return self._forged(channel_id, buttons, footer)

    def forge_select(self, channel_id: int, custom_id: str, *values: str, footer: str = "") -> discord.Message:
        """The same with a select whose options the bot never offered."""
        options = [{"label": value, "value": value} for value in values]
        return self._forged(channel_id, [{"type": 3, "custom_id": custom_id, "options": options}], footer)

    def _forged(self, channel_id: int, parts: list[dict[str, Any]], footer: str) -> discord.Message:
        embeds = [{"description": "x", "footer": {"text": footer}}] if footer else []
        message = self.env.backend.create_message(
            channel_id, self.env.backend.bot_user.id, "x", components=[{"type": 1, "components": parts}], embeds=embeds
        )
        return to_discord_message(self.env, message)

    async def send_form(self, actor: MemberActor, custom_id: str, words: Mapping[str, str]) -> InteractionResult:
        """Somebody sends a form that the bot never opened for them."""
        shown = await actor.slash(self.public, "help")
        blanks = [
            {"type": 18, "label": name, "component": {"type": 4, "style": 2, "custom_id": name}} for name in words
        ]
        form = discord.ui.Modal(title="x", custom_id=custom_id).to_dict() | {"components": blanks}
        shown._interaction.modal = form  # SimCord has no other way
        return await actor.submit_modal(shown, dict(words))


def parts(db: Database, provider: LedgerProvider | None, clock: SettableClock) -> Parts:
    providers: dict[str, PaymentProvider] = {} if provider is None else {provider.name: provider}
    return Parts(db=db, providers=providers, public_url="https://seats.example", clock=clock)


async def a_player(world_guild: GuildHandle, env: Env, db: Database, community: Community, name: str) -> Player:
    actor = world_guild.add_member(env.create_user(name.lower(), global_name=name))
    return Player(actor, await a_member(db, community, name, user_id=actor.id))


async def a_mentor_player(
    world_guild: GuildHandle, env: Env, db: Database, community: Community, name: str, **row: Any
) -> Player:
    actor = world_guild.add_member(env.create_user(name.lower(), global_name=name))
    person = await a_mentor(db, community, name, **row)
    async with db.begin() as tx:
        await tx.run(update(tables.members).where(tables.members.c.id == person.id).values(user_id=actor.id))
    return Player(actor, replace(person, user_id=actor.id))


async def a_world(env: Env, db: Database, clock: SettableClock, provider: LedgerProvider) -> World:
    guild = env.create_guild("Chess Club")
    staff_role = guild.create_role("Staff")
    managers = guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    hidden: dict[Any, discord.PermissionOverwrite] = {
        guild.default_role: discord.PermissionOverwrite(view_channel=False),
        staff_role: discord.PermissionOverwrite(view_channel=True),
        env.bot.user: discord.PermissionOverwrite(view_channel=True),
    }
    public = guild.create_text_channel("general")
    staff_room = guild.create_text_channel("staff", overwrites=hidden)
    async with together(db) as rows:
        community = await a_community(
            rows, guild_id=guild.id, staff_role_id=staff_role.id, staff_channel_id=staff_room.id, time_zone="Etc/UTC"
        )
        mara = await a_mentor_player(guild, env, rows, community, "Mara")
        stu = await a_player(guild, env, rows, community, "Stu")
        max_ = await a_mentor_player(guild, env, rows, community, "Max")
        pair = await a_pair(rows, mentor=mara.person, student=stu.person)
    return World(
        env=env,
        db=db,
        clock=clock,
        provider=provider,
        guild=guild,
        public=public,
        staff_room=staff_room,
        staff_role=staff_role,
        community=community,
        mara=mara,
        max=max_,
        stu=stu,
        pair=pair,
        sam=guild.add_member(env.create_user("sam", global_name="Sam"), roles=[staff_role]),
        olga=guild.add_member(env.create_user("olga", global_name="Olga"), roles=[managers]),
        eve=guild.add_member(env.create_user("eve", global_name="Eve")),
    )


def reply_to(result: InteractionResult) -> ResponseMessage:
    assert result.response is not None, "the bot did not answer"
    return result.response


def words_of(message: ResponseMessage | discord.Message) -> str:
    """All that a person reads in a message, embeds and their fields included."""
    read = [message.content or ""]
    for embed in message.embeds:
        read += [embed.title or "", embed.description or ""]
        read += [part for field in embed.fields for part in (field.name or "", field.value or "")]
        read.append(embed.footer.text or "")
    return "\n".join(part for part in read if part)


def read(result: InteractionResult) -> str:
    return words_of(reply_to(result))


def parts_of(message: ResponseMessage | discord.Message) -> list[dict[str, Any]]:
    """The buttons and selects of a message as Discord got them."""
    rows: list[Any] = list(message.components)
    raw = [row if isinstance(row, dict) else row.to_dict() for row in rows]
    return [part for row in raw for part in row["components"]]


def custom_ids(result: InteractionResult) -> list[str]:
    return [part["custom_id"] for part in parts_of(reply_to(result)) if "custom_id" in part]


def labels(message: ResponseMessage | discord.Message) -> list[str]:
    """What can be pressed, in order."""
    return [part["label"] for part in parts_of(message) if "label" in part and not part.get("disabled")]


def options_of(result: InteractionResult, custom_id: str) -> list[str]:
    """The values that the select of this custom_id offers."""
    (menu,) = [part for part in parts_of(reply_to(result)) if part.get("custom_id") == custom_id]
    return [option["value"] for option in menu["options"]]


def stamp(at: datetime, style: str = "F") -> str:
    return f"<t:{int(at.timestamp())}:{style}>"
