"""Every kind of notice has its text, and every text fits into what Discord takes."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.db.people import SETTINGS_IN_DISCORD
from core.notices.community import COMMUNITY, MENTORS
from core.notices.disputes import DISPUTES
from core.notices.facts import (
    AdjustmentFacts,
    ByHand,
    CommunityFacts,
    DisputeFacts,
    Facts,
    MentorFacts,
    Money,
    OrderFacts,
    PackFacts,
    Pair,
    Person,
    RefundFacts,
    SeatFacts,
    SessionFacts,
)
from core.notices.money import MONEY
from core.notices.packs import ADJUSTMENTS, PACKS
from core.notices.rendering import for_staff, render
from core.notices.seats import SEATS
from core.notices.sessions import SESSIONS
from core.ports import Message
from core.rules.notices import Audience, NoticeKind, Subject, audience_of, subject_of
from core.rules.states import OrderState, PackState, RefundState, SeatState, SessionState
from core.texts.language import languages, reader
from tests.clocks import NOW

_LONGEST_ID = 2**63 - 1
_LONGEST = Pair(student=Person(_LONGEST_ID, "*" * 100), mentor=Person(_LONGEST_ID, "_" * 100), mentor_id=_LONGEST_ID)
_SHORT = Pair(student=Person(1, "Stu"), mentor=Person(2, "Mara"), mentor_id=2)
_CHANGE = ByHand(by=Person(3, "Sam"), why="The stream broke", figures={"before": 3, "after": 2})
_LONGEST_CHANGE = ByHand(by=Person(_LONGEST_ID, "#" * 100), why="*" * 500, figures={"before": 100, "after": 99})

_SEAT = SeatFacts(
    pair=_SHORT,
    seat_id=11,
    state=SeatState.GRACE,
    grace_ends_at=NOW + timedelta(hours=72),
    grace_number=1,
    purchases=1,
    remaining=1,
    expires_at=NOW + timedelta(days=30),
    capacity=5,
    occupied=3,
    change=_CHANGE,
)
_SESSION = SessionFacts(
    pair=_SHORT,
    session_id=12,
    state=SessionState.COMPLETED,
    starts_at=NOW,
    ends_at=NOW + timedelta(hours=1),
    number=3,
    total=4,
    remaining=1,
    available=1,
    expires_at=NOW + timedelta(days=30),
)
_ORDER = OrderFacts(
    pair=_SHORT,
    order_id=13,
    state=OrderState.FULFILLED,
    product_name="Four sessions",
    sessions=4,
    due_minor=20_000,
    currency="EUR",
    seat_state=SeatState.ACTIVE,
    remaining=4,
    expires_at=NOW + timedelta(days=60),
    capacity=5,
    occupied=6,
    provider="stripe",
    paid=Money(amount_minor=20_100, currency="EUR", ref="pi_1"),
    refund=RefundFacts(
        amount_minor=20_000,
        state=RefundState.FAILED,
        sessions=3,
        error="the charge is disputed",
        change=_CHANGE,
    ),
)
_PACK = PackFacts(
    pair=_SHORT,
    pack_id=14,
    state=PackState.ACTIVE,
    total=4,
    pack_remaining=2,
    held=1,
    remaining=2,
    expires_at=NOW + timedelta(days=60),
    change=_CHANGE,
)
_ADJUSTMENT = AdjustmentFacts(
    pair=_SHORT,
    adjustment_id=15,
    delta=-1,
    expected=3,
    total=4,
    remaining=3,
    reason="We met on the phone",
    answer=None,
)
_MENTOR = MentorFacts(mentor=_SHORT.mentor, mentor_id=2, students=3)
_COMMUNITY = CommunityFacts(
    community_id=1, missing=SETTINGS_IN_DISCORD, away_since=NOW, mentors=2, event=("stripe", "*" * 255)
)
_DISPUTE = DisputeFacts(
    pair=_SHORT,
    dispute_id=16,
    order_id=13,
    product_name="Four sessions",
    amount_minor=20_000,
    currency="EUR",
    lost_minor=20_000,
    payment_ref="pi_1",
    provider="stripe",
    reason="fraudulent",
    outcome=None,
    answer_by=NOW + timedelta(days=9),
    remaining=3,
    frozen=True,
)
_BY_SUBJECT: dict[Subject, Facts] = {
    Subject.SEAT: _SEAT,
    Subject.SESSION: _SESSION,
    Subject.ORDER: _ORDER,
    Subject.PACK: _PACK,
    Subject.ADJUSTMENT: _ADJUSTMENT,
    Subject.MENTOR: _MENTOR,
    Subject.COMMUNITY: _COMMUNITY,
    Subject.DISPUTE: _DISPUTE,
}


def about(kind: NoticeKind, pair: Pair) -> Facts:
    """What a notice of this kind is about, with these people in it."""
    match facts := _BY_SUBJECT[subject_of(kind)]:
        case MentorFacts():
            return replace(facts, mentor=pair.mentor)
        case CommunityFacts():
            return facts
        case _:
            return replace(facts, pair=pair)


STAFF_GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "staff.md").read_text("utf-8")
_ACTIONS = {
    "evidence",
    "book",
    "renew",
    "complete",
    "schedule",
    "adjust-yes",
    "adjust-no",
    "noshow",
    "not-held",
    "cancel",
    "waive",
}


def test_every_kind_has_one_text_under_its_own_subject() -> None:
    by_subject = {
        Subject.SEAT: SEATS,
        Subject.SESSION: SESSIONS,
        Subject.ORDER: MONEY,
        Subject.PACK: PACKS,
        Subject.ADJUSTMENT: ADJUSTMENTS,
        Subject.MENTOR: MENTORS,
        Subject.COMMUNITY: COMMUNITY,
        Subject.DISPUTE: DISPUTES,
    }

    assert set(by_subject) == set(Subject)
    for subject, texts in by_subject.items():
        assert set(texts) == {kind for kind in NoticeKind if subject_of(kind) is subject}


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_text_fits_into_discords_limits_with_the_longest_names(kind: NoticeKind, language: str) -> None:
    facts = about(kind, _LONGEST)
    if isinstance(facts, OrderFacts):
        longest = Money(amount_minor=999_999_999_999, currency="KWD", ref="*" * 255)
        refund = RefundFacts(
            amount_minor=999_999_999_999, state=RefundState.FAILED, error="*" * 5000, change=_LONGEST_CHANGE
        )
        facts = replace(facts, product_name="#" * 100, paid=longest, refund=refund)
    if isinstance(facts, SeatFacts | PackFacts | SessionFacts):
        facts = replace(facts, change=_LONGEST_CHANGE)
    if isinstance(facts, DisputeFacts):
        facts = replace(facts, amount_minor=10**15, lost_minor=10**15, payment_ref="*" * 255, reason="_" * 100)
        facts = replace(facts, product_name="#" * 100)
    if isinstance(facts, AdjustmentFacts):
        facts = replace(facts, reason="*" * 500)

    with reader(language):
        message = render(kind, facts)

    assert 0 < len(message.title) <= 256
    assert 0 < len(message.text) <= 4096
    assert len(message.buttons) <= 5
    assert all(0 < len(button.label) <= 80 for button in message.buttons)


def _length(message: Message) -> int:
    return len(message.text)


@pytest.mark.parametrize("kind", NoticeKind)
def test_what_could_not_be_delivered_fits_when_staff_are_told_of_it(kind: NoticeKind) -> None:
    message = render(kind, about(kind, _LONGEST))

    told = max((for_staff(_LONGEST.student, message, is_gone=each) for each in (True, False)), key=_length)

    assert len(told.title) <= 256
    assert len(told.text) <= 4096
    assert message.text.splitlines()[0][:200] in told.text
    assert not told.buttons


@pytest.mark.parametrize("kind", NoticeKind)
def test_buttons_name_known_actions_and_the_row_that_they_act_on(kind: NoticeKind) -> None:
    message = render(kind, _BY_SUBJECT[subject_of(kind)])

    rows = {"book": _SHORT.mentor_id, "renew": _SHORT.mentor_id, "complete": _SESSION.session_id, "schedule": 0}
    rows |= dict.fromkeys(["adjust-yes", "adjust-no"], _ADJUSTMENT.adjustment_id)
    rows["evidence"] = _DISPUTE.dispute_id
    rows |= dict.fromkeys(["noshow", "not-held", "cancel", "waive"], _SESSION.session_id)
    assert [(button.action, button.subject_id) for button in message.buttons] == [
        (button.action, rows[button.action]) for button in message.buttons
    ]
    assert {button.action for button in message.buttons} <= _ACTIONS


@pytest.mark.parametrize("kind", [kind for kind in NoticeKind if audience_of(kind) is Audience.STAFF])
def test_staff_are_told_facts_and_given_no_buttons_of_a_student(kind: NoticeKind) -> None:
    buttons = render(kind, _BY_SUBJECT[subject_of(kind)]).buttons

    assert [button.action for button in buttons] == (["evidence"] if kind is NoticeKind.DISPUTED_STAFF else [])


@pytest.mark.parametrize("kind", NoticeKind)
def test_no_number_of_hours_or_days_stands_in_prose(kind: NoticeKind) -> None:
    message = render(kind, _BY_SUBJECT[subject_of(kind)])

    assert not re.search(r"\d+\s*(h\b|hours?|days?|minutes?)", f"{message.title} {message.text}")


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_name_neither_mentions_nor_formats(kind: NoticeKind) -> None:
    sly = Pair(student=Person(1, "@everyone **x**"), mentor=Person(2, "[free](https://x.y)"), mentor_id=2)

    message = render(kind, about(kind, sly))

    said = f"{message.title}\n{message.text}"
    assert "@everyone" not in said.replace("\\@", "")
    assert "](https" not in said


def test_when_grace_begins_the_student_learns_until_when_and_can_renew() -> None:
    message = render(NoticeKind.GRACE_BEGAN, _SEAT)

    end = int((NOW + timedelta(hours=72)).timestamp())
    assert message.title == "No sessions left with Mara"
    assert f"<t:{end}:F> (<t:{end}:R>)" in message.text
    assert [button.label for button in message.buttons] == ["Renew"]


def test_a_completed_session_says_what_is_left_and_offers_the_next() -> None:
    message = render(NoticeKind.SESSION_COMPLETED, _SESSION)

    assert "Session 3 of 4 with **Mara** is marked as complete" in message.text
    assert "You have 1 session left." in message.text
    assert [button.action for button in message.buttons] == ["book"]


def test_after_the_last_session_its_text_offers_renewal() -> None:
    message = render(NoticeKind.SESSION_COMPLETED, replace(_SESSION, remaining=0, available=0))

    assert "You have no sessions left." in message.text
    assert [button.action for button in message.buttons] == ["renew"]


def test_when_all_that_is_left_is_booked_the_schedule_is_offered() -> None:
    message = render(NoticeKind.SESSION_COMPLETED, replace(_SESSION, remaining=2, available=0))

    assert [button.action for button in message.buttons] == ["schedule"]


def test_a_missed_session_says_that_it_was_missed() -> None:
    message = render(NoticeKind.SESSION_COMPLETED, replace(_SESSION, state=SessionState.NO_SHOW))

    assert message.title.startswith("Missed")
    assert "did not come" in message.text


def test_a_failed_payment_says_whether_the_seat_was_given_back() -> None:
    held = render(NoticeKind.PAYMENT_FAILED, replace(_ORDER, seat_state=None))
    renewal = render(NoticeKind.PAYMENT_FAILED, _ORDER)

    assert "free again" in held.text
    assert "free again" not in renewal.text


def test_a_payment_that_does_not_agree_shows_staff_both_amounts() -> None:
    message = render(NoticeKind.PAYMENT_PARKED_STAFF, _ORDER)

    assert "€201.00" in message.text
    assert "€200.00" in message.text
    assert "Order 13" in message.text


def test_money_that_staff_must_see_to_is_told_with_the_command_that_lists_it() -> None:
    late = render(NoticeKind.PAYMENT_LATE_STAFF, _ORDER).text
    given_up = render(NoticeKind.NEWS_GIVEN_UP_STAFF, _ORDER).text

    assert "`/staff tasks`" in late
    assert "€200.00" in late
    assert "`/staff failures`" in given_up
    assert all("Order 13" in each for each in (late, given_up))


def test_a_seat_that_is_not_in_grace_has_no_end_to_announce() -> None:
    with pytest.raises(ValueError, match="not in grace"):
        render(NoticeKind.GRACE_BEGAN, replace(_SEAT, grace_ends_at=None))


def test_what_staff_and_mentors_change_by_hand_is_told_with_the_reason_and_figures() -> None:
    adjusted = render(NoticeKind.PACK_ADJUSTED, _PACK).text
    released = render(NoticeKind.STAFF_RELEASED, _SEAT).text

    assert "**Sam** changed what is left of your pack with **Mara**: it was 3 of 4, and is 2 now." in adjusted
    assert "Why: The stream broke" in adjusted
    assert "What you have left stays yours: 1 session." in released
    assert "stands still" not in render(NoticeKind.STAFF_RELEASED, replace(_SEAT, remaining=0)).text
    assert [button.action for button in render(NoticeKind.PACK_ADJUSTED, replace(_PACK, remaining=0)).buttons] == [
        "renew"
    ]


@pytest.mark.parametrize("kind", [*PACKS, *SEATS])
def test_a_text_does_without_the_reason_that_history_does_not_have(kind: NoticeKind) -> None:
    facts: Facts = replace(_PACK, change=None) if kind in PACKS else replace(_SEAT, change=None)

    assert "Why:" not in render(kind, facts).text


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("accepted", "2 of 4 are left instead of 3"),
        ("declined", "Nothing was changed."),
        ("outdated", "nothing was taken off"),
    ],
)
def test_a_mentor_hears_what_the_student_answered(answer: str, said: str) -> None:
    assert said in render(NoticeKind.ADJUSTMENT_ANSWERED, replace(_ADJUSTMENT, answer=answer)).text


_ABOUT_MONEY = [*MONEY, *DISPUTES, *(kind for kind in NoticeKind if kind.value.startswith("refund_released"))]


@pytest.mark.parametrize("kind", [kind for kind in _ABOUT_MONEY if kind is not NoticeKind.ABOVE_CAPACITY_STAFF])
def test_what_people_read_of_money_stands_in_the_guide_for_staff(kind: NoticeKind) -> None:
    told = STAFF_GUIDE.partition("### What each message about money means")[2].partition("\n#")[0]
    rows = [[cell.strip() for cell in row.split("|")[1:3]] for row in told.splitlines() if row.startswith("| ")]
    title = render(kind, _BY_SUBJECT[subject_of(kind)]).title

    readers = {
        who
        for said, who in rows
        for quote in said.split(" / ")
        if re.fullmatch(".+".join(re.escape(each) for each in quote.split("…")), title)
    }

    assert audience_of(kind).value in readers
