"""Several packs of a pair could be meant: which they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.rules.balance import Pack


@dataclass(frozen=True, slots=True)
class PackChoice:
    pack_id: int
    remaining: int
    total: int
    held: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ChoosePack:
    """The packs to choose from, the one that expires first before the others."""

    seat_id: int
    student_name: str
    mentor_name: str
    reason: str
    packs: tuple[PackChoice, ...]


def choices_of(packs: Iterable[Pack]) -> tuple[PackChoice, ...]:
    by_expiry = sorted(packs, key=lambda pack: (pack.expires_at, pack.id))
    return tuple(PackChoice(each.id, each.remaining, each.total, each.held, each.expires_at) for each in by_expiry)
