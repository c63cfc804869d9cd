"""pottery's Redlock: asks all nodes at once, a thread for each; no fencing token."""

import time

from pottery import Redlock
from redis import Redis

import harness

options = harness.arguments()


def make(client):
    masters = {Redis(host="127.0.0.1", port=port) for port in options.ports}
    lock = Redlock(key=f"pottery:{client}", masters=masters, auto_release_time=10)

    def cycle(record):
        began = time.perf_counter_ns()
        if not lock.acquire(blocking=False):
            raise RuntimeError("pottery did not get a lock that nobody else wants")
        record.acquired(began)
        lock.release()

    return cycle


harness.threads(options, make)
