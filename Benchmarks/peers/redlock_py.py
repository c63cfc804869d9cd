"""redlock-py: asks one node after the other; no fencing token."""

import time

from redlock import Redlock

import harness

options = harness.arguments()


def make(client):
    locks = Redlock([{"host": "127.0.0.1", "port": port} for port in options.ports], retry_count=1)

    def cycle(record):
        began = time.perf_counter_ns()
        lock = locks.lock(f"peer:redlock-py:{client}", 10_000)
        if not lock:
            raise RuntimeError("redlock-py did not get a lock that nobody else wants")
        record.acquired(began)
        locks.unlock(lock)

    return cycle


harness.threads(options, make)
