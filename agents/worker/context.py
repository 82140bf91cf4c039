"""What all partitions of a worker share."""

from dataclasses import dataclass

from agents.worker.courses import CourseReader
from agents.worker.hot_states import HotStates
from agents.worker.metrics import Metrics
from domain.configuration import Configuration
from domain.scoring import Snapshots
from runtime.clock import Clock
from runtime.settings import Settings


@dataclass(slots=True, kw_only=True)
class Context:
    """What a worker was started with, and what it has beside `activity`."""

    settings: Settings
    configuration: Configuration
    snapshots: Snapshots
    clock: Clock
    courses: CourseReader
    metrics: Metrics
    hot: HotStates
