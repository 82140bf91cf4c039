"""The small disks of the servers: full is full, and where none can be made its fault is skipped."""

import errno
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.faults.disk import small_disk
from tests.faults.parts import SkippedError
from tests.faults.plan import made
from tests.faults.run import Verdict, strike_and_heal
from tests.faults.strikes import STRIKES

KINDS = ("disk_full_kafka", "disk_full_postgres")


class Parts:
    """Parts of which nothing is asked."""

    def __getitem__(self, _: str) -> Any:
        return cast(Any, SimpleNamespace(mark=lambda: None))

    def pump(self, seconds: float) -> None:
        """No time passes."""


def test_nothing_fits_on_a_full_disk_until_it_is_freed(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("no tmpfs can be mounted here: run as root on Linux")
        file = disk.folder / "file"
        file.write_bytes(bytes(100_000))
        disk.fill()
        with pytest.raises(OSError, match="No space") as refused, file.open("ab") as more:
            more.write(bytes(100_000))
        assert refused.value.errno == errno.ENOSPC
        file.unlink()
        disk.fill()  # what was given back meanwhile is taken too
        with pytest.raises(OSError, match="No space"):
            file.write_bytes(bytes(100_000))
        disk.free()
        file.write_bytes(bytes(100_000))
    assert not disk.folder.is_mount()


@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_can_be_mounted_the_fault_is_skipped_and_the_run_is_no_less_valid(
    kind: str,
) -> None:
    scene: Any = SimpleNamespace(
        servers=SimpleNamespace(kafka_disk=None, postgres_disk=None, kafka=None, postgres=None),
        parts=Parts(),
        operator=SimpleNamespace(begin=lambda: None),
    )
    plan = made(1, [kind])
    verdict, said = Verdict(plan), list[str]()
    strike_and_heal(scene, plan.faults[0], verdict, said.append)
    assert (verdict.word, verdict.struck) == ("held", [])
    assert verdict.as_json()["skipped"] == [
        f"{kind}: no tmpfs can be mounted here: run as root on Linux"
    ]
    assert said == [f"  {verdict.skipped[0].replace(':', ' skipped:', 1)}"]
    with pytest.raises(SkippedError):
        STRIKES[kind](scene, random.Random(1))
