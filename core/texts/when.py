"""Instants as readers see them: Discord's own timestamps, which each reader's client shows in their zone (rule 18)."""

from datetime import datetime


def discord_time(at: datetime, style: str = "F") -> str:
    """The instant as Discord shows it; `F` date and time, `f` shorter, `d` the date, `t` the time, `R` how far away."""
    return f"<t:{int(at.timestamp())}:{style}>"


def discord_span(at: datetime) -> str:
    """The instant, and how far away it is."""
    return f"{discord_time(at)} ({discord_time(at, 'R')})"


def zone_words(zone: str) -> str:
    """The zone's IANA name as people read it: 'America/New York', 'UTC'."""
    return zone.removeprefix("Etc/").replace("_", " ")
