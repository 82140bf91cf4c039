"""A replay in lockstep on real workers and a real trainer: a day at a time, for everybody."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from contracts.inputs import decode_input
from contracts.lessons import decode_lesson
from contracts.topics import ACTIVITY, EXAMPLES, INPUTS
from domain.examples import Lesson, Order
from domain.fold.inputs import ModelAdopted
from feeds import lockstep
from feeds.feed import Delivery
from feeds.lockstep import Lockstep
from feeds.oulad import OuladOptions, read_oulad, replay_oulad
from models.snapshot import decode_snapshot, encode_snapshot
from operations.topics import declare
from runtime.errors import NotCaughtUpError, UsageError
from runtime.settings import Settings
from tests.training import TRAINER, learned_anew, serving_of, snapshots_of
from tests.working import checkpoints_of, running, stored

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

DELIVERY = Delivery(progress=False, lockstep=True)
LEARNERS = range(1, 19)
WORK_DAYS = (0, 1, 2, 16, 40)
SECONDS = 60.0


class StoppedForTestError(Exception):
    """The replay dies here."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eighteen learners of one course: two assessments, some who stop working, some who fail."""
    made = tmp_path / "oulad"
    made.mkdir()
    views = [(who, day) for day in WORK_DAYS for who in LEARNERS if day < 10 or who % 3]
    marks = [(who, 30 + 3 * who) for who in LEARNERS]
    files = {
        "courses": ["code_module,code_presentation,module_presentation_length", "AAA,2013J,45"],
        "assessments": [
            "code_module,code_presentation,id_assessment,assessment_type,date,weight",
            "AAA,2013J,1,TMA,2,50",
            "AAA,2013J,2,TMA,40,50",
        ],
        "vle": ["id_site,code_module,code_presentation,activity_type", "9,AAA,2013J,oucontent"],
        "studentInfo": [
            "code_module,code_presentation,id_student,gender,age_band,disability,final_result",
            *(f"AAA,2013J,{who},F,0-35,N,{'Pass' if who % 3 else 'Fail'}" for who in LEARNERS),
        ],
        "studentRegistration": [
            "code_module,code_presentation,id_student,date_registration,date_unregistration",
            *(f"AAA,2013J,{who},-3," for who in LEARNERS),
        ],
        "studentVle": [
            "code_module,code_presentation,id_student,id_site,date,sum_click",
            *(f"AAA,2013J,{who},9,{day},3" for who, day in views),
        ],
        "studentAssessment": [
            "id_assessment,id_student,date_submitted,is_banked,score",
            *(f"1,{who},{1 + who % 2},0,{mark}" for who, mark in marks),
            *(f"2,{who},40,0,{mark}" for who, mark in marks if who % 3),
        ],
    }
    for name, lines in files.items():
        (made / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return made


@contextmanager
def stack(settings: Settings, folder: Path, workers: int = 1) -> Iterator[Settings]:
    """Workers, a trainer, and a folder of its own for the position."""
    given = settings.model_copy(
        update={"clock": "stream", "data_dir": folder / "data", "session_timeout_seconds": 3.0}
    )
    with ExitStack() as parts:
        parts.enter_context(running(given, folder / "t", program=TRAINER))
        owners = [parts.enter_context(running(given, folder / "w")) for _ in range(workers)]
        owners[0].owns(1, SECONDS)
        yield given


def days(folder: Path) -> list[int]:
    return [at for at, _ in read_oulad(OuladOptions(folder)).by_day()]


def told(settings: Settings) -> list[Lesson | Order]:
    """What stands in `model.examples`."""
    found = [decode_lesson(r.key, r.value) for r in stored(settings, EXAMPLES.name)]
    assert all(isinstance(each, (Lesson, Order)) for each in found)
    return found  # type: ignore[return-value]


def orders(settings: Settings, kind: str) -> list[int]:
    return [e.at for e in told(settings) if isinstance(e, Order) and e.order == kind]


def adopted(settings: Settings) -> dict[int, list[tuple[int, int]]]:
    """By partition the numbers and times of what was adopted, in order."""
    found: dict[int, list[tuple[int, int]]] = {p: [] for p in range(settings.partitions)}
    for record in stored(settings, INPUTS.name):
        value = decode_input(record.value)
        if value.kind == "model":
            model = msgspec.json.decode(value.payload, type=ModelAdopted)
            found[record.partition].append((model.number, model.at))
    return found


def figures(settings: Settings) -> list[bytes]:
    """The snapshots without their place in the log."""
    return [
        encode_snapshot(replace(decode_snapshot(data), learned=0))
        for _, data in snapshots_of(settings)
    ]


def test_each_day_is_folded_learned_and_adopted_before_the_next(
    topics: Settings, tmp_path: Path, folder: Path
) -> None:
    ends = days(folder)
    with stack(topics, tmp_path, workers=2) as given:
        report = replay_oulad(given, OuladOptions(folder), DELIVERY)
    assert report["problems"] == []
    assert report["sent"] == len(stored(given, ACTIVITY.name))
    assert orders(given, "learn") == ends
    numbered = list(enumerate(ends, 1))
    assert adopted(given) == dict.fromkeys(range(given.partitions), numbered)
    assert {each.ticked for each in checkpoints_of(given).values()} == {ends[-1]}
    first, *_, last = told(given)
    assert (first, last) == (Order(order="gather"), Order(order="free"))
    found = snapshots_of(given)
    assert [tuple(each) for each in learned_anew(given, found)] == found
    assert sum(decode_snapshot(found[-1][1]).examples.values()) > len(LEARNERS)


def test_the_figures_do_not_depend_on_how_many_partitions_there_are(
    topics: Settings, tmp_path: Path, folder: Path
) -> None:
    prefix, group = f"{topics.topic_prefix}one-", f"{topics.group}-one"
    one = topics.model_copy(update={"topic_prefix": prefix, "group": group, "partitions": 1})
    declare(one)
    made = []
    for number, settings in enumerate((topics, one)):
        place = tmp_path / str(number)
        place.mkdir()
        with stack(settings, place) as given:
            replay_oulad(given, OuladOptions(folder), DELIVERY)
            made.append(figures(given))
    assert made[0] == made[1]
    assert len(made[0]) == len(days(folder))


@pytest.mark.parametrize("heard", [False, True])
def test_a_replay_that_was_stopped_continues_and_orders_no_day_twice(
    topics: Settings, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *, heard: bool
) -> None:
    """Stopped after the fourth day's order, or after that day was adopted by all."""
    ends = days(folder)
    given = 0

    async def breaking(self: Lockstep, order: Order) -> int:
        nonlocal given
        offset: int = await whole(self, order)
        given += order.order == "learn"
        if given == 4 and not heard:
            raise StoppedForTestError
        if given == 5 and heard:
            raise StoppedForTestError
        return offset

    whole = Lockstep.order
    with stack(topics, tmp_path) as settings:
        monkeypatch.setattr(Lockstep, "order", breaking)
        with pytest.raises(StoppedForTestError):
            replay_oulad(settings, OuladOptions(folder), DELIVERY)
        monkeypatch.undo()
        report = replay_oulad(settings, OuladOptions(folder), DELIVERY)
        again = replay_oulad(settings, OuladOptions(folder), DELIVERY)
    assert report["problems"] == again["problems"] == []
    assert (again["sent"], again["already_sent"]) == (0, report["sent"] + report["already_sent"])
    assert len(stored(settings, ACTIVITY.name)) == again["already_sent"]
    assert orders(settings, "learn") == ends
    assert adopted(settings)[0] == list(enumerate(ends, 1))
    assert serving_of(settings).newest == len(ends)


def test_without_a_trainer_a_replay_says_what_it_waits_for(
    topics: Settings, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockstep, "STEP_SECONDS", 2.0)
    given = topics.model_copy(update={"clock": "stream", "data_dir": tmp_path / "data"})
    with running(given, tmp_path / "w") as worker:
        worker.owns(4, SECONDS)
        with pytest.raises(NotCaughtUpError, match="a trainer and workers running"):
            replay_oulad(given, OuladOptions(folder), DELIVERY)


def test_without_workers_a_replay_says_so(
    topics: Settings, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockstep, "STEP_SECONDS", 1.0)
    given = topics.model_copy(update={"clock": "stream", "data_dir": tmp_path / "data"})
    delivery = Delivery(progress=False, lockstep=True, wait=False)
    with pytest.raises(NotCaughtUpError, match="the workers have not folded the day"):
        replay_oulad(given, OuladOptions(folder), delivery)


def test_a_rate_is_refused(topics: Settings, folder: Path) -> None:
    given = topics.model_copy(update={"clock": "stream"})
    with pytest.raises(UsageError, match="--rate"):
        replay_oulad(given, OuladOptions(folder), Delivery(rate=5.0, lockstep=True))
