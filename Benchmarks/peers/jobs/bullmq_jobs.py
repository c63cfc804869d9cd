"""BullMQ's Python port: one worker process, tasks of one event loop."""

import asyncio
import os
import sys

import harness


async def work():
    from bullmq import Worker

    async def nothing(job, token):
        pass

    worker = Worker(
        "bench", nothing,
        {"connection": os.environ["BENCH_REDIS"], "concurrency": int(os.environ["BENCH_CONCURRENCY"])})
    await asyncio.Event().wait()
    await worker.close()


if len(sys.argv) > 1 and sys.argv[1] == "work":
    asyncio.run(work())
    sys.exit(0)

options = harness.arguments()
client = harness.connect(options)
half = options.jobs // 2


async def enqueue():
    from bullmq import Queue

    loop = asyncio.get_running_loop()
    queue = Queue("bench", {"connection": options.url})
    start = loop.time()
    for number in range(half):
        await queue.add("nothing", {"number": number, "text": options.text})
    middle = loop.time()
    for first in range(half, options.jobs, 1000):
        numbers = range(first, min(first + 1000, options.jobs))
        await queue.addBulk([{"name": "nothing", "data": {"number": n, "text": options.text}} for n in numbers])
    end = loop.time()
    await queue.close()
    return half / (middle - start), (options.jobs - half) / (end - middle)


enqueued, bulked = asyncio.run(enqueue())
drained = harness.drain(options, [sys.executable, __file__, "work"], lambda: client.llen("bull:bench:wait"))
harness.report(enqueued, drained, bulked)
