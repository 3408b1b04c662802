"""What a student is told before a pack expires, and when it would be false (rule 21)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.rules.due import DueNotice, NoticeFacts, expiry_notices, why_drop
from core.rules.notices import NoticeKind, cycle_at
from core.rules.settings import Settings
from core.rules.states import PackState
from tests.rules.builders import DAY, MOMENT, NOW

EXPIRES_AT = NOW + 60 * DAY
FIRST = DueNotice(NoticeKind.PACK_EXPIRES, EXPIRES_AT - 14 * DAY)
LAST = DueNotice(NoticeKind.PACK_EXPIRES_SOON, EXPIRES_AT - 3 * DAY)
BOTH = (NoticeKind.PACK_EXPIRES, NoticeKind.PACK_EXPIRES_SOON)


@pytest.mark.parametrize(
    ("valid_for", "owed"),
    [
        (14 * DAY + MOMENT, (FIRST, LAST)),
        (14 * DAY, (LAST,)),
        (3 * DAY + MOMENT, (LAST,)),
        (3 * DAY, ()),
        (-DAY, ()),
    ],
)
def test_what_would_be_due_at_once_is_not_owed(valid_for: timedelta, owed: tuple[DueNotice, ...]) -> None:
    assert expiry_notices(EXPIRES_AT, Settings(), EXPIRES_AT - valid_for) == owed


def test_staff_choose_how_long_before_it() -> None:
    settings = Settings(expiry_notice_days=30, expiry_last_notice_days=7)

    assert [notice.due_at for notice in expiry_notices(EXPIRES_AT, settings, NOW)] == [NOW + 30 * DAY, NOW + 53 * DAY]


def a_pack(**changes: Any) -> NoticeFacts:
    """One with two sessions to book, as it is when its notices are due."""
    standing = {
        "cycle": cycle_at(EXPIRES_AT),
        "pack_state": PackState.ACTIVE,
        "pack_available": 2,
        "pack_expires_at": EXPIRES_AT,
        "last_notice_at": LAST.due_at,
    }
    return NoticeFacts(**{**standing, **changes})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"pack_available": 1}, None),
        ({"pack_available": 0}, "nothing of it is left to book"),
        ({"pack_expires_at": EXPIRES_AT + 10 * DAY}, "it expires at another time"),
        ({"pack_expires_at": None}, "it expires at another time"),
        ({"pack_stands_still": True}, "its time stands still"),
        ({"pack_state": PackState.REFUNDED}, "the pack is refunded"),
        ({"pack_state": PackState.DEPLETED}, "the pack is depleted"),
        ({"pack_state": PackState.EXPIRED}, "the pack is expired"),
    ],
)
@pytest.mark.parametrize("kind", BOTH)
def test_it_is_told_while_something_is_lost_at_that_time(
    kind: NoticeKind, changes: dict[str, Any], why: str | None
) -> None:
    assert why_drop(kind, a_pack(**changes), FIRST.due_at) == why


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        (LAST.due_at - MOMENT, None, None),
        (LAST.due_at, "the last notice is due", None),
        (EXPIRES_AT - MOMENT, "the last notice is due", None),
        (EXPIRES_AT, "the last notice is due", "its time is over"),
    ],
)
def test_after_downtime_only_the_last_one_goes_out_and_none_once_the_time_is_over(
    now: datetime, first: str | None, last: str | None
) -> None:
    assert (
        why_drop(NoticeKind.PACK_EXPIRES, a_pack(), now),
        why_drop(NoticeKind.PACK_EXPIRES_SOON, a_pack(), now),
    ) == (
        first,
        last,
    )


def test_a_pack_that_owes_no_last_notice_is_told_by_the_first_until_its_end() -> None:
    alone = a_pack(last_notice_at=None)

    assert why_drop(NoticeKind.PACK_EXPIRES, alone, EXPIRES_AT - MOMENT) is None
    assert why_drop(NoticeKind.PACK_EXPIRES, alone, EXPIRES_AT) == "its time is over"
