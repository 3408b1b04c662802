"""A code's word as it is kept: whoever types it in small letters, or with blanks around it, means the same."""

import re

_WORD = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,39}")


def tidy_word(typed: str) -> str | None:
    """The word in capitals, or None if no code is written so."""
    word = typed.strip().upper()
    return word if _WORD.fullmatch(word) else None
