"""arq: one worker process, tasks of one event loop."""

import asyncio
import os

import harness

if __name__ == "__main__":
    options = harness.arguments()
    os.environ["BENCH_REDIS"] = options.url
    os.environ["BENCH_CONCURRENCY"] = str(options.concurrency)
    client = harness.connect(options)
    from arq import create_pool

    from arq_tasks import WorkerSettings

    async def one_by_one():
        pool = await create_pool(WorkerSettings.redis_settings)
        for number in range(options.jobs):
            await pool.enqueue_job("nothing", number, options.text)
        await pool.aclose()

    enqueued = harness.rate(options.jobs, lambda: asyncio.run(one_by_one()))
    worker = [*harness.program("arq"), "arq_tasks.WorkerSettings"]
    drained = harness.drain(options, worker, lambda: client.zcard("arq:queue"))
    harness.report(enqueued, drained)
