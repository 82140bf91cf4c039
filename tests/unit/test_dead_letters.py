"""The list of dead letters: counts by reason and age, then the newest."""

from collections import Counter

from agents.worker.halting import advice
from contracts.remedies import REMEDIES, remedy_of
from domain.events.decode import REASONS
from operations.dead_letters import NONE, Letter, surveyed

HOUR, DAY = 3_600_000, 86_400_000
NOW = 1_700_000_000_000


def letter(reason: str, age: int, offset: int = 0) -> Letter:
    return Letter(
        place=f"0:{offset}",
        topic="activity",
        partition=1,
        offset=offset,
        when=NOW - age,
        reason=reason,
        detail="seen",
        key=b"7",
        value=b"{}",
        truncated=False,
    )


def test_every_reason_has_a_remedy_and_an_unknown_one_none() -> None:
    assert tuple(REMEDIES) == REASONS
    assert all(REMEDIES.values())
    assert remedy_of("no_such_reason") == ""


def test_letters_are_counted_by_reason_and_by_age() -> None:
    found = [letter("no_key", age) for age in (0, HOUR - 1, HOUR, DAY - 1, DAY)]
    found += [letter("bad_id", DAY)] * 1_200
    said = surveyed(found, NOW, 1)
    rows = [row.split() for row in said.split("\n\n")[0].splitlines()]
    assert rows[1][:4] == ["bad_id", "1,200", "0", "0"]
    assert rows[2][:4] == ["no_key", "5", "2", "4"]
    assert "2023-11-14T22:13:20.000+00:00" in said.splitlines()[2]


def test_the_newest_letters_come_first() -> None:
    found = [letter("no_key", age, offset) for offset, age in enumerate((50, 10, 90, 30))]
    lines = surveyed(found, NOW, 3).splitlines()[-3:]
    assert [int(line.split()[1]) for line in lines] == [1, 3, 0]


def test_nothing_to_list_is_said() -> None:
    assert surveyed([], NOW, 20) == f"{NONE}\n"


def test_the_advice_names_the_commonest_reason_and_its_remedy() -> None:
    reasons = Counter({"no_key": 12, "wrong_partition": 988})
    assert advice(reasons) == (
        "988 of its newest 1,000 dead letters are wrong_partition: "
        "set the producer's partitioner to murmur2"
    )
    assert advice(Counter()) == "correct the producer"
