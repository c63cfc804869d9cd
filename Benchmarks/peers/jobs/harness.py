"""What every job queue's script shares: arguments, the measurements, the report.

The report is one line of JSON with keys of `holdfast bench jobs --json`. A drain is timed from outside: how fast the
queue gets shorter once the worker process has begun, so that its start does not count.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import redis


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True, help="the server on 127.0.0.1")
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, default=10)
    parser.add_argument("--payload", type=int, default=64)
    options = parser.parse_args()
    options.url = f"redis://127.0.0.1:{options.port}/1"
    options.text = "x" * options.payload
    return options


def connect(options):
    """A database of its own on the server, empty."""
    client = redis.Redis.from_url(options.url)
    client.flushdb()
    return client


def rate(count, body):
    start = time.perf_counter()
    body()
    return count / (time.perf_counter() - start)


def environment(options):
    here = os.path.dirname(os.path.abspath(__file__))
    return {**os.environ, "PYTHONPATH": here, "BENCH_REDIS": options.url, "BENCH_CONCURRENCY": str(options.concurrency)}


def drain(options, command, remaining, patience=120):
    """Starts one worker process, and gives the rate at which `remaining()` falls to zero."""
    total = remaining()
    worker = subprocess.Popen(
        command, env=environment(options), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.perf_counter() + patience
        began, first = None, total
        while True:
            left, now = remaining(), time.perf_counter()
            if began is None and left < total * 0.98:
                began, first = now, left
            if left == 0:
                return first / (now - began) if began and now > began else total / (now - deadline + patience)
            if worker.poll() is not None:
                raise RuntimeError(f"the worker ended with {worker.returncode}, {left} jobs left")
            if now > deadline:
                raise RuntimeError(f"{left} of {total} jobs are left after {patience} s")
            time.sleep(0.01)
    finally:
        worker.terminate()
        try:
            worker.wait(10)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def report(enqueue, drained, bulk=None):
    print(json.dumps({"enqueue_per_s": enqueue, "bulk_enqueue_per_s": bulk, "drain_per_s": drained}))


def program(name):
    """How to start a program of this script's environment, wherever that was moved to."""
    return [sys.executable, os.path.join(os.path.dirname(sys.executable), name)]
