"""One suggestion while somebody types."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """A row by its id, and the words that it is shown and found by."""

    id: int
    label: str
