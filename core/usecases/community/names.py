"""What staff type in, brought within its bounds or refused."""

from core.rules.refusals import Reason, Refused, refuse
from core.texts.language import visible

LONGEST_NAME = 100


def tidy_name(text: str) -> str | Refused:
    """The name on one line, of what can be seen; some name there must be, and no longer than its column."""
    name = " ".join(visible(" ".join(text.split())).split())
    if not 0 < len(name) <= LONGEST_NAME:
        return refuse(Reason.BAD_NAME, most=LONGEST_NAME)
    return name


def why_not_number(field: str, number: int, least: int, most: int) -> Refused | None:
    """Why the field cannot be this number."""
    if least <= number <= most:
        return None
    return refuse(Reason.BAD_NUMBER, field=field, number=number, least=least, most=most)
