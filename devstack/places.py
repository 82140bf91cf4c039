"""Where things are kept and which ports are free on this machine."""

import os
import socket
from pathlib import Path

from runtime.errors import UsageError


def cache_folder() -> Path:
    """Where downloads are kept: LEARNSTREAM_CACHE, else a folder in the user's cache folder.

    Raises UsageError where there is neither.
    """
    if own := os.environ.get("LEARNSTREAM_CACHE"):
        return Path(own).expanduser().absolute()
    if common := os.environ.get("XDG_CACHE_HOME"):
        return Path(common).expanduser().absolute() / "learnstream"
    try:
        return Path.home() / ".cache" / "learnstream"
    except RuntimeError as error:
        raise UsageError(
            "this user has no home folder to keep downloads in: set LEARNSTREAM_CACHE to a folder"
        ) from error


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def is_free(port: int) -> bool:
    """Whether a server of ours could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As a server binds: the last connections of one that has ended do not hinder it.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def private_folder(folder: Path) -> None:
    """Make a folder, and let nobody but its owner look into it, whoever made it before."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def listens(port: int) -> bool:
    """Whether somebody accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
