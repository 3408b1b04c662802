"""What was given up, for staff: each with what it was, to whom, why and since when, and a button to try it again."""

from bot.actions import Key, custom_id
from bot.replies.history import excerpt
from bot.replies.paging import of_page, page_keys, page_note
from bot.replies.reply import Reply, Tone
from core.texts.language import plain, say, say_many
from core.texts.notices import what
from core.texts.providers import provider_name
from core.texts.when import discord_time
from core.usecases.records.replay import DeadNotice, FailedEvent, Failures

A_PAGE = 5  # a button each, and Discord puts five in a row
_EXCERPT = 300


def failures(found: Failures, page: int = 0, again: int | None = None) -> Reply:
    """A page of them, the messages first. `again`: so many have just been made due again."""
    listed: list[DeadNotice | FailedEvent] = [*found.notices, *found.events]
    said = "" if again is None else _again(again)
    if not listed:
        nothing = say("Every message went out, and all that providers told us is settled.")
        return Reply(say("Nothing failed"), "\n\n".join(filter(None, [said, nothing])), tone=Tone.DONE)
    page, pages, shown = of_page(listed, page, A_PAGE)
    first = page * A_PAGE + 1
    keys = [_key(number, each, page) for number, each in enumerate(shown, first)]
    hint = say("Mend the cause first, then try again. What is true no more is not sent any more.")
    return Reply(
        say("What failed"),
        "\n\n".join(filter(None, [said, hint])),
        fields=[_field(number, each) for number, each in enumerate(shown, first)],
        rows=[
            [key for key in keys if key is not None],
            [
                Key(say("Try all again"), custom_id("retry-all"), style="primary"),
                *page_keys("failures-page", page, pages),
            ],
        ],
        footer=page_note(page, pages),
    )


def _again(count: int) -> str:
    if not count:
        return say("There was nothing to try again: it is done, or somebody was quicker.")
    return say_many("{number} is tried again now.", "{number} are tried again now.", count)


def _key(number: int, failed: DeadNotice | FailedEvent, page: int) -> Key | None:
    """None for what is tried again by itself."""
    label = say("Try {number} again", number=number)
    if isinstance(failed, DeadNotice):
        return Key(label, custom_id("retry-notice", failed.id, page))
    return Key(label, custom_id("retry-event", failed.id, page)) if failed.tried_at is None else None


def _field(number: int, failed: DeadNotice | FailedEvent) -> tuple[str, str]:
    if isinstance(failed, DeadNotice):
        return f"{number}. {what(failed.kind)}", "\n".join([_to(failed), _why(failed.why)])
    title = f"{provider_name(failed.provider)}: {plain(failed.kind)}"
    return f"{number}. {title}", "\n".join(filter(None, [_news(failed), _order(failed), _why(failed.why)]))


def _to(dead: DeadNotice) -> str:
    to = say("the staff channel") if dead.to is None else f"**{plain(dead.to)}**"
    return say(
        "To {person}, due {due}; given up {died}.",
        person=to,
        due=discord_time(dead.due_at, "f"),
        died=discord_time(dead.died_at, "R"),
    )


def _news(failed: FailedEvent) -> str:
    came = say("Came {when}.", when=discord_time(failed.received_at, "f"))
    if failed.tried_at is None:
        return f"{came} {say('Given up.')}"
    return f"{came} {say('It is tried again by itself {when}.', when=discord_time(failed.tried_at, 'R'))}"


def _order(failed: FailedEvent) -> str:
    return "" if failed.order_id is None else say("Order {order}.", order=failed.order_id)


def _why(why: str) -> str:
    return say("Why: {why}", why=excerpt(why, _EXCERPT) or say("it gave no reason"))
