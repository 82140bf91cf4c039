"""One real Apache Kafka broker on this machine: KRaft, one node, on loopback."""

import base64
import os
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from typing_extensions import override

from devstack.child import Child, Launch, launch_command, wait_until_ready
from devstack.environment import write_private
from devstack.jars import kafka_jars
from devstack.java import find_java
from devstack.places import free_ports, listens, private_folder
from devstack.server import Server
from runtime.errors import CrashError

START_SECONDS: Final = 60.0

# For a small machine: internal topics of one partition (the default of 50 is slow to start), and a
# cleaner's buffer that fits a small heap. Topics are declared, never made by a typing error. A
# broker that was killed waits for its own old session to end before it is back (9 s by default).
PROPERTIES: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "log.segment.bytes": "67108864",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}


class EmbeddedKafka(Server):
    """A broker in a folder of its own; the same folder gives the same data and port again.

    `start` is `prepare`, `launch` and `wait`; they are apart so that other servers can start
    meanwhile. After a first `launch`, call `stop` or `kill`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        heap_megabytes: int = 320,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        broker, controller = free_ports(2)
        self.port: Final = port or broker
        self._controller_port: Final = controller
        self._heap = heap_megabytes
        self._extra = dict(properties or {})
        super().__init__()

    @property
    def bootstrap(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"

    @override
    def prepare(self) -> None:
        """Fetch what is missing, write the properties and format the folder, once.

        Raises CrashError where the folder cannot be formatted.
        """
        private_folder(self._folder)
        write_private(self._folder / "server.properties", self._server_properties())
        java = [str(find_java()), *self._java_options()]
        if not (self._folder / "data" / "meta.properties").exists():
            self._format(java)
        self._child = Child(
            Launch(
                name="kafka",
                command=[*java, "kafka.Kafka", str(self._folder / "server.properties")],
                log=self._folder / "kafka.log",
                folder=self._folder,
            )
        )

    @override
    def wait(self) -> None:
        """Return when the broker takes connections."""
        wait_until_ready(self.child, ready=lambda: listens(self.port), seconds=START_SECONDS)

    def _format(self, java: list[str]) -> None:
        config = str(self._folder / "server.properties")
        arguments = ["kafka.tools.StorageTool", "format", "--standalone"]
        done = subprocess.run(
            launch_command([*java, *arguments, "-t", _cluster_id(), "-c", config]),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = " | ".join((done.stdout + done.stderr).strip().splitlines()[-3:])
            raise CrashError(f"Kafka's folder {self._folder} could not be formatted: {said}")

    def _java_options(self) -> list[str]:
        return [
            f"-Xmx{self._heap}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-Djava.awt.headless=true",
            f"-Dkafka.logs.dir={self._folder}",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX",
            "-cp",
            os.pathsep.join(str(jar) for jar in kafka_jars()),
        ]

    def _server_properties(self) -> str:
        controller = f"127.0.0.1:{self._controller_port}"
        own = {
            "controller.quorum.bootstrap.servers": controller,
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "log.dirs": str(self._folder / "data"),
        }
        lines = {**PROPERTIES, **own, **self._extra}
        return "".join(f"{name}={value}\n" for name, value in lines.items())


def _cluster_id() -> str:
    # Kafka's command line takes a leading "-" for an option; a first byte under 0xF8 gives none.
    first = secrets.randbelow(0xF8).to_bytes(1, "big")
    return base64.urlsafe_b64encode(first + secrets.token_bytes(15)).decode().rstrip("=")
