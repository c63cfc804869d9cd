"""RQ: one SimpleWorker (it does not fork), JSON serializer, as Holdfast reads it."""

from rq import Queue

import harness
import rq_tasks

options = harness.arguments()
client = harness.connect(options)
queue = Queue("bench", connection=client, serializer="json")
half = options.jobs // 2


def one_by_one():
    for number in range(half):
        queue.enqueue(rq_tasks.nothing, number, options.text)


def bulk():
    for start in range(half, options.jobs, 1000):
        numbers = range(start, min(start + 1000, options.jobs))
        queue.enqueue_many([Queue.prepare_data(rq_tasks.nothing, (number, options.text)) for number in numbers])


enqueued = harness.rate(half, one_by_one)
bulked = harness.rate(options.jobs - half, bulk)
worker = [
    *harness.program("rq"), "worker", "-u", options.url, "-S", "json", "-w", "rq.worker.SimpleWorker", "--burst",
    "--quiet", "bench",
]
drained = harness.drain(options, worker, lambda: client.llen("rq:queue:bench"))
harness.report(enqueued, drained, bulked)
