"""A worker of Python's rq that strikes itself, for compare_rq.py: rq_worker.py PORT NAME QUEUES POINT

POINT: `popped` ends the worker between the pop and the claim of its first job; `running` ends the worker and the
process that runs the job, before the job's effect; `effected` stops both after the effect; `none` works on. Who strikes
first says so in the key `struck`.
"""
import os
import signal
import sys
import time

from redis import Redis
from rq import Queue, Worker

# Shortened, so that a comparison takes minutes: the defaults are 420, 600 and 30 s. What they make of the times is
# said in the table.
OPTIONS = {"maintenance_interval": 2, "job_monitoring_interval": 1}
WORKER_TTL = 20


def strike(redis, name, signals):
    if redis.set("struck", f"{time.time()}", nx=True):
        redis.set("struck-by", name)
        for pid, number in signals:
            os.kill(pid, number)


def effect(number):
    """The job: one effect, counted."""
    redis = Redis(port=int(os.environ["COMPARE_PORT"]))
    point, name = os.environ["COMPARE_POINT"], os.environ["COMPARE_NAME"]
    both = (os.getppid(), os.getpid())
    redis.hincrby("runs", str(number), 1)
    redis.hset("started", str(number), time.time())
    if point == "running":
        strike(redis, name, [(pid, signal.SIGKILL) for pid in both])
    redis.hincrby("effects", str(number), 1)
    if point == "effected":
        strike(redis, name, [(pid, signal.SIGSTOP) for pid in both])
    return number


def main():
    port, name, queues, point = sys.argv[1:]
    os.environ.update(COMPARE_PORT=port, COMPARE_POINT=point, COMPARE_NAME=name)
    redis = Redis(port=int(port))
    if point == "popped":
        pop = Queue.dequeue_any.__func__

        def pop_and_die(cls, *arguments, **keywords):
            popped = pop(cls, *arguments, **keywords)
            if popped is not None:
                strike(redis, name, [(os.getpid(), signal.SIGKILL)])
            return popped

        Queue.dequeue_any = classmethod(pop_and_die)
    keywords = dict(OPTIONS, name=name, connection=redis, serializer="json")
    try:
        worker = Worker(queues.split(","), worker_ttl=WORKER_TTL, **keywords)
    except TypeError:  # as older versions call it
        worker = Worker(queues.split(","), default_worker_ttl=WORKER_TTL, **keywords)
    worker.work(logging_level="ERROR")


if __name__ == "__main__":
    main()
