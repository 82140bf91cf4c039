"""What a snapshot is the first to tell of drift, as alerts: a pure function of the snapshot."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec.structs import replace

from domain.alerts import (
    DAY,
    Action,
    Evidence,
    Spoken,
    Subject,
    Target,
    Transition,
    Unit,
    alert_id,
)
from domain.exact import rounded
from domain.predictions import FORECASTS
from domain.predictions import Target as Predicted
from domain.rules.model_drift import RULE
from domain.texts import text
from models.encoding import ENCODINGS
from models.reports import DriftEpisode
from models.snapshot import Snapshot


class _Loss(NamedTuple):
    """How the loss of a model is said."""

    feature: str
    unit: Unit
    digits: int


_BRIER: Final = _Loss("brier", "ratio", 3)
_ERRORS: Final[dict[Predicted, _Loss]] = {
    "score": _Loss("mae", "points", 1),
    "submission": _Loss("mae", "days", 1),
    **dict.fromkeys(FORECASTS, _Loss("mae", "points", 1)),
}


def drift_alerts(snapshot: Snapshot) -> Iterator[Transition]:
    """The alerts that are published with this snapshot, in order.

    Each snapshot is made once and published with its alerts, so each of these is published once.
    """
    for target, report in snapshot.reports.items():
        for episode in report.episodes:
            if episode.raised_in == snapshot.number:
                yield _raised(target, episode)
            if episode.resolved_in == snapshot.number:
                yield _resolved(target, episode)


def drift_alert_id(target: Predicted, episode: DriftEpisode) -> str:
    """The id of the alert about an episode, whether or not there was one."""
    cause = f"{episode.began_at}:{episode.judged}"
    return str(alert_id("", RULE.category, target, cause))


def _raised(target: Predicted, episode: DriftEpisode) -> Transition:
    loss = _BRIER if target in ENCODINGS else _ERRORS[target]
    before, after = (rounded(each, loss.digits) for each in (episode.before, episode.after))
    seen = Evidence(
        feature=loss.feature, value=after, baseline=before, unit=loss.unit, direction="up"
    )
    on = Target(kind="model", id=target)
    return replace(
        _bare(target, episode, episode.raised_in),
        title_code="alert.model_drift.title",
        message_code=f"alert.model_drift.{loss.unit}",
        params={"model": text(f"model.{target}", {}), "before": before, "after": after},
        evidence=(seen,),
        suggested_actions=(
            Action(code="review_model", params={"snapshot": str(episode.raised_in)}, target=on),
            Action(code="pin_model", target=on),
        ),
    )


def _resolved(target: Predicted, episode: DriftEpisode) -> Transition:
    assert episode.ended_at is not None, "an end that is told has a time"
    return replace(
        _bare(target, episode, episode.resolved_in),
        kind="resolved",
        revision=2,
        state="resolved",
        at=episode.ended_at,
        resolved_at=episode.ended_at,
        resolution="cleared",
    )


def _bare(target: Predicted, episode: DriftEpisode, snapshot: int) -> Transition:
    """What identifies the alert, and the snapshot that tells of it."""
    return Transition(
        kind="raised",
        alert_id=drift_alert_id(target, episode),
        revision=1,
        user_id="",
        type=RULE.type,
        category=RULE.category,
        rule_version=RULE.version,
        severity="medium",
        state="open",
        at=episode.began_at,
        raised_at=episode.began_at,
        expires_at=episode.began_at + RULE.expires_days * DAY,
        audience=RULE.audience,
        course_id=None,
        subject=Subject(RULE.subject, target),
        spoken=Spoken(name=target, version=str(snapshot)),
    )
