"""What all partitions of a worker share."""

from dataclasses import dataclass

from agents.worker.courses import CourseReader
from agents.worker.hot_states import HotStates
from agents.worker.metrics import Metrics
from agents.worker.snapshots import SnapshotReader
from domain.configuration import Configuration
from runtime.clock import Clock
from runtime.settings import Settings


@dataclass(slots=True, kw_only=True)
class Context:
    """What a worker was started with, and what it has beside `activity`."""

    settings: Settings
    configuration: Configuration
    clock: Clock
    courses: CourseReader
    snapshots: SnapshotReader
    metrics: Metrics
    hot: HotStates
