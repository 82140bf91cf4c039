"""How an insight is put together: its sentence, what it is about, its tone, and its evidence."""

from typing import Literal, TypeAlias

from domain.alerts import Param, Unit
from domain.exact import rounded
from metrics.figures import sentence
from metrics.shapes import Evidence, Insight

Area: TypeAlias = Literal["performance", "engagement", "progress", "goal", "deadline"]
Tone: TypeAlias = Literal["praise", "neutral", "warning"]


def insight(
    code: str, params: dict[str, Param], *, area: Area, tone: Tone, evidence: Evidence
) -> Insight:
    """The insight of a code of the catalogue; raises KeyError for a code that it does not have."""
    said = sentence(code, params)
    return Insight(
        code=said.code,
        params=said.params,
        text=said.text,
        area=area,
        tone=tone,
        evidence=[evidence],
    )


def figure(
    feature: str,
    value: float,
    unit: Unit,
    *,
    threshold: float | None = None,
    baseline: float | None = None,
    up: bool,
) -> Evidence:
    """The figure that an insight rests on; `up` where it is above its threshold or baseline."""
    return Evidence(
        feature=feature,
        value=rounded(value, 2),
        baseline=None if baseline is None else rounded(baseline, 2),
        threshold=threshold,
        unit=unit,
        direction="up" if up else "down",
    )
