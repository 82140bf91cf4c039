"""What an embedded server is, whichever it is: prepared once, then started, stopped and killed."""

from abc import ABC, abstractmethod

from devstack.child import Child


class Server(ABC):
    """A real server in a process of ours; it keeps its port and data over a restart."""

    def __init__(self) -> None:
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        """The server's process, for a supervisor."""
        assert self._child is not None, "prepare comes first"
        return self._child

    @abstractmethod
    def prepare(self) -> None:
        """Make all that the first start needs, once."""

    @abstractmethod
    def wait(self) -> None:
        """Return when the server takes connections."""

    def launch(self) -> None:
        """Start the server's process and return at once."""
        self.child.start()

    def start(self) -> None:
        """Prepare where that was not done, and return when the server takes connections."""
        if self._child is None:
            self.prepare()
        self.launch()
        self.wait()

    def stop(self) -> None:
        """Stop in order; what was written stays."""
        self.child.stop()

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL)."""
        self.child.kill()

    def restart(self) -> None:
        """Start again on the same port and data, after `stop` or `kill`, or stopping first."""
        self.stop()
        self.start()
