"""What a violated run leaves behind: the logs of all parts, and the broker's segments as they are.

`kafka.tools.DumpLogSegments` shows which producer, epoch and transaction wrote each batch.
"""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.faults.scene import Scene


def keep(scene: Scene, seed: int) -> Path:
    """Copy it out of the run's folder, which goes with the run; returns where it is kept."""
    kept = Path(tempfile.mkdtemp(prefix=f"learnstream-seed-{seed}-"))
    shutil.copytree(scene.stage.folder / "logs", kept / "logs")
    broker = scene.servers.folder / "kafka"
    for log in broker.glob("*.log"):
        shutil.copy(log, kept)
    for names in (f"{scene.stage.settings.topic_prefix}*", "__*"):
        for topic in (broker / "data").glob(names):
            with suppress(shutil.Error):  # a segment went meanwhile; the others are there
                shutil.copytree(topic, kept / "topics" / topic.name)
    return kept
