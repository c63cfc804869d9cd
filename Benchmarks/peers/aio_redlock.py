"""aioredlock: asks all nodes at once, on an asyncio event loop; no fencing token."""

import asyncio
import time

from aioredlock import Aioredlock

import harness

options = harness.arguments()


async def main():
    locks = Aioredlock([f"redis://127.0.0.1:{port}" for port in options.ports], retry_count=1)

    def make(client):
        async def cycle(record):
            began = time.perf_counter_ns()
            lock = await locks.lock(f"peer:aioredlock:{client}", lock_timeout=10)
            record.acquired(began)
            await locks.unlock(lock)

        return cycle

    try:
        await harness.tasks(options, make)
    finally:
        await locks.destroy()


asyncio.run(main())
