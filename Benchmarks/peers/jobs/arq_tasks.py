import os

from arq.connections import RedisSettings


async def nothing(context, number, text):
    pass


class WorkerSettings:
    functions = [nothing]
    redis_settings = RedisSettings.from_dsn(os.environ["BENCH_REDIS"])
    max_jobs = int(os.environ["BENCH_CONCURRENCY"])
