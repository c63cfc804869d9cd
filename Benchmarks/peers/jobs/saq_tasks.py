import os

from saq import Queue

queue = Queue.from_url(os.environ["BENCH_REDIS"])


async def nothing(context, *, number, text):
    pass


settings = {"queue": queue, "functions": [nothing], "concurrency": int(os.environ["BENCH_CONCURRENCY"])}
