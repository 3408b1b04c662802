"""What people saw, in plain words: messages as delivered, timestamps as each reader's Discord would show them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import discord
from simcord.results import ResponseMessage

_TIMESTAMP = re.compile(r"<t:(-?[0-9]+):([tTdDfFR])>")
_MENTION = re.compile(r"<@([0-9]+)>")
_MARKDOWN = re.compile(r"\*\*|\\(?=\W)")
_TAGS = re.compile(r"<[^>]+>")
_HREF = re.compile(r'<a class="main" href="([^"]+)"')
_FORMATS = {"t": "%H:%M", "T": "%H:%M:%S", "d": "%d/%m/%Y", "D": "%-d %B %Y"}
_FULL = "%a %-d %b %Y %H:%M"


@dataclass(frozen=True, slots=True)
class Pressable:
    """A button or a select under a message."""

    label: str
    custom_id: str = ""
    url: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """One message or page, as its reader sees it."""

    title: str
    text: str
    pressables: Sequence[Pressable] = ()
    source: discord.Message | ResponseMessage | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        labels = " ".join(f"[{each.label}]" for each in self.pressables)
        return " ".join(part for part in (f"“{self.title}”", self.text, labels) if part)

    def find(self, start: str) -> Pressable | None:
        """What can be pressed whose label or custom_id begins so."""
        return next(
            (each for each in self.pressables if each.label.startswith(start) or each.custom_id.startswith(start)), None
        )


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose eyes: their zone, the present instant, and the names of those who may be mentioned."""

    zone: str
    now: datetime
    names: Mapping[int, str]

    def message(self, message: discord.Message | ResponseMessage) -> Seen:
        components: list[Any] = list(message.components)
        if isinstance(message, discord.Message):
            components = [each.to_dict() for each in components]
        embed = message.embeds[0] if message.embeds else discord.Embed(title=message.content)
        beside = message.content if message.embeds else ""
        parts = [beside, embed.description, *(f"{each.name}: {each.value}" for each in embed.fields), embed.footer.text]
        text = " ".join(self._plain(part) for part in parts if part)
        return Seen(self._plain(embed.title or ""), text, tuple(_pressables(components)), message)

    def _plain(self, text: str) -> str:
        text = _TIMESTAMP.sub(lambda found: self._time(int(found[1]), found[2]), text)
        text = _MENTION.sub(lambda found: f"@{self.names.get(int(found[1]), found[1])}", text)
        return " ".join(_MARKDOWN.sub("", text).split())

    def _time(self, seconds: int, style: str) -> str:
        at = datetime.fromtimestamp(seconds, UTC)
        if style == "R":
            return far(at - self.now)
        return at.astimezone(ZoneInfo(self.zone)).strftime(_FORMATS.get(style, _FULL))


def page_of(html: str) -> Seen:
    """A page of the web server: its title, its text, and where its main link leads."""
    main = html.partition("<main>")[2].partition("</main>")[0]
    title, _, rest = main.partition("</h1>")
    body = rest.partition("<nav>")[0]
    link = _HREF.search(main)
    pressables = (Pressable("Pay", url=unescape(link[1])),) if link else ()
    return Seen(_words(title), _words(body), pressables)


def _words(html: str) -> str:
    return unescape(" ".join(_TAGS.sub(" ", html).split()))


def _pressables(rows: Iterable[Mapping[str, Any]]) -> Iterator[Pressable]:
    for row in rows:
        for each in row.get("components", ()):
            values = tuple(option["value"] for option in each.get("options", ()))
            label = each.get("label") or each.get("placeholder") or ""
            yield Pressable(label, each.get("custom_id") or "", each.get("url") or "", values)


def far(away: timedelta) -> str:
    """How far away, as people say it."""
    ago = away < timedelta()
    away = abs(away)
    for unit, size in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if away >= size:
            number = round(away / size)
            words = f"{number} {unit}{'' if number == 1 else 's'}"
            return f"{words} ago" if ago else f"in {words}"
    return "just now"
