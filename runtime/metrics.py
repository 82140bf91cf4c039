"""How a process's metrics are served to Prometheus."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import start_http_server

from runtime.errors import UsageError
from runtime.settings import Settings


def serve_metrics(settings: Settings, registry: CollectorRegistry) -> None:
    """Answer Prometheus where the settings name a port, from a thread of its own.

    Raises UsageError where the port cannot be used.
    """
    if settings.metrics_port is None:
        return
    try:
        start_http_server(settings.metrics_port, addr=settings.metrics_host, registry=registry)
    except OSError as error:
        place = f"{settings.metrics_host}:{settings.metrics_port}"
        raise UsageError(f"cannot serve metrics on {place}: {error.strerror}") from error
