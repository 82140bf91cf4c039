"""Development tokens: what an identity provider would sign, for an embedded stack only."""

from datetime import timedelta

from domain.events.json_objects import LEARNER_ID_MAX
from runtime.clock import Clock
from runtime.errors import UsageError
from runtime.settings import Settings
from runtime.tickets import OWN_PAGE, Access, make_ticket, make_token


def issue(
    settings: Settings,
    *,
    user: str,
    scope: str,
    lifetime: timedelta,
    clock: Clock,
    courses: str = "",
) -> str:
    """Sign a token for this learner with the stack's secret (HS256).

    `courses` are an instructor's: ids by commas, or `*` for all.

    Raises UsageError where that is not for us, or nobody would accept the token.
    """
    secret = _secret(settings, user)
    return make_token(
        settings,
        secret,
        user=user,
        now=clock.now(),
        seconds=int(lifetime.total_seconds()),
        scope=scope,
        courses=listed_ids(courses),
    )


def issue_ticket(
    settings: Settings,
    *,
    user: str,
    clock: Clock,
    access: Access = OWN_PAGE,
) -> str:
    """Sign a ticket into the page for this learner with the stack's secret.

    Raises UsageError as `issue` does.
    """
    secret = _secret(settings, user)
    return make_ticket(
        secret,
        audience=settings.jwt_audience,
        user=user,
        now=clock.now(),
        access=access,
    )


def listed_ids(listed: str) -> list[str]:
    """The ids of a list with commas; none of an empty one."""
    return listed.split(",") if listed else []


def _secret(settings: Settings, user: str) -> str:
    """What is signed with; raises UsageError where nothing is to be signed for this learner."""
    if not settings.embedded:
        raise UsageError(
            "tokens are issued in embedded mode only (LEARNSTREAM_EMBEDDED is not set): "
            "elsewhere they come from your identity provider"
        )
    if settings.jwt_secret is None:
        raise UsageError("LEARNSTREAM_JWT_SECRET is not set; it is needed to sign tokens")
    if not 1 <= len(user) <= LEARNER_ID_MAX or "\x00" in user:
        raise UsageError(f"--user: seen {user!r}, expected 1 to {LEARNER_ID_MAX} characters")
    return settings.jwt_secret.get_secret_value()
