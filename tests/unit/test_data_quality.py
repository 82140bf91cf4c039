"""data_quality: a source that has stopped, and a learner whose records are mostly rejected."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from domain.configuration import Configuration, configured
from domain.events.decode import REASONS
from domain.ids import partition_of
from domain.rules.data_quality import (
    RULE,
    DataQuality,
    longest_pause,
    rejected_of,
    stopped_at,
    verdict_of,
)
from domain.state.limits import SENDERS_MAX, SOURCE_DAYS, VERDICTS_MAX
from domain.state.quality import Quality
from domain.stored import codec
from tests.factories import USER, Bench, at, graded, record, seconds, started_again, viewed

DAY: Final = 86_400
WORKDAYS: Final = [day for day in range(28) if day % 7 < 5]  # it starts on a Monday
BAD: Final = b"no JSON"


def configuration(**thresholds: Any) -> Configuration:
    return configured({"data_quality": thresholds})


def source(days: Iterable[float], **given: Any) -> Bench:
    """A partition with an event on each of these days, at nine."""
    return Bench(**given).send(*[viewed(at(day)) for day in days])


def due_at(bench: Bench) -> int | None:
    """When the silence is too long, whatever learners' timers there are."""
    return bench.fold._watch.due_at()


def told(bench: Bench) -> list[tuple[str, int, datetime]]:
    """Kind, revision and time of each transition."""
    return [(t.kind, t.revision, datetime.fromtimestamp(t.at, UTC)) for t in bench.about_data]


# -- the source has stopped ----------------------------------------------------------------------


def test_two_days_of_silence_are_too_long_for_a_source_that_never_rests() -> None:
    bench = source(range(8))
    due = at(9)
    assert due_at(bench) == seconds(due)
    assert told(bench.tick(due)) == [], "what comes at that very moment comes before it"
    assert told(bench.tick(due + timedelta(seconds=1))) == [("raised", 1, due)]
    (raised,) = bench.about_data
    assert (raised.user_id, raised.about, raised.severity) == ("", "partition:0", "high")
    assert (raised.audience, raised.type) == (("operator",), "system")
    assert raised.expires_at == seconds(due + timedelta(days=30))
    assert raised.params == {"partition": "0", "since": "2024-03-11 09:00 UTC"}
    assert {t.category for t in bench.published} == {"streak_milestone"}


def test_it_is_raised_once_and_ended_by_the_next_accepted_event() -> None:
    bench = source(range(8)).tick(at(9, 1)).tick(at(9, 2)).tick(at(10))
    assert due_at(bench) is None
    bench.send(viewed(at(10, 5)), viewed(at(10, 6)))
    assert told(bench) == [("raised", 1, at(9)), ("resolved", 2, at(10, 5))]
    raised, resolved = bench.about_data
    assert (resolved.resolution, resolved.resolved_at) == ("cleared", seconds(at(10, 5)))
    assert resolved.alert_id == raised.alert_id
    assert resolved.message_code is None
    assert bench.fold.checkpoint.quality.stopped is None
    assert due_at(bench) == seconds(at(14, 6)), "a pause of two days was usual from now on"


def test_without_a_tick_the_next_event_finds_the_same_alert() -> None:
    ticked = source(range(8)).tick(at(9, 1)).tick(at(9, 9)).send(viewed(at(11)))
    found = source([*range(8), 11])
    assert found.about_data == ticked.about_data
    assert len(found.about_data) == 2


def test_a_rejected_record_ends_no_silence_and_is_counted() -> None:
    bench = source(range(8))
    bench.send(record(BAD, arrived=at(8, 1)), record(BAD, arrived=at(9)))
    assert told(bench) == []
    bench.send(record(BAD, arrived=at(9, 1)), record(BAD, arrived=at(9, 2)))
    (raised,) = bench.about_data
    assert raised.message_code == "alert.data_quality.silent_rejected"
    assert raised.params["rejected"] == 2, "those that came until it was raised"
    assert bench.tick(at(9, 3)).about_data == [raised]


def test_a_repeated_event_shows_that_the_source_sends() -> None:
    bench = source(range(8))
    bench.send(record(viewed(at(7)), arrived=at(8, 20))).tick(at(9, 1))
    assert bench.fold.checkpoint.counters.duplicates == 1
    assert told(bench) == []


@pytest.mark.parametrize(("days", "known"), [(6, False), (7, True)])
def test_what_is_usual_is_known_from_seven_days_with_events_on(days: int, *, known: bool) -> None:
    bench = source(range(days)).tick(at(20))
    assert (bench.about_data != []) is known


def test_more_events_of_a_day_count_once() -> None:
    bench = source([n / 100 for n in range(20)]).tick(at(20))
    assert bench.fold.checkpoint.quality.days == 1
    assert told(bench) == []


def test_nothing_ever_came_so_nothing_has_stopped() -> None:
    bench = Bench().tick(at(100)).send(record(BAD, arrived=at(120)))
    assert due_at(bench) is None
    assert bench.about_data == []


def test_days_are_forgotten_after_four_weeks() -> None:
    bench = source(range(7)).send(viewed(at(6 + SOURCE_DAYS - 1)))
    assert bench.fold.checkpoint.quality.days == 1 << SOURCE_DAYS - 1 | 1
    bench.send(viewed(at(6 + SOURCE_DAYS)))
    assert bench.fold.checkpoint.quality.days == 3
    bench.send(viewed(at(6 + 3 * SOURCE_DAYS)))
    assert bench.fold.checkpoint.quality.days == 1


def quality(days: Iterable[int], hour: int = 9) -> Quality:
    """What is kept after a record on each of these days; the last one is at this hour."""
    given = list(days)
    last = at(given[-1], hour - 9)
    return Quality(seconds(last), sum(1 << given[-1] - day for day in given))


RULE_OF: Final = DataQuality()


@pytest.mark.parametrize(
    ("days", "due"),
    [
        (range(14), at(15)),  # never rests
        (WORKDAYS[:10], at(15)),  # Friday; hours of the weekend do not count
        ([*WORKDAYS[:10], 14], at(16)),  # Monday
        ([*WORKDAYS[:10], 13], at(16)),  # a Sunday, so the one before was a pause of a day
        ([day for day in range(14) if day % 7 != 6], at(15)),  # Sundays; from a Saturday on
        ([day for day in range(20) if day not in {4, 5}], at(23)),  # a long pause of 2 days
        (range(0, 28, 7), None),  # four days are too few
        ([*range(0, 28, 7), *range(1, 28, 7)], at(29)),  # Mondays and Tuesdays: counted like any
    ],
)
def test_what_is_usual_is_what_the_partition_did(days: Iterable[int], due: datetime | None) -> None:
    expected = None if due is None else seconds(due)
    assert stopped_at(quality(days), RULE_OF) == expected


def test_the_rest_of_a_day_counts_and_none_of_a_day_of_rest() -> None:
    """Friday at 23 h: an hour of it, Monday whole, 23 h of Tuesday."""
    assert stopped_at(quality(WORKDAYS[:10], hour=23), RULE_OF) == seconds(at(15, 14))
    assert stopped_at(quality(WORKDAYS[:10], hour=0), RULE_OF) == seconds(at(14, 15)), "midnight"
    thursday = quality(WORKDAYS[:9], hour=0)
    assert stopped_at(thursday, RULE_OF) == seconds(at(11, 15)), "with the end of Friday"


@pytest.mark.parametrize(
    ("days", "longest"),
    [
        (range(28), 0),
        (WORKDAYS, 0),
        ([0, 1, 2, 3, 10], 3),  # Monday to Thursday, Thursday: its Monday to Wednesday count
        ([0, 2, 4, 6, 8, 10], 1),
        ([5], 0),
        (range(10, 28), 0),  # before the first one it may not have been there
    ],
)
def test_the_longest_pause_is_between_records_on_usual_days(
    days: Iterable[int], longest: int
) -> None:
    assert longest_pause(quality(days).days) == longest


@pytest.mark.long
def test_no_pattern_that_goes_on_is_ever_too_silent() -> None:
    """Each of the 127 weekly patterns, at the worst hours: late to stop, early to come again."""
    for number in range(1, 128):
        pattern = [day for day in range(7) if number >> day & 1]
        days = [7 * week + day for week in range(12) for day in pattern]
        moments = [at(day, (14 if n % 2 else -9)) for n, day in enumerate(days)]
        bench = Bench().send(*[viewed(when, f"p{n}") for n, when in enumerate(moments)])
        assert bench.about_data == [], pattern


def test_the_clock_of_a_stream_sees_no_source_stop() -> None:
    bench = source(range(8), clock="stream").send(viewed(at(60)))
    assert due_at(bench) is None
    assert bench.about_data == []
    assert bench.fold.checkpoint.quality == Quality()


def test_a_tick_may_come_before_a_record_that_shows_that_it_was_not_so() -> None:
    """The record was in the log, and had not been read."""
    bench = source(range(8)).tick(at(9, 1)).send(viewed(at(8, 23)))
    assert told(bench) == [("raised", 1, at(9)), ("resolved", 2, at(9))]
    assert bench.about_data[-1].resolution == "corrected"
    assert due_at(bench) == seconds(at(11, 23)), "a day later: there was a pause of one"


def test_a_record_of_the_day_of_the_last_one_corrects_it_too() -> None:
    """Also for another process, which has only what is stored."""
    for again in (lambda bench: bench, started_again):
        bench = again(source(range(8)).tick(at(9, 1))).send(viewed(at(7, 1)))
        assert [t.resolution for t in bench.about_data] == [None, "corrected"]


def test_a_record_that_is_no_later_than_the_last_one_moves_nothing() -> None:
    bench = source(range(8))
    before = bench.fold.checkpoint.quality.days
    bench.send(record(viewed(at(5, 0, 5), "p2"), arrived=at(6)))
    assert bench.letters == []
    assert (bench.fold.checkpoint.quality.last_at, before) == (seconds(at(7)), 255)
    assert bench.fold.checkpoint.quality.days == before


def test_a_silence_that_is_long_over_is_not_raised_any_more() -> None:
    """It would have expired; and no tick comes again and again for it."""
    bench = source(range(8)).tick(at(39, 1))
    assert (bench.about_data, due_at(bench)) == ([], None)
    assert source([*range(8), 39]).about_data == []
    assert len(source(range(8)).send(viewed(at(38, 23))).about_data) == 2


def test_what_has_expired_is_not_resolved() -> None:
    bench = source(range(8)).tick(at(9, 1)).send(viewed(at(39)))
    assert told(bench) == [("raised", 1, at(9))]
    other = source(range(8)).tick(at(9, 1)).send(viewed(at(38, 23)))
    assert [kind for kind, _, _ in told(other)] == ["raised", "resolved"]


def test_the_next_silence_is_another_alert() -> None:
    bench = source(range(8)).tick(at(9, 1)).send(*[viewed(at(day)) for day in range(10, 18)])
    bench.tick(at(22))
    first, _, second = bench.about_data
    assert (first.alert_id != second.alert_id, second.revision) == (True, 1)


def test_other_hours_correct_it_and_raise_it_again_under_its_id() -> None:
    bench = source(range(8)).tick(at(9, 1))
    bench.adopt("configuration", configuration(silent_hours=72))
    assert told(bench)[1:] == [("resolved", 2, at(9, 1))]
    assert due_at(bench) == seconds(at(10))
    bench.tick(at(10, 1)).send(viewed(at(11)))
    assert told(bench)[2:] == [("raised", 3, at(10)), ("resolved", 4, at(11))]
    assert len({t.alert_id for t in bench.about_data}) == 1
    assert [t.resolution for t in bench.about_data] == [None, "corrected", None, "cleared"]


def test_other_hours_that_it_has_reached_change_nothing() -> None:
    bench = source(range(8)).tick(at(9, 1))
    bench.adopt("configuration", configuration(silent_hours=48, records=10))
    bench.adopt("configuration", configuration(silent_hours=24))
    assert told(bench) == [("raised", 1, at(9))]
    bench.adopt("configuration", configuration(silent_hours=49))
    assert [t.kind for t in bench.about_data] == ["raised", "resolved"], "at that moment not yet"


def test_it_is_not_raised_again_before_it_was_corrected() -> None:
    bench = source(range(8)).tick(at(9, 1))
    for hours in (49, 48):
        bench.adopt("configuration", configuration(silent_hours=hours))
    bench.tick(at(9, 2))
    assert [(t.kind, t.at) for t in bench.about_data[1:]] == [
        ("resolved", seconds(at(9, 1))),
        ("raised", seconds(at(9, 1))),
    ]
    assert bench.about_data[-1].raised_at == seconds(at(9))


def test_hours_that_are_over_are_found_by_the_next_tick() -> None:
    bench = source(range(8)).tick(at(8, 12))
    bench.adopt("configuration", configuration(silent_hours=24))
    assert told(bench) == []
    assert told(bench.tick(at(8, 13))) == [("raised", 1, at(8))]


def test_if_more_days_must_be_known_it_is_corrected() -> None:
    bench = source(range(8)).tick(at(9, 1))
    bench.adopt("configuration", configuration(days_known=9))
    assert [t.resolution for t in bench.about_data] == [None, "corrected"]
    assert due_at(bench) is None


def test_hours_that_change_after_it_expired_say_nothing() -> None:
    bench = source(range(8)).tick(at(9, 1)).tick(at(50))
    bench.adopt("configuration", configuration(days_known=9))
    assert told(bench) == [("raised", 1, at(9))]


def test_the_first_of_two_timers_is_the_next() -> None:
    bench = source(range(8))
    for timers, first in (([7.5, 20], 7.5), ([20], 9), ([], 9)):
        bench.fold._wakes[:] = [(seconds(at(day)), USER) for day in timers]
        assert bench.fold.due_at() == seconds(at(first))
    few = source(range(3))
    few.fold._wakes[:] = [(seconds(at(20)), USER)]
    assert few.fold.due_at() == seconds(at(20))
    assert Bench().fold.due_at() is None


# -- a learner's records are rejected ------------------------------------------------------------


def sent(bench: Bench, verdicts: str, user: str = USER, start: float = 0) -> Bench:
    """A record a minute: `+` is accepted, `-` is not JSON, `x` has no zone."""
    first = len(bench.letters) + bench.fold.checkpoint.counters.events
    for n, verdict in enumerate(verdicts):
        when = at(start, 0, n)
        value: Any = viewed(when, f"p{first + n}", user=user)
        if verdict == "x":
            value["occurred_at"] = "2024-03-05T09:00:00"
        bench.send(record(BAD if verdict == "-" else value, key=user.encode(), arrived=when))
    return bench


def window(bench: Bench, user: str = USER) -> str:
    sender = bench.fold.checkpoint.quality.senders.get(user)
    return "" if sender is None else "".join("-" if each else "+" for each in sender.verdicts)


@pytest.mark.parametrize(
    ("verdicts", "raised"),
    [
        ("-" * 19, False),
        ("-" * 20, True),
        ("-" * 11 + "+" * 9, True),
        ("-" * 10 + "+" * 10, False),
        ("-" + "+" * 9 + "-" * 10, True),
        ("+" * 30 + "-" * 19, False),  # of good records before a bad one nothing is kept
        ("-+" * 10 + "--", True),  # the oldest one goes
        ("-+" * 10 + "-+", False),
    ],
)
def test_more_than_half_of_twenty_records_raise_it(verdicts: str, *, raised: bool) -> None:
    bench = sent(Bench(), verdicts)
    assert (bench.about_data != []) is raised


def test_it_says_how_many_of_how_many_and_the_commonest_reason_and_nothing_else() -> None:
    bench = sent(Bench(), "-" * 4 + "+" * 7 + "x" * 9)
    (raised,) = bench.about_data
    assert (raised.user_id, raised.about, raised.severity) == (USER, USER, "medium")
    assert raised.params == {"records": 20, "rejected": 13, "reason": "naive_time"}
    assert (raised.subject.kind, raised.subject.id) == ("partition", "0")
    assert (raised.course_id, raised.at) == (None, seconds(at(0, 0, 19)))
    assert raised.evidence[0].value == 65.0
    assert raised.suggested_actions[0].params == {"partition": "0", "reason": "naive_time"}
    assert bench.published == []


def test_of_two_reasons_that_are_as_common_the_first_in_the_list_is_named() -> None:
    (raised,) = sent(Bench(), "x" * 10 + "-" * 10).about_data
    assert raised.params["reason"] == "not_json"
    assert REASONS.index("not_json") < REASONS.index("naive_time")


def test_it_ends_at_a_quarter_and_not_before() -> None:
    bench = sent(Bench(), "-" * 20 + "+" * 14)
    assert [t.kind for t in bench.about_data] == ["raised"], "six of twenty"
    sent(bench, "+", start=1)
    _, resolved = bench.about_data
    assert (resolved.resolution, resolved.at) == ("cleared", seconds(at(1)))
    assert window(bench) == "-" * 5 + "+" * 15
    sent(bench, "-----+", start=2)
    assert len(bench.about_data) == 2, "over a quarter raises nothing: it takes more than half"


def test_whoever_is_well_again_is_forgotten() -> None:
    bench = sent(Bench(), "-" * 20 + "+" * 19)
    assert window(bench) == "-" + "+" * 19
    sent(bench, "+", start=1)
    assert bench.fold.checkpoint.quality.senders == {}
    sent(bench, "-" * 20, start=2)
    first, _, again = bench.about_data
    assert (again.kind, again.revision) == ("raised", 1)
    assert again.alert_id != first.alert_id


def test_a_learner_of_whom_nothing_was_rejected_is_not_watched() -> None:
    assert sent(Bench(), "+" * 40).fold.checkpoint.quality.senders == {}


def test_a_record_with_which_there_are_enough_raises_it_though_it_is_good() -> None:
    (raised,) = sent(Bench(), "-" * 15 + "+" * 5).about_data
    assert raised.params["rejected"] == 15


def test_reused_ids_and_repeated_events_are_counted_as_what_they_are() -> None:
    bench = Bench().send(viewed(event_id="e"))
    bench.send(*[record(graded(at(1, 0, n), n, event_id="e")) for n in range(12)])
    bench.send(*[record(viewed(event_id="e"), arrived=at(2, n)) for n in range(8)])
    (raised,) = bench.about_data
    assert raised.params == {"records": 20, "rejected": 12, "reason": "id_reused"}


def test_each_learner_has_records_of_their_own() -> None:
    bench = sent(sent(Bench(), "-" * 19), "-" * 19, user="8")
    assert bench.about_data == []
    sent(bench, "-", user="8", start=1)
    assert [t.user_id for t in bench.about_data] == ["8"]


@pytest.mark.parametrize(
    "key",
    [None, b"", b"\xff\xfe", b"a\0b", b"x" * 129, "é".encode() * 129],
)
def test_a_record_under_no_learners_key_counts_for_nobody(key: bytes | None) -> None:
    bench = Bench().send(*[record(BAD, key=key, arrived=at(0, 0, n)) for n in range(30)])
    assert bench.fold.checkpoint.quality.senders == {}
    assert bench.fold.checkpoint.counters.rejected == 30


@pytest.mark.parametrize("key", [b"x" * 128, "é".encode() * 128])
def test_a_key_of_128_characters_may_be_a_learners(key: bytes) -> None:
    bench = Bench().send(*[record(BAD, key=key, arrived=at(0, 0, n)) for n in range(20)])
    assert [t.user_id for t in bench.about_data] == [key.decode()]


def test_where_the_value_is_about_somebody_else_it_counts_for_neither() -> None:
    other = [record(viewed(user="8"), arrived=at(0, n))._replace(key=b"7") for n in range(30)]
    bench = Bench().send(*other)
    assert {letter.reason for letter in bench.letters} == {"key_mismatch"}
    assert bench.fold.checkpoint.quality.senders == {}


def test_a_key_that_belongs_to_another_partition_counts_for_nobody() -> None:
    bench = Bench()
    bench.fold.checkpoint.partitions = 4
    here = [str(n) for n in range(40) if partition_of(str(n).encode(), 4) == 0]
    elsewhere = [str(n) for n in range(40) if partition_of(str(n).encode(), 4) != 0]
    for user in (*here[:2], *elsewhere[:4]):
        bench.send(record(BAD, key=user.encode()), record(viewed(user=user)))
    assert list(bench.fold.checkpoint.quality.senders) == here[:2]


def test_it_expires_and_is_not_raised_anew_before_it_was_left() -> None:
    bench = sent(Bench(), "-" * 25)
    sent(bench, "-" * 20, start=31)
    assert [t.kind for t in bench.about_data] == ["raised"]
    sent(bench, "+" * 20, start=32)
    assert [t.kind for t in bench.about_data] == ["raised"], "what has expired is not resolved"
    sent(bench, "-" * 20, start=33)
    assert [t.kind for t in bench.about_data] == ["raised", "raised"]


def test_time_never_goes_back_within_an_alert() -> None:
    bench = sent(sent(Bench(), "-" * 20, start=2), "+" * 20, start=1)
    raised, resolved = bench.about_data
    assert resolved.at == raised.at > seconds(at(1, 0, 19))


def test_under_the_stream_clock_times_are_the_streams() -> None:
    bench = Bench(clock="stream")
    late = at(500)
    bench.send(*[record(BAD, arrived=late) for _ in range(25)])
    assert bench.about_data == [], "the stream has no time yet"
    bench.send(record(viewed(at(3)), arrived=late), record(BAD, arrived=late))
    (raised,) = bench.about_data
    assert (raised.kind, raised.at) == ("raised", seconds(at(3)))


def test_other_thresholds_correct_it() -> None:
    bench = sent(Bench(), "-" * 14 + "+" * 6)
    bench.adopt("configuration", configuration(rejected_percent=80, rejected_percent_until=70))
    raised, resolved = bench.about_data
    assert (resolved.resolution, resolved.alert_id) == ("corrected", raised.alert_id)
    assert window(bench) == "-" * 14 + "+" * 6


def test_thresholds_that_leave_it_open_change_nothing() -> None:
    bench = sent(Bench(), "-" * 14 + "+" * 6)
    bench.adopt("configuration", configuration(rejected_percent=80, rejected_percent_until=69))
    assert [t.kind for t in bench.about_data] == ["raised"]


def test_fewer_records_are_kept_from_then_on_and_whoever_is_well_by_them_is_forgotten() -> None:
    bench = sent(sent(Bench(), "--" + "+" * 5), "+" * 5 + "-" * 3, user="8", start=1)
    sent(bench, "-" * 8, user="9", start=2)
    bench.adopt("configuration", configuration(records=5))
    assert (window(bench), window(bench, "8"), window(bench, "9")) == ("", "---", "-----")
    assert bench.about_data == [], "what it raises is found by the next record"
    sent(bench, "-", user="9", start=3)
    (raised,) = bench.about_data
    assert raised.params == {"records": 5, "rejected": 5, "reason": "not_json"}


def test_more_records_are_waited_for() -> None:
    bench = sent(Bench(configuration=configuration(records=VERDICTS_MAX)), "-" * 63)
    assert bench.about_data == []
    (raised,) = sent(bench, "-", start=1).about_data
    assert raised.params["records"] == VERDICTS_MAX


# -- bounds --------------------------------------------------------------------------------------


def crowd(count: int, verdicts: str = "-") -> Bench:
    """A bench with so many learners of whom records were rejected, one after the other."""
    bench = Bench()
    for number in range(count):
        sent(bench, verdicts, user=f"u{number}", start=number / 100)
    return bench


def test_the_one_goes_who_was_rejected_longest_ago() -> None:
    bench = crowd(SENDERS_MAX)
    sent(bench, "-", user="u0", start=1)
    sent(bench, "+", user="u1", start=2)
    assert bench.fold.checkpoint.quality.senders_let_go == 0
    sent(bench, "-", user="new", start=3)
    kept = bench.fold.checkpoint.quality
    assert (len(kept.senders), kept.senders_let_go) == (SENDERS_MAX, 1)
    assert list(kept.senders)[-2:] == ["u0", "new"]
    assert "u1" not in kept.senders, "what is accepted does not count"


def test_who_has_an_open_alert_stays() -> None:
    bench = crowd(1, "-" * 20)
    for number in range(1, SENDERS_MAX + 5):
        sent(bench, "-", user=f"v{number}", start=number / 100)
    kept = bench.fold.checkpoint.quality
    assert next(iter(kept.senders)) == "u0"
    assert (len(kept.senders), kept.senders_let_go) == (SENDERS_MAX, 5)
    sent(bench, "+" * 20, user="u0", start=2)
    assert [t.kind for t in bench.about_data] == ["raised", "resolved"]


def test_where_all_have_open_alerts_no_more_are_watched_until_one_expires() -> None:
    bench = crowd(SENDERS_MAX, "-" * 20)
    assert len(bench.about_data) == SENDERS_MAX
    sent(bench, "-", user="new", start=29)
    kept = bench.fold.checkpoint.quality
    assert "new" not in kept.senders
    assert (len(kept.senders), kept.senders_let_go) == (SENDERS_MAX, 1)
    sent(bench, "-", user="new", start=32)
    assert "new" in kept.senders
    assert "u0" not in kept.senders


def test_a_checkpoint_stays_small_and_comes_back_from_its_bytes() -> None:
    bench = Bench(configuration=configuration(records=VERDICTS_MAX))
    for number in range(SENDERS_MAX + 1):
        key = f"{number:x>128}".encode()
        bench.send(*[record(BAD, key=key) for _ in range(VERDICTS_MAX + 1)])
    data = codec.encode_checkpoint(bench.fold.checkpoint)
    assert len(data) < SENDERS_MAX * (128 + VERDICTS_MAX + 60)
    assert codec.decode_checkpoint(data) == bench.fold.checkpoint
    again = codec.decode_checkpoint(data).quality.senders
    assert list(again) == list(bench.fold.checkpoint.quality.senders), "the order too"


def test_verdicts_that_are_stored_keep_their_meaning() -> None:
    """Another meaning is another version of the checkpoint; new reasons come last."""
    assert REASONS[:21] == (
        *("null_value", "too_large", "not_utf8", "not_json", "not_object", "too_deep"),
        *("not_finite", "unknown_type", "not_yet_supported", "unknown_version", "bad_id"),
        *("missing_field", "wrong_type", "naive_time", "bad_time", "future_time", "no_key"),
        *("key_mismatch", "wrong_partition", "id_reused", "defect"),
    )
    assert [verdict_of(reason) for reason in ("null_value", "defect")] == [1, 21]
    assert rejected_of(bytes((0, 1, 21, 0))) == 2


def test_a_defect_of_ours_counts_as_a_rejection() -> None:
    def explode(_event: Any) -> None:
        raise ZeroDivisionError

    bench = Bench(defect=explode).send(*[viewed(at(0, n), f"p{n}") for n in range(20)])
    (raised,) = bench.about_data
    assert raised.params["reason"] == "defect"


def test_the_rule_is_for_operators_alone() -> None:
    assert (RULE.audience, RULE.subject) == (("operator",), "partition")
