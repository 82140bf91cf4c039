"""The topics on a real cluster: declared as the contract says, and refused where they differ."""

import re
from contextlib import closing
from dataclasses import replace

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from contracts.topics import ACTIVITY, ALERTS, COURSES, STATE, TOPICS
from operations.topics import check, declarations, declare, differences
from runtime.errors import UsageError
from runtime.kafka import admin_client, topic_ids
from runtime.settings import Settings
from tests.waiting import wait_for

pytestmark = pytest.mark.integration


def test_every_topic_is_made_once_and_has_an_id(settings: Settings) -> None:
    first = declare(settings)
    again = declare(settings)
    assert set(first.made) == {settings.topic(topic.name) for topic in TOPICS}
    assert again.made == ()
    assert again.ids == first.ids == check(settings).ids


def test_topic_ids_are_told_by_the_name_without_the_prefix(topics: Settings) -> None:
    ids = topic_ids(topics)
    assert set(ids) == {topic.name for topic in TOPICS}
    assert {topics.topic(name): id_ for name, id_ in ids.items()} == dict(check(topics).ids)


def test_a_topic_that_was_made_again_has_another_id(topics: Settings) -> None:
    before = topic_ids(topics)[ACTIVITY.name]
    with closing(admin_client(topics)) as admin:
        admin.delete_topics([topics.topic(ACTIVITY.name)])
    wait_for(lambda: ACTIVITY.name not in topic_ids(topics), 10)
    declare(topics)
    assert topic_ids(topics)[ACTIVITY.name] != before


def test_a_missing_topic_is_named_and_not_made_by_check(settings: Settings) -> None:
    with pytest.raises(UsageError, match=f"topic {settings.topic('activity')}: seen none"):
        check(settings)
    assert topic_ids(settings) == {}


def test_another_number_of_partitions_is_refused(topics: Settings) -> None:
    other = topics.model_copy(update={"partitions": 12})
    with pytest.raises(UsageError, match="seen 4 partitions, expected 12") as refused:
        declare(other)
    assert topics.topic(COURSES.name) not in str(refused.value)


def test_another_configuration_is_refused(settings: Settings) -> None:
    with closing(admin_client(settings)) as admin:
        admin.create_topics({settings.topic(STATE.name): {"num_partitions": 4}})
    with pytest.raises(UsageError, match=r"seen cleanup\.policy=delete, expected compact"):
        declare(settings)


def test_alerts_is_uncompressed_and_another_codec_is_refused(topics: Settings) -> None:
    with closing(admin_client(topics)) as admin:
        configs = {"compression.type": "zstd"}
        name = topics.topic(ALERTS.name)
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs)])
    wanted = r"alerts: seen compression\.type=zstd, expected uncompressed"
    wait_for(lambda: refused(topics) is not None, 10)
    assert re.search(wanted, refused(topics) or "")


def refused(settings: Settings) -> str | None:
    try:
        check(settings)
    except UsageError as error:
        return str(error)
    return None


def test_too_few_replicas_are_named(topics: Settings) -> None:
    wanted = replace(declarations(topics)[0], replication=3)
    with pytest.raises(UsageError, match="seen none"):
        check(topics.model_copy(update={"topic_prefix": "nowhere-"}))
    assert differences(wanted, None) != []
