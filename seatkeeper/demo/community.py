"""The demo's community: a guild with three mentors, their students and staff, set up through the real use cases."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import discord
import simcord

from core.rules.refusals import Refused
from core.texts.refusals import sentence
from core.usecases import Database
from core.usecases.asker import Asker
from core.usecases.buying.buy import buy
from core.usecases.community.add_mentor import NewMentor, add_mentor
from core.usecases.community.add_product import NewProduct, add_product
from core.usecases.community.mentors import mentors, products_of
from core.usecases.community.set_up import SetUp, set_up
from core.usecases.reading.books import communities_kept
from core.usecases.reading.remaining import remaining
from seatkeeper.demo.stage import Place, Stage
from seatkeeper.demo.stripe_stand_in import StripeStandIn
from seatkeeper.wiring import House

T = TypeVar("T")

NAME = "Lantern Academy (Seatkeeper demo)"
ZONE = "Europe/Berlin"

# By name and by id a database tells the demo's communities from others. The first id is the one that people play in;
# each walk of `--check` has the next best of its own.
_FIRST_ID = 1_456_000_000_000_000_000
_IDS = range(_FIRST_ID, _FIRST_ID + 10**9)


class ForeignDatabase(Exception):
    """The database holds a community that is not the demo's."""


@dataclass(frozen=True, slots=True)
class Product:
    name: str
    price: str
    sessions: int
    validity_days: int = 60
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Mentor:
    name: str
    zone: str
    hours: str
    capacity: int
    products: tuple[Product, ...]


MENTORS = (
    Mentor(
        "Mira Thapa",
        "Asia/Kathmandu",
        "Mon-Fri 16:00-21:00, Sat 10:00-14:00",
        3,
        (Product("Python, four sessions", "180.00", 4),),
    ),
    Mentor(
        "Jonas Weber",
        "Europe/Berlin",
        "Mon-Fri 09:00-12:00 14:00-18:00",
        2,
        (Product("One code review", "55.00", 1, 30), Product("Backend, four sessions", "200.00", 4)),
    ),
    Mentor(
        "Grace Lee",
        "America/New_York",
        "Tue-Thu 10:00-16:00, Sun 12:00-15:00",
        1,
        (Product("Career, two sessions", "150.00", 2, 45, "USD"),),
    ),
)
STUDENTS = ("Ann", "Ben", "Chloe", "Dev")
STAFF = "Olivia"


@dataclass(slots=True)
class Guild:
    """The guild on the stage. `people` by name: mentors, students and staff."""

    handle: simcord.GuildHandle
    public: simcord.ChannelHandle
    staff_room: simcord.ChannelHandle
    sessions_room: simcord.ChannelHandle
    staff_role: simcord.RoleHandle
    people: Mapping[str, simcord.MemberActor]

    @property
    def id(self) -> int:
        return self.handle.id

    def asker(self, name: str) -> Asker:
        """This person, as the use cases know who asks."""
        is_staff = name == STAFF
        roles = frozenset({self.staff_role.id}) if is_staff else frozenset()
        return Asker(self.id, self.people[name].id, name, roles, manages_guild=is_staff)


def an_id(*, fresh: bool) -> int:
    """The guild's id: always the same, or one that no run had before."""
    return _FIRST_ID + 1 + secrets.randbelow(len(_IDS) - 1) if fresh else _FIRST_ID


async def latest_instant(db: Database) -> datetime | None:
    """When the last thing happened in this database. Raises ForeignDatabase if it is not the demo's."""
    kept = await communities_kept(db)
    foreign = [each.name for each in kept if each.name != NAME or each.guild_id not in _IDS]
    if foreign:
        raise ForeignDatabase(
            f"DATABASE_URL names a database with a community that the demo did not make: {foreign[0]}. "
            "The demo would play with real people's seats. Name an empty database, or unset DATABASE_URL."
        )
    return max((each.latest_at for each in kept if each.latest_at is not None), default=None)


def build(stage: Stage, guild_id: int) -> Guild:
    """The guild with its channels and people, and a place on the stage for each."""
    staff = stage.env.create_user(STAFF.lower(), global_name=STAFF)
    handle = stage.env.create_guild(NAME, id=guild_id, owner=staff)
    staff_role = handle.create_role("Staff")
    people = {STAFF: simcord.MemberActor(stage.env, handle, staff)}
    for name in (*STUDENTS, *(mentor.name for mentor in MENTORS)):
        people[name] = handle.add_member(stage.env.create_user(name.lower().replace(" ", "."), global_name=name))
    see, hide = discord.PermissionOverwrite(view_channel=True), discord.PermissionOverwrite(view_channel=False)
    public = handle.create_text_channel("mentoring", topic="Type / to see what Seatkeeper can do")
    staff_room = handle.create_text_channel(
        "staff",
        topic="What needs a person",
        overwrites={handle.default_role: hide, staff_role: see, stage.bot_user: see},
    )
    # Made last: the ids of those above stay what they are in a database that was kept.
    sessions_room = handle.create_text_channel("sessions", topic="A thread for each student and mentor")
    guild = Guild(handle, public, staff_room, sessions_room, staff_role, people)
    stage.places.extend(_places(guild))
    return guild


def _places(guild: Guild) -> Iterable[Place]:
    everybody = [guild.people[name] for name in (*STUDENTS, *(mentor.name for mentor in MENTORS), STAFF)]
    yield Place("public", "#mentoring", guild.public, everybody, ZONE)
    zones = {mentor.name: mentor.zone for mentor in MENTORS}
    for name in (*STUDENTS, *zones):
        user = guild.people[name].user
        yield Place(f"dm-{user.name}", name, user.dm_channel, [user], zones.get(name, ZONE))
    yield Place("staff", "#staff", guild.staff_room, [guild.people[STAFF]], ZONE)


async def seed(house: House, guild: Guild, stripe: StripeStandIn) -> None:
    """The community stands as the demo wants it; what an earlier run did in it stays."""
    db, staff = house.db, guild.asker(STAFF)
    wanted = SetUp(NAME, ZONE, "EUR", guild.staff_role.id, guild.staff_room.id, guild.sessions_room.id)
    _given(await set_up(db, staff, wanted))
    known = {card.name: card.mentor_id for card in _given(await mentors(db, guild.id))}
    for mentor in MENTORS:
        mentor_id = known.get(mentor.name)
        if mentor_id is None:
            user_id = guild.people[mentor.name].id
            new = NewMentor(user_id, mentor.name, mentor.zone, mentor.hours, mentor.capacity, buffer_minutes=15)
            mentor_id = _given(await add_mentor(db, staff, new)).mentor_id
        sold = {product.name for product in await products_of(db, guild.id, mentor_id)}
        for each in mentor.products:
            if each.name not in sold:
                product = NewProduct(mentor_id, each.name, each.price, each.sessions, each.validity_days, each.currency)
                _given(await add_product(db, staff, product))
        known[mentor.name] = mentor_id
    await _give_a_seat(house, guild, stripe, "Dev", known["Grace Lee"])


async def _give_a_seat(house: House, guild: Guild, stripe: StripeStandIn, student: str, mentor_id: int) -> None:
    """One seat is taken before anybody plays, so that there is something to see and a mentor without a free seat."""
    asker = guild.asker(student)
    standing = await remaining(house.db, asker)
    if not isinstance(standing, Refused) and standing.mentors:
        return
    before = set(stripe.checkouts)
    ready = await buy(house.db, house.providers, house.public_url, asker, mentor_id)
    if isinstance(ready, Refused):
        return  # the seat went to somebody else in an earlier run
    for ref in set(stripe.checkouts) - before:
        await stripe.pay(ref)


def _given(answer: T | Refused) -> T:
    if isinstance(answer, Refused):
        raise RuntimeError(f"the demo's community is refused: {sentence(answer)}")
    return answer
