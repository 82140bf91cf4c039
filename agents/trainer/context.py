"""What the trainer was started with."""

from dataclasses import dataclass

from agents.trainer.metrics import Metrics
from runtime.clock import Clock
from runtime.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Settings, the wall's clock, and the figures."""

    settings: Settings
    clock: Clock
    metrics: Metrics
