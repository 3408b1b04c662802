from core.rules.notices import Audience, NoticeKind, Subject, audience_of, subject_of


def test_student_mentor_and_staff_are_each_told_of_a_release() -> None:
    kinds = (NoticeKind.SEAT_RELEASED, NoticeKind.SEAT_RELEASED_MENTOR, NoticeKind.SEAT_RELEASED_STAFF)

    assert [audience_of(kind) for kind in kinds] == [Audience.STUDENT, Audience.MENTOR, Audience.STAFF]
    assert {subject_of(kind) for kind in kinds} == {Subject.SEAT}


def test_the_mentor_is_asked_for_the_outcome_and_the_student_is_told_of_it() -> None:
    assert audience_of(NoticeKind.OUTCOME_PROMPT) is Audience.MENTOR
    assert audience_of(NoticeKind.SESSION_COMPLETED) is Audience.STUDENT
