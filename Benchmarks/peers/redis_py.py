"""redis-py's own Lock, on the first node only: what a lock without any quorum costs; no fencing token."""

import time

from redis import Redis

import harness

options = harness.arguments()


def make(client):
    lock = Redis(host="127.0.0.1", port=options.ports[0]).lock(f"peer:redis-py:{client}", timeout=10)

    def cycle(record):
        began = time.perf_counter_ns()
        if not lock.acquire(blocking=False):
            raise RuntimeError("redis-py did not get a lock that nobody else wants")
        record.acquired(began)
        lock.release()

    return cycle


harness.threads(options, make)
