"""The programs that the documents print, run as they stand against a stack of their own.

JavaScript runs where Node is there and the packages can be had; else that test says why it did not.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from kafka import KafkaConsumer

from benchmarks.stack import Running, a_folder, a_stack
from contracts.topics import ALERTS
from devstack.environment import PROGRAM
from runtime.kafka import connect_options
from tests.schemas import ROOT

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

SECONDS: Final = 120
PAGES: Final = ("README.md", "docs/events.md", "docs/alerts.md")
PACKAGES: Final = ("kafkajs@2.2.4", "cloudevents@10.0.0")
STRICT: Final = """
import { CloudEvent } from "cloudevents";
import { readFileSync } from "node:fs";
const lines = readFileSync(0, "utf8").split("\\n").filter(Boolean);
for (const line of lines) new CloudEvent(JSON.parse(line)).validate();
console.log(lines.length);
"""
"""The constructor of the npm SDK is strict: it throws for what the specification does not allow."""


def blocks(*languages: str) -> list[tuple[str, str]]:
    """The code of every block in these languages, with the page it stands on."""
    found = []
    for page in PAGES:
        for language, code in re.findall(
            r"^```(\w+)\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
        ):
            if language in languages:
                found.append((page, code))
    return found


@pytest.fixture(scope="module")
def stack() -> Iterator[Running]:
    """A stack with the history of some learners, so that there are alerts."""
    with a_folder() as folder, a_stack(folder) as running:
        simulated = ("simulate", "--learners", "30", "--days", "60", "--seed", "4")
        assert learnstream(running, *simulated).returncode == 0
        assert learnstream(running, "verify", "--wait", "60").returncode == 0
        yield running


def learnstream(stack: Running, *command: str) -> "subprocess.CompletedProcess[str]":
    return ran(stack, [*PROGRAM, *command])


def ran(
    stack: Running, command: list[str], given: str | None = None, folder: Path = ROOT
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        env={**os.environ, **stack.env},
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_a_python_program_runs_as_printed(stack: Running, page: str, code: str) -> None:
    done = ran(stack, [sys.executable, "-c", code])
    assert done.returncode == 0, f"{page}: {done.stderr[-2000:]}"
    if "KafkaConsumer" in code:
        assert "notify" in done.stdout, done.stdout[:500]


def test_what_the_programs_sent_is_taken(stack: Running) -> None:
    """After the others: no event of theirs went to a wrong partition, and all of it is proved."""
    listed = learnstream(stack, "dead-letters", "list", "--reason", "wrong_partition", "--json")
    assert (listed.returncode, listed.stdout) == (0, ""), listed.stdout[:500]
    proof = learnstream(stack, "verify", "--wait", "60")
    assert proof.returncode == 0, proof.stdout[-2000:]


# -- JavaScript ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages that the programs use."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("there is no Node here")
    folder = tmp_path_factory.mktemp("node")
    install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *PACKAGES]
    done = subprocess.run(
        install, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"npm could not install {' '.join(PACKAGES)}")
    return folder


@pytest.mark.parametrize(("page", "code"), blocks("javascript", "js"))
def test_a_javascript_program_runs_as_printed(
    stack: Running, node: Path, page: str, code: str
) -> None:
    program = node / "program.mjs"
    program.write_text(code)
    if "consumer" not in code:
        done = ran(stack, ["node", str(program)], folder=node)
        assert done.returncode == 0, f"{page}: {done.stderr[-2000:]}"
        return
    with subprocess.Popen(
        ["node", str(program)],
        env={**os.environ, **stack.env},
        cwd=node,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:  # a consumer runs until it is stopped
        assert process.stdout is not None, "it is a pipe"
        try:
            assert any("notify" in line for line in process.stdout)
        finally:
            process.kill()


def test_the_strict_javascript_sdk_takes_every_alert(stack: Running, node: Path) -> None:
    settings = stack.settings()
    consumer = KafkaConsumer(
        settings.topic(ALERTS.name),
        **connect_options(settings),
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        consumer_timeout_ms=5_000,
    )
    alerts = [record.value.decode() for record in consumer]
    consumer.close()
    assert alerts
    assert all(json.loads(alert)["specversion"] == "1.0" for alert in alerts)
    (node / "strict.mjs").write_text(STRICT)
    done = ran(stack, ["node", "strict.mjs"], "\n".join(alerts), node)
    assert (done.returncode, done.stdout.strip()) == (0, str(len(alerts))), done.stderr[-2000:]
