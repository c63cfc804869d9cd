"""What every peer's script shares: arguments, the closed loop of clients, the report.

The report is one line of JSON with the keys of `holdfast bench locks --json`. Spans are in microseconds.
"""

import argparse
import asyncio
import json
import threading
import time


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ports", required=True, help="the nodes on 127.0.0.1, separated by commas")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    options.ports = [int(port) for port in options.ports.split(",")]
    return options


class Record:
    """The acquisitions of one client, in nanoseconds."""

    def __init__(self):
        self.acquire = []

    def acquired(self, began):
        self.acquire.append(time.perf_counter_ns() - began)


def threads(options, make):
    """Lets each client call its `cycle(record)` in a thread of its own; `make(client)` gives it."""
    cycles = [make(client) for client in range(options.clients)]
    records = [Record() for _ in cycles]
    failures = []
    for cycle in cycles:
        cycle(Record())  # connections stand before the clock starts
    start = time.perf_counter()
    deadline = start + options.seconds

    def client(cycle, record):
        try:
            while time.perf_counter() < deadline:
                cycle(record)
        except Exception as failure:  # reported by the main thread
            failures.append(failure)

    workers = [threading.Thread(target=client, args=pair) for pair in zip(cycles, records)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    report(records, time.perf_counter() - start)


async def tasks(options, make):
    """The same in tasks of one event loop, with coroutines."""
    cycles = [make(client) for client in range(options.clients)]
    records = [Record() for _ in cycles]
    for cycle in cycles:
        await cycle(Record())
    start = time.perf_counter()
    deadline = start + options.seconds

    async def client(cycle, record):
        while time.perf_counter() < deadline:
            await cycle(record)

    await asyncio.gather(*(client(*pair) for pair in zip(cycles, records)))
    report(records, time.perf_counter() - start)


def report(records, elapsed):
    spans = sorted(span for record in records for span in record.acquire)

    def percentile(percent):
        return spans[min(len(spans) - 1, int(len(spans) * percent / 100))] / 1000

    print(
        json.dumps(
            {
                "cycles": len(spans),
                "cycles_per_s": len(spans) / elapsed,
                "acquire_us": {
                    "p50": percentile(50),
                    "p99": percentile(99),
                    "p999": percentile(99.9),
                    "max": percentile(100),
                },
            }
        )
    )
