"""The states that each version of the code wrote are read by this one."""

import pytest

from domain.checkpoint import FOLD_VERSION
from domain.codec import (
    decode_checkpoint,
    decode_header,
    decode_learner,
    encode_checkpoint,
    encode_learner,
)
from domain.state import STATE_VERSION
from tests.kept.keeping import Kept, fold_log, read_kept


@pytest.fixture(scope="module")
def today() -> Kept:
    return read_kept(STATE_VERSION)


def test_every_kept_state_of_today_comes_back_as_the_same_bytes(today: Kept) -> None:
    assert len(today.states) > 200
    for kept in today.states:
        state = decode_learner(kept.data)
        assert encode_learner(state) == kept.data, kept.user_id
        header = decode_header(kept.data)
        assert (header.user_id, header.steps) == (kept.user_id, state.steps)
        assert (header.wake_at, header.course_ids) == (state.wake_at, state.course_ids)


def test_every_kept_checkpoint_of_today_comes_back_as_the_same_bytes(today: Kept) -> None:
    for name, data in today.checkpoints.items():
        assert encode_checkpoint(decode_checkpoint(data)) == data, name


def test_this_fold_makes_the_kept_states_of_the_kept_log(today: Kept) -> None:
    """Red where states changed: then FOLD_VERSION is raised, and what is kept is made again."""
    assert today.fold_version == FOLD_VERSION
    made = fold_log()
    differ = [was.user_id for was, now in zip(today.states, made.states, strict=True) if was != now]
    assert differ == []
    assert made.checkpoints == today.checkpoints
    assert (made.inputs, made.facts) == (today.inputs, today.facts)
