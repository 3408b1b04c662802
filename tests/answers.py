"""What a use case answered, narrowed for a test."""

from typing import TypeVar

from core.rules.refusals import Reason, Refused

T = TypeVar("T")


def given(answer: T | Refused) -> T:
    """The value, where a refusal would be the test's failure."""
    assert not isinstance(answer, Refused), answer
    return answer


def why(answer: object) -> Reason | None:
    """Why it was refused, if it was."""
    return answer.reason if isinstance(answer, Refused) else None
