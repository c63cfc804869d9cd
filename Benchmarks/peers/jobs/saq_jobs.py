"""SAQ: one worker process, tasks of one event loop."""

import asyncio
import os

import harness

if __name__ == "__main__":
    options = harness.arguments()
    os.environ["BENCH_REDIS"] = options.url
    os.environ["BENCH_CONCURRENCY"] = str(options.concurrency)
    client = harness.connect(options)
    from saq_tasks import queue

    async def one_by_one():
        await queue.connect()
        for number in range(options.jobs):
            await queue.enqueue("nothing", number=number, text=options.text)
        await queue.disconnect()

    enqueued = harness.rate(options.jobs, lambda: asyncio.run(one_by_one()))
    worker = [*harness.program("saq"), "saq_tasks.settings"]
    drained = harness.drain(options, worker, lambda: client.llen("saq:default:queued"))
    harness.report(enqueued, drained)
