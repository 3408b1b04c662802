import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.hours import WeeklyHours, parse_hours, say_hours, tidied
from core.rules.refusals import Reason, Refused

EVENINGS = tuple(WeeklyHours(day, 17 * 60, 21 * 60) for day in range(5))
SATURDAY = WeeklyHours(5, 10 * 60, 12 * 60)


@pytest.mark.parametrize(
    "text",
    [
        "Mon-Fri 17:00-21:00, Sat 10-12",
        "mon-fri 17-21 sat 10:00-12:00",
        "Monday – Friday: 17:00–21:00; Saturday: 10 – 12",
        "MON—FRI 17.00—21.00\nSAT 10.00—12.00\n",
        "Sat 10-12, Mon, Tue, Wed, Thu, Fri 17-21",
        "Mon-Wed, Thurs-Fri 17-21; Sat 10-11, 11-12",
        ", Mon-Fri 17-19 19-21,, Sat 10-12 ;",
    ],
)
def test_hours_are_read_as_people_write_them(text: str) -> None:
    assert parse_hours(text) == (*EVENINGS, SATURDAY)


def test_hours_are_said_so_that_people_read_them() -> None:
    assert say_hours([SATURDAY, *EVENINGS]) == "Mon–Fri 17:00–21:00, Sat 10:00–12:00"


def test_two_times_of_a_day_are_said_after_each_other() -> None:
    hours = [WeeklyHours(0, 540, 720), WeeklyHours(0, 840, 1080), WeeklyHours(2, 540, 720)]

    assert say_hours(hours) == "Mon 09:00–12:00 14:00–18:00, Wed 09:00–12:00"


def test_no_hours_are_said_as_nothing() -> None:
    assert say_hours([]) == ""


def test_midnight_is_an_end() -> None:
    assert parse_hours("Fri 20-24:00") == (WeeklyHours(4, 1200, 1440),)
    assert parse_hours("Fri 20-0:00") == (WeeklyHours(4, 1200, 1440),)
    assert parse_hours("Fri 00:00-24:00") == (WeeklyHours(4, 0, 1440),)


def test_a_night_goes_on_on_the_next_day() -> None:
    assert parse_hours("Fri 22:00-02:00") == (WeeklyHours(4, 1320, 1440), WeeklyHours(5, 0, 120))


def test_the_night_of_sunday_goes_on_on_monday() -> None:
    assert parse_hours("Sun 22-2") == (WeeklyHours(0, 0, 120), WeeklyHours(6, 1320, 1440))


def test_days_may_go_over_the_end_of_the_week() -> None:
    assert parse_hours("Sat-Mon 9-10") == tuple(WeeklyHours(day, 540, 600) for day in (0, 5, 6))


def test_hours_that_overlap_become_one() -> None:
    assert parse_hours("Mon 9-12, Mon 11-14, Mon 14-15, Mon 10-11") == (WeeklyHours(0, 540, 900),)


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("", ""),
        (" , ", ""),
        ("whenever", "whenever"),
        ("Mon", "mon"),
        ("Mon 9-12, Tue", "tue"),
        ("9-12", "9-12"),
        ("Mon 9", "9"),
        ("Mon 9-12, Tue 24:00-02:00", "24:00-02:00"),
        ("Mon 9-25", "9-25"),
        ("Mon 9-24:01", "9-24:01"),
        ("Mon 9:60-11", "9:60-11"),
        ("Mon 9-10:75", "9-10:75"),
        ("Mon 9-9", "9-9"),
        ("Mon 9-12 - 14", "9-12-14"),
        ("Mo 9-12", "mo"),
        ("Mon-Nev 9-12", "mon-nev"),
        ("Mondays 9-12", "mondays"),
        ("Mon 9am-5pm", "9am-5pm"),
        ("Mon ٩-١٢", "٩-١٢"),
        ("Mon 9-12 <@123>", "<@123>"),
        ("x" * 5000, "x" * 40),
    ],
)
def test_a_piece_that_says_nothing_is_named(text: str, piece: str) -> None:
    assert parse_hours(text) == Refused(Reason.BAD_HOURS, (("piece", piece),))


WEEKS = st.lists(
    st.builds(
        lambda day, bounds: WeeklyHours(day, min(bounds), max(bounds)),
        st.integers(0, 6),
        st.tuples(st.integers(0, 1440), st.integers(0, 1440)).filter(lambda bounds: bounds[0] != bounds[1]),
    ),
    min_size=1,
    max_size=20,
)


@given(WEEKS)
def test_what_is_said_is_read_as_the_same_hours(week: list[WeeklyHours]) -> None:
    assert parse_hours(say_hours(week)) == tidied(week)


@given(st.text(alphabet="montuefris 0123456789:-–,;\n", max_size=60))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    answer = parse_hours(text)

    assert isinstance(answer, Refused) or parse_hours(say_hours(answer)) == answer
