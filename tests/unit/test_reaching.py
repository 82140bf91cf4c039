"""What is said in one place: Kafka that cannot be reached, and a log that is not the one it was."""

import aiokafka.errors
import kafka.errors
import pytest

from runtime.errors import CrashError, LossError
from runtime.kafka import reaching_kafka
from runtime.same_log import Extent, check_same_log
from runtime.settings import Settings

SETTINGS = Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1"})


@pytest.mark.parametrize(
    "error",
    [aiokafka.errors.KafkaConnectionError("refused"), kafka.errors.KafkaConnectionError("refused")],
)
def test_either_librarys_error_names_the_servers_that_were_asked(error: Exception) -> None:
    with (
        pytest.raises(CrashError, match=r"cannot reach Kafka at nowhere:1: .*refused"),
        reaching_kafka(SETTINGS),
    ):
        raise error


def test_other_errors_are_left_as_they_are() -> None:
    with pytest.raises(ValueError, match="ours"), reaching_kafka(SETTINGS):
        raise ValueError("ours")
    fenced = aiokafka.errors.ProducerFenced()
    with (
        pytest.raises(aiokafka.errors.ProducerFenced),
        reaching_kafka(SETTINGS, (aiokafka.errors.KafkaConnectionError,)),
    ):
        raise fenced


@pytest.mark.parametrize("at", [5, 7, 20])
def test_a_log_that_still_holds_what_comes_next_is_taken(at: int) -> None:
    check_same_log("here", "the fold", Extent("id", 5, 20), topic_id="id", at=at)


@pytest.mark.parametrize(
    ("topic_id", "at", "says"),
    [
        ("other", 7, r"here: topic id id, but the fold read other: .* deleted and made again"),
        ("id", 3, "here: the log begins at 5, the fold stands at 3: 2 offsets are gone"),
        ("id", 21, "here: the log ends at 20, the fold stands at 21: 1 offsets are gone"),
    ],
)
def test_another_log_or_a_shorter_one_is_a_loss(topic_id: str, at: int, says: str) -> None:
    with pytest.raises(LossError, match=says):
        check_same_log("here", "the fold", Extent("id", 5, 20), topic_id=topic_id, at=at)
