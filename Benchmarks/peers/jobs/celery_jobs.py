"""Celery: one worker process, threads, results ignored."""

import os

import harness

if __name__ == "__main__":
    options = harness.arguments()
    os.environ["BENCH_REDIS"] = options.url
    client = harness.connect(options)
    from celery_tasks import nothing

    def one_by_one():
        for number in range(options.jobs):
            nothing.delay(number, options.text)

    enqueued = harness.rate(options.jobs, one_by_one)
    worker = [
        *harness.program("celery"), "-A", "celery_tasks", "worker", "-P", "threads", "-c", str(options.concurrency),
        "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "error",
    ]
    drained = harness.drain(options, worker, lambda: client.llen("celery"))
    harness.report(enqueued, drained)
