"""Every codec of Kafka can be read, and a process that could not read one does not start."""

import os
import subprocess
import sys
from pathlib import Path

import aiokafka.codec
import kafka.codec
import pytest

from cli import main as cli
from runtime.codecs import require_codecs
from runtime.errors import UsageError

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
BLOCKED = (
    "import sys; sys.modules[sys.argv.pop(1)] = None; from cli.main import main; sys.exit(main())"
)
MIB = 1 << 20
BIG = b"".join(b'{"event_id": "%016x", "type": "content_viewed"}' % n for n in range(100_000))


def test_every_codec_is_read_by_both_clients() -> None:
    require_codecs()


@pytest.mark.parametrize("reader", [aiokafka.codec, kafka.codec])
@pytest.mark.parametrize("writer", [aiokafka.codec, kafka.codec])
@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_a_large_batch_is_read_whole(codec: str, writer: object, reader: object) -> None:
    assert len(BIG) > 4 * MIB
    packed = getattr(writer, f"{codec}_encode")(BIG)
    assert len(packed) < MIB, "as large as a broker takes"
    assert getattr(reader, f"{codec}_decode")(packed) == BIG


@pytest.mark.parametrize(
    ("module", "command", "said"),
    [
        ("cramjam", ["worker"], "snappy (by aiokafka), lz4 (by aiokafka), zstd (by aiokafka), "),
        ("snappy", ["sink"], ": snappy (by kafka-python);"),
        ("lz4.frame", ["topics"], ": lz4 (by kafka-python);"),
        ("zstandard", ["dead-letters", "list"], ": zstd (by kafka-python);"),
    ],
)
def test_a_process_without_a_codec_says_which_and_ends_with_2(
    module: str, command: list[str], said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, module, *command],
        capture_output=True,
        env={"PATH": os.environ["PATH"], "KAFKA_BOOTSTRAP": "127.0.0.1:1"},
        cwd=ROOT,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert said in line


COMMANDS = {
    "up": [],
    "worker": [],
    "trainer": [],
    "sink": [],
    "api": [],
    "topics": [],
    "simulate": ["--learners=1", "--days=1", "--seed=1"],
    "replay": ["jsonl", "no-such-file"],
    "verify": [],
    "rules": ["try", "no-such-file", "--from=2024-03-04T00:00:00Z"],
    "why": ["317e2e7a-da00-5340-88e0-3a9845434937"],
    "models": ["list"],
    "dead_letters": ["list"],
}


def test_every_command_is_known_to_read_kafka_or_not_to() -> None:
    assert sorted([*COMMANDS, *cli.WITHOUT_KAFKA]) == sorted(cli.COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_that_reads_kafka_starts_without_a_codec(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kafka.codec, "zstd", None)
    with pytest.raises(UsageError, match=r"zstd \(by kafka-python\)"):
        require_codecs()
    monkeypatch.setattr(sys, "argv", ["x", command.replace("_", "-"), *COMMANDS[command]])
    assert cli.main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "zstd (by kafka-python)" in line
