"""Codes as staff see them."""

from collections.abc import Sequence

from bot.replies.paging import of_page, page_keys, page_note
from bot.replies.reply import Reply, Tone
from core.texts.language import plain, say, say_many
from core.texts.prices import price
from core.texts.when import discord_span
from core.usecases.codes.add_code import CodeCard
from core.usecases.codes.codes import CodeRetired

A_PAGE = 15  # an embed's text ends at 4,096 characters


def code_added(code: CodeCard) -> Reply:
    return Reply(
        say("New code: {word}", word=code.word),
        _line(code) + "\n\n" + say("Students name it with the option `code` of `/buy`."),
        tone=Tone.DONE,
    )


def codes(found: Sequence[CodeCard], page: int = 0) -> Reply:
    if not found:
        return Reply(say("No codes"), say("Make one with `/staff code add`."))
    page, pages, shown = of_page(found, page, A_PAGE)
    return Reply(
        say("Codes"),
        "\n".join(f"{_line(code)} · {_uses(code)}" for code in shown),
        rows=[page_keys("codes-page", page, pages)],
        footer=page_note(page, pages),
    )


def _uses(code: CodeCard) -> str:
    """How often it is used, and whether nobody can use it now."""
    used = say_many("used {number} time", "used {number} times", code.used)
    if code.is_over:
        return f"{used} · {say('its time is over')}"
    return f"{used} · {say('used up')}" if code.is_used_up else used


def code_retired(done: CodeRetired) -> Reply:
    return Reply(
        say("{word} is over", word=done.word),
        say("Nobody can use it any more. Checkouts that use it stay as they are."),
        tone=Tone.DONE,
    )


def _line(code: CodeCard) -> str:
    off = f"{code.percent} %" if code.off_minor is None else price(code.off_minor, code.currency or "")
    parts = [f"`{code.word}`", say("{off} off", off=off)]
    if code.mentor_name is not None:
        parts.append(say("with {mentor}", mentor=plain(code.mentor_name)))
    if code.most_uses is not None:
        parts.append(say_many("at most {number} time", "at most {number} times", code.most_uses))
    if code.most_uses_each is not None:
        parts.append(say_many("{number} time each", "{number} times each", code.most_uses_each))
    if code.ends_at is not None:
        parts.append(say("until {until}", until=discord_span(code.ends_at)))
    return " · ".join(parts)
