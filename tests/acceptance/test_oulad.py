"""Real records through the whole stack: OULAD in calendar order, and the proof after it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import Stack, a_stack

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "oulad"


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    if not DATA.is_dir():
        pytest.skip("the OULAD data are not beside the project")
    with a_stack(folder, "--clock", "stream") as running:
        yield running


def test_a_presentation_goes_through_and_is_proved(stack: Stack) -> None:
    done = stack.run("replay", "oulad", str(DATA), "--presentations", "AAA-2013J", "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts
    proof = stack.run("verify", "--wait", "120", timeout=480)
    assert proof.returncode == 0, proof.stdout + proof.stderr


def test_the_api_answers_as_of_the_end_of_the_replay(stack: Stack) -> None:
    page = stack.page("real-time-dashboard", 11391)
    assert page["freshness"]["clock"] == "stream"
    assert page["freshness"]["as_of"].startswith("2014-")
    (course,) = page["progress_summary"]["courses"]
    assert (course["course_id"], course["course_status"], course["outcome"]) == (
        "AAA-2013J",
        "finished",
        "passed",
    )
    assert course["progress"] == 100.0, "who submitted all that could be seen has done all"
