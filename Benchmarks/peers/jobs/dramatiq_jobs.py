"""Dramatiq: one worker process, threads."""

import os

import harness

if __name__ == "__main__":
    options = harness.arguments()
    os.environ["BENCH_REDIS"] = options.url
    client = harness.connect(options)
    from dramatiq_tasks import nothing

    def one_by_one():
        for number in range(options.jobs):
            nothing.send(number, options.text)

    enqueued = harness.rate(options.jobs, one_by_one)
    worker = [*harness.program("dramatiq"), "dramatiq_tasks", "-p", "1", "-t", str(options.concurrency)]
    drained = harness.drain(options, worker, lambda: client.llen("dramatiq:default"))
    harness.report(enqueued, drained)
