from core.db.unit import Database
from core.usecases.reading.origin import guild_of_mentor, guild_of_person, guild_of_session
from tests.builders import DAY, a_community, a_member, a_pair, a_session
from tests.clocks import NOW


async def test_a_button_in_a_dm_belongs_to_the_guild_of_its_row_for_members_alone(db: Database) -> None:
    pair = await a_pair(db)
    stranger = await a_member(db, await a_community(db), "Kim")
    session_id = await a_session(db, pair, NOW + DAY)
    guild_id = pair.community.guild_id

    assert await guild_of_mentor(db, pair.mentor.id, pair.student.user_id) == guild_id
    assert await guild_of_session(db, session_id, pair.student.user_id) == guild_id
    assert await guild_of_mentor(db, pair.mentor.id, stranger.user_id) is None
    assert await guild_of_session(db, session_id, stranger.user_id) is None


async def test_in_a_dm_the_guild_of_the_next_session_is_meant_else_the_latest_joined(db: Database) -> None:
    pair = await a_pair(db)
    newer = await a_community(db)
    await a_member(db, newer, user_id=pair.student.user_id)

    assert await guild_of_person(db, pair.student.user_id) == newer.guild_id
    await a_session(db, pair, NOW + DAY)

    assert await guild_of_person(db, pair.student.user_id) == pair.community.guild_id
    assert await guild_of_person(db, 1) is None
