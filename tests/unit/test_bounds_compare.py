"""How two sides are compared: by id, in order, each difference counted and named."""

from contracts.alert_event import encode_transition
from domain.alerts import Transition
from proof.compare import compare_maps, compare_sequences, event_id, transition_id
from proof.report import NAMED_MAX, Check
from tests.proving import counts
from tests.sinking import a_transition


def test_the_same_id_may_stand_in_a_sequence_more_than_once() -> None:
    check = Check()
    two = [("a", b"1"), ("a", b"2")]
    compare_sequences(check, two, two, "p0")
    assert counts(check) == (2, 2, 0, 0, 0, 0)
    compare_sequences(check, two, [("a", b"1"), ("a", b"3"), ("a", b"2")], "p0")
    assert counts(check) == (4, 5, 0, 1, 1, 0)
    assert check.named == ["different: a (p0)", "extra: a (p0)"]


def test_what_moved_is_named_once() -> None:
    check = Check()
    wanted = [(name, name.encode()) for name in "abcd"]
    compare_sequences(check, wanted, [wanted[n] for n in (0, 2, 1, 3)], "p0")
    assert check.named == ["different: b (p0: in another order)"]
    check = Check()
    compare_sequences(check, wanted, [wanted[n] for n in (3, 2, 0)], "p0")
    assert check.named == ["missing: b (p0)", "different: a (p0: in another order)"]


def test_only_the_first_differences_are_named_and_all_are_counted() -> None:
    check = Check()
    compare_maps(check, {n: n for n in range(NAMED_MAX + 2)}, {}, "p0")
    assert (check.missing, len(check.named)) == (NAMED_MAX + 2, NAMED_MAX)


def test_a_transition_and_an_event_are_known_by_their_ids() -> None:
    told: Transition = a_transition("7", "a", 3)
    assert transition_id(encode_transition(told)) == "a/3"
    assert transition_id(b"{}") == transition_id(b"") == "not a transition"
    assert event_id(b'{"id": "x/1", "type": "t"}') == "x/1"
    assert event_id(b"[]") == "not an alert event"
