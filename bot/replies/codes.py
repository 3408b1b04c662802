"""Codes as staff see them."""

from collections.abc import Sequence

from bot.replies.reply import Reply, Tone
from core.texts.language import plain, say, say_many
from core.texts.prices import price
from core.texts.when import discord_span
from core.usecases.codes.add_code import CodeCard
from core.usecases.codes.codes import CodeRetired

_MOST_LINES = 30  # an embed's text ends at 4,096 characters


def code_added(code: CodeCard) -> Reply:
    return Reply(
        say("New code: {word}", word=code.word),
        _line(code) + "\n\n" + say("Students name it with the option `code` of `/buy`."),
        tone=Tone.DONE,
    )


def codes(found: Sequence[CodeCard]) -> Reply:
    if not found:
        return Reply(say("No codes"), say("Make one with `/staff code add`."))
    lines = [
        f"{_line(code)} · " + say_many("used {number} time", "used {number} times", code.used)
        for code in found[:_MOST_LINES]
    ]
    if len(found) > _MOST_LINES:
        lines.append(say("… and {number} more.", number=len(found) - _MOST_LINES))
    return Reply(say("Codes"), "\n".join(lines))


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
