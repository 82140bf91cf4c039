"""Fetch Apache Kafka's jars once, and refuse any that are not the ones in jars.lock."""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from tqdm import tqdm

from devstack.places import cache_folder
from runtime.errors import CrashError, UsageError

# No log4j-core among them: its bill of materials makes the resolver choose an older kafka-clients,
# and the broker dies with NoSuchMethodError.
COORDINATES: Final = "org.apache.kafka:kafka_2.13:4.3.1+org.slf4j:slf4j-simple:1.7.36"
LOCK: Final = Path(__file__).with_name("jars.lock")
_FOLDER: Final = "kafka-4.3.1"
_DOWNLOAD_BYTES: Final = 45_000_000


def kafka_jars() -> list[Path]:
    """Every jar for Kafka's class path, as locked; downloaded where the cache has none.

    Raises UsageError where the jars or what fetches them are not as locked, CrashError where they
    cannot be fetched.
    """
    lock = read_lock(LOCK.read_text())
    folder = cache_folder() / _FOLDER
    if not folder.is_dir():
        _fetch(folder, lock)
    if problems := differences(folder, lock):
        raise UsageError(
            f"the jars in {folder} are not those of {LOCK.name}: {len(problems)} differ, first: "
            f"{problems[0]}. "
            "Nothing was started; delete that folder to fetch them again"
        )
    return [folder / name for name in lock]


def read_lock(text: str) -> dict[str, str]:
    """SHA-256 by file name, from lines as sha256sum writes them."""
    pairs = (line.split() for line in text.splitlines() if line.strip())
    return {name: digest for digest, name in pairs}


def differences(folder: Path, lock: Mapping[str, str]) -> list[str]:
    """What is missing, other or too much in the folder; nothing where it is as locked."""
    there = {path.name for path in folder.iterdir()}
    found = [f"{name} is missing" for name in lock if name not in there]
    found += [f"{name} is not in the lock" for name in sorted(there - set(lock))]
    for name in sorted(there & set(lock)):
        seen = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if seen != lock[name]:
            found.append(f"{name} has SHA-256 {seen}, expected {lock[name]}")
    return found


def _fetch(folder: Path, lock: Mapping[str, str]) -> None:
    if importlib.util.find_spec("jgo") is None:
        raise UsageError(
            "an embedded Kafka needs the package jgo to fetch its jars: install "
            "learnstream[embedded], or name a running Kafka in KAFKA_BOOTSTRAP"
        )
    sys.stderr.write(
        f"fetching Apache Kafka 4.3.1: {len(lock)} jars, 45 MB, once; kept in {folder}\n"
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as scratch:
        partial = Path(scratch) / "jars"
        partial.mkdir()
        for jar in _resolve(Path(scratch), folder):
            shutil.copyfile(jar, partial / jar.name)
        if problems := differences(partial, lock):
            raise UsageError(
                f"the downloaded jars are not those of {LOCK.name}: {len(problems)} differ, "
                f"first: {problems[0]}. Nothing was kept"
            )
        with contextlib.suppress(OSError):  # another process was faster: its jars are checked next
            partial.rename(folder)


def _resolve(scratch: Path, folder: Path) -> list[Path]:
    # The resolver wants its own two folders; both are ours to delete, and ~/.m2 stays untouched.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(scratch))
    with warnings.catch_warnings(), _progress() as callback:
        warnings.simplefilter("ignore")
        from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - optional, needed once
        from jgo.env import EnvironmentBuilder  # noqa: PLC0415
        from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415

        context = MavenContext(
            resolver=PythonResolver(progress_callback=callback),
            repo_cache=scratch / "maven",
            remote_repos={"central": MAVEN_CENTRAL_URL},
            timeout=30,
        )
        builder = EnvironmentBuilder(context=context, cache_dir=scratch / "environments")
        try:
            return builder.from_endpoint(COORDINATES).all_jars
        except (OSError, RuntimeError) as error:
            raise CrashError(
                f"could not fetch Kafka's jars from {MAVEN_CENTRAL_URL}: {str(error)[:200]}. "
                f"Without a network: put the files named in {LOCK} into {folder}, or name a "
                "running Kafka in KAFKA_BOOTSTRAP"
            ) from error


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int], AbstractContextManager[Callable[[int], None]]]]:
    with tqdm(total=_DOWNLOAD_BYTES, unit="B", unit_scale=True, desc="kafka", mininterval=1) as bar:

        def count(size: int) -> None:
            bar.update(size)

        @contextlib.contextmanager
        def one_file(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
            yield count

        yield one_file
