"""A sentence with facts in it, as the refusals have them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counted:
    """A sentence in the form that a number among its facts asks for; `by` names that fact."""

    one: str
    many: str
    by: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said without any facts, and what is said with them: the first for which all are there."""

    without: str
    told: Sequence[str | Counted] = ()

    @property
    def forms(self) -> Sequence[str]:
        """All that may be said."""
        told = ((each.one, each.many) if isinstance(each, Counted) else (each,) for each in self.told)
        return (self.without, *(form for forms in told for form in forms))
