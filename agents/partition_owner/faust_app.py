"""The Faust app: membership of a group and the life of the process; nothing else of Faust's."""

import logging
from collections.abc import Callable
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.tables import TableManager
from faust.transport.drivers import aiokafka as driver
from typing_extensions import override

from agents.partition_owner.transport import (
    REBALANCE_SECONDS,
    REQUEST_SECONDS,
    Batch,
    BatchConsumer,
    Gate,
)
from runtime.settings import Settings


class BatchTransport(driver.Transport):
    """Faust's own extension point."""

    Consumer = BatchConsumer


class BatchSchema(faust.Schema[Any, Batch]):
    """Hands the batch to the stream as it is: Faust's codecs drop what they cannot decode."""

    @override
    def compile(self, app: Any, **_: Any) -> Any:
        """The function that makes an event of a message."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            del propagate
            return app.create_event(None, message.value, message.headers, message)

        return decode


class NoTables(TableManager):
    """Starts at once: Faust waits a second for tables to be registered, and there are none."""

    @override
    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()


class OwnerBoot(BootStrategy):
    """Without a producer and a web server of Faust's."""

    enable_kafka_producer = False
    enable_web = False


class OwnerApp(faust.App):
    """The Faust app of a job: its agent, membership of the group, the life of the process."""

    BootStrategy = OwnerBoot

    def __init__(self, settings: Settings, group: str, gate: Gate) -> None:
        self.settings = settings
        self.group = group
        self.gate = gate
        super().__init__(
            group,
            broker=[f"kafka://{each}" for each in settings.kafka_bootstrap.split(",")],
            autodiscover=False,
            reply_create_topic=False,
            TableManager=NoTables,
            topic_allow_declare=False,
            topic_disable_leader=True,
            stream_wait_empty=False,
            stream_recovery_delay=0,
            worker_redirect_stdouts=False,
            web_enabled=False,
            broker_session_timeout=settings.session_timeout_seconds,
            broker_heartbeat_interval=settings.session_timeout_seconds / 3,
            broker_rebalance_timeout=REBALANCE_SECONDS,
            broker_request_timeout=max(REQUEST_SECONDS, settings.session_timeout_seconds),
        )
        self.transport = BatchTransport(self.conf.broker_consumer, self)

    def hand_over(self, topic: str, deliver: Callable[[Batch], None]) -> None:
        """Give every batch of a topic to `deliver`; Faust never tracks and never commits them.

        The agent never waits: a partition whose owner is full is not fetched for.
        """

        async def progress(batches: Any) -> None:
            async for batch in batches:
                deliver(batch)

        channel = self.topic(self.settings.topic(topic), schema=BatchSchema(), acks=False)
        self.agent(channel, name="progress", concurrency=1)(progress)

    @override
    def _create_directories(self) -> None:
        """None: a worker keeps nothing on disk."""


def quiet_loggers() -> None:
    """Keep Faust from talking of its inner life; what matters we say ourselves."""
    for name in ("faust", "mode"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its errors are raised, and said by us
