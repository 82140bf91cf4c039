"""The way Faust's documentation shows: a Table, and for every event a count and a sum."""

import json
import os
import sys
import tempfile
import time

import faust


def main() -> None:
    """Count and sum `events` events of a topic, print the events per second, and end."""
    bootstrap, topic, group, partitions, events = sys.argv[1:6]
    app = faust.App(
        group,
        broker=f"kafka://{bootstrap}",
        store="memory://",
        topic_partitions=int(partitions),
        topic_replication_factor=1,
        web_enabled=False,
        worker_redirect_stdouts=False,
        datadir=tempfile.mkdtemp(),
    )
    source = app.topic(topic, key_type=bytes, value_type=bytes, value_serializer="raw")
    totals = app.Table("totals", default=lambda: [0, 0], partitions=int(partitions))
    seen = 0
    first = 0.0
    warm = int(events) // 20

    @app.agent(source)
    async def progress(stream: "faust.StreamT[bytes]") -> None:
        nonlocal seen, first
        async for value in stream:
            event = json.loads(value)
            count, total = totals[event["user_id"]]
            totals[event["user_id"]] = [count + 1, total + event.get("count", 1)]
            seen += 1
            if seen == warm:
                first = time.monotonic()
            elif seen == int(events):
                rate = (seen - warm) / (time.monotonic() - first)
                print(f"\n{rate}", flush=True)
                os._exit(0)  # an agent that stops its own app waits for itself

    faust.Worker(app, loglevel="ERROR", quiet=True).execute_from_commandline()


if __name__ == "__main__":
    main()
