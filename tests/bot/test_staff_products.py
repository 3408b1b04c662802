"""/staff product: what a mentor sells is put up, changed and taken off sale."""

from core.db import tables
from core.rules.refusals import Reason
from core.texts.refusals import SENTENCES
from tests.bot.world import World, labels, read, reply_to
from tests.builders import a_product, row_of


async def test_who_may_manage_the_server_is_staff(world: World) -> None:
    shown = await world.olga.slash(world.public, "staff product add", mentor="Max", name="Talk", price="10")

    assert "For sale with Max" in read(shown)


async def test_a_product_for_an_unknown_mentor_is_refused(world: World) -> None:
    shown = await world.sam.slash(world.public, "staff product add", mentor="Zed", name="Talk", price="10")

    assert "no such mentor" in read(shown)


async def test_what_is_sold_changes_and_what_is_sold_already_stays(world: World) -> None:
    offered = await world.sam.autocomplete(
        world.public, "staff product edit", "product", "four", mentor=str(world.mara.id)
    )

    shown = await world.sam.slash(
        world.public, "staff product edit", mentor="Mara", product=offered[0]["value"], price="210", sessions=5
    )
    unknown = await world.sam.slash(world.public, "staff product edit", mentor="Mara", product="Ten", price="1")

    assert "**Four sessions** · €210.00 · 5 sessions · good for 60 days" in read(shown)
    assert "Packs that are sold stay as they are" in read(shown)
    assert (await row_of(world.db, tables.packs, world.pair.pack_id))["total"] == 4
    assert read(unknown).endswith(SENTENCES[Reason.UNKNOWN_PRODUCT].without)


async def test_off_sale_goes_what_the_button_confirms_and_only_once(world: World) -> None:
    shown = await world.sam.slash(world.public, "staff product retire", mentor="Mara", product="four sessions")
    assert "1 pack of it is in use, and stays as it is." in read(shown)
    assert "⚠️ Mara sells nothing else" in read(shown)
    await a_product(world.db, world.mara.person, name="Five")
    more = await world.sam.slash(world.public, "staff product retire", mentor="Mara", product="Four sessions")
    assert "⚠️" not in read(more)
    assert (await row_of(world.db, tables.products, world.pair.product_id))["retired_at"] is None
    await world.restart()

    done = await world.sam.click(reply_to(shown), label="Take it off sale")
    twice = await world.sam.click(reply_to(more), label="Take it off sale")

    assert "Off sale with Mara: Four sessions" in read(done)
    assert labels(reply_to(done)) == []
    assert read(twice).endswith(SENTENCES[Reason.ALREADY_RETIRED].without)
    sold = await world.stu.actor.slash(world.public, "mentors")
    assert "Five" in read(sold)
    assert "Four sessions" not in read(sold)
