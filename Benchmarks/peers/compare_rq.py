"""The same blows to workers of Python's rq and to ours, in one table: compare_rq.py JOB-WORKER VENV…

JOB-WORKER is the program of Tests/JobWorker; every VENV holds an rq (scripts/rq-venv.sh). All runs go side by side, each
on a redis-server of its own, and end when every job is over, or after 150 s.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from redis import Redis
from redis.exceptions import ConnectionError
from rq import Queue, Retry

HERE = os.path.dirname(os.path.abspath(__file__))
JOBS = 12
PATIENCE = 150
LEASE = 15  # seconds; our default
FINAL = {"finished", "failed", "stopped", "canceled"}

SCENARIOS = {
    # name: (point for rq, point for ours, retries, what it is)
    "pop": ("popped", "take:answered kill", 0, "killed between pop and claim, two queues"),
    "run": ("running", "running kill", 0, "killed while its job runs"),
    "run+retry": ("running", "running kill", 3, "the same, the job has three retries"),
    "freeze": ("effected", "effected stop", 3, "frozen after the effect, beyond its lease, then woken"),
}


class Server:
    """A redis-server of its own on a free port."""

    def __enter__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.directory = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir",
             self.directory.name], stdout=subprocess.DEVNULL)
        self.redis = Redis(port=self.port, decode_responses=True)
        for _ in range(200):
            try:
                self.redis.ping()
                return self
            except ConnectionError:
                time.sleep(0.05)
        raise SystemExit("redis-server does not start")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.directory.cleanup()


class Rq:
    function = "rq_worker.effect"

    def __init__(self, venv):
        self.python = os.path.join(os.path.abspath(venv), "bin", "python")
        self.name = "rq " + subprocess.check_output(
            [self.python, "-c", "import rq; print(rq.VERSION)"], text=True).strip()

    def start(self, server, name, point):
        # A session of its own: the worker and the process that runs its job are woken and ended together.
        return subprocess.Popen(
            [self.python, os.path.join(HERE, "rq_worker.py"), str(server.port), name, "high,low", point], cwd=HERE,
            start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def point(self, scenario):
        return scenario[0]

    def struck(self, server, process):
        return server.redis.get("struck")

    def effects(self, redis, number, job):
        return int(redis.hget("effects", number) or 0)

    def wake(self, process):
        os.killpg(process.pid, signal.SIGCONT)
        # The job's process leads a group of its own.
        children = f"/proc/{process.pid}/task/{process.pid}/children"
        for child in open(children).read().split():
            os.kill(int(child), signal.SIGCONT)

    def end(self, process):
        try:
            for child in open(f"/proc/{process.pid}/task/{process.pid}/children").read().split():
                os.kill(int(child), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            pass
        process.kill()
        process.wait()


class Ours:
    function = "tests.effect"
    name = "holdfast"

    def __init__(self, program):
        self.program = program

    def start(self, server, name, point):
        place, verb = (point + " none").split(" ")[:2] if point != "none" else ("none", "none")
        return subprocess.Popen(
            [self.program, f"redis://127.0.0.1:{server.port}", name, "high,low", str(LEASE * 1000), place, "1", verb],
            stdout=open(os.path.join(server.directory.name, name), "w"), stderr=subprocess.DEVNULL)

    def point(self, scenario):
        return scenario[1]

    def struck(self, server, process):
        for line in open(os.path.join(server.directory.name, "struck")):
            if line.endswith("\n") and json.loads(line)["what"] == "blow":
                return json.loads(line)["time"]["microseconds"] / 1e6
        return None

    def effects(self, redis, number, job):
        return int(redis.hget(f"effects:resource:{job}", "sequence") or 0)

    def wake(self, process):
        process.send_signal(signal.SIGCONT)

    def end(self, process):
        process.kill()
        process.wait()


def until(condition, patience):
    end = time.time() + patience
    while time.time() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    return condition()


def run(system, scenario, results):
    retries = scenario[2]
    with Server() as server:
        redis = server.redis
        jobs = []
        raw = Redis(port=server.port)
        for number in range(JOBS):
            queue = Queue(("high", "low")[number % 2], connection=raw, serializer="json")
            retry = Retry(max=retries) if retries else None
            jobs.append(queue.enqueue(system.function, number, retry=retry, result_ttl=86400, failure_ttl=86400).id)
        status = lambda job: redis.hget(f"rq:job:{job}", "status")
        struck = system.start(server, "struck", system.point(scenario))
        healthy = None
        try:
            at = until(lambda: system.struck(server, struck), 60)
            if at is None:
                raise SystemExit(f"{system.name} did not come to the point {scenario}")
            before = {job: redis.hget(f"rq:job:{job}", "started_at") or "" for job in jobs}
            open_jobs = [job for job in jobs if status(job) not in FINAL]
            healthy = system.start(server, "healthy", "none")
            again = {}

            def settled():
                for job in open_jobs:
                    began = redis.hget(f"rq:job:{job}", "started_at") or ""
                    if job not in again and (began != before[job] or status(job) in FINAL):
                        again[job] = time.time() - float(at)
                return all(status(job) in FINAL for job in jobs)

            until(settled, PATIENCE)
            settled()  # what ended while it was looking
            first = {job: redis.hget(f"rq:job:{job}", "worker_name") for job in jobs}
            if "stop" in scenario[1]:
                system.wake(struck)
                time.sleep(5)
            statuses = [status(job) for job in jobs]
            lengths = [redis.xlen(f"rq:results:{job}") for job in jobs]
            overwritten = sum(
                1 for job in jobs if redis.hget(f"rq:job:{job}", "worker_name") != first[job])
            # Each victim was taken away from the struck worker, or never came back.
            results.append({
                "worker": system.name, "blow": scenario[3],
                "lost": sum(1 for s in statuses if s not in FINAL),
                "failed": statuses.count("failed"),
                "effects twice": sum(1 for n, job in enumerate(jobs) if system.effects(redis, n, job) > 1),
                "completed twice": max(sum(1 for n in lengths if n > 1), overwritten),
                "last back": max(again.values()) if len(again) == len(open_jobs) else None,
            })
        finally:
            for process in (struck, healthy):
                if process:
                    system.end(process)

HEAD = f"""{JOBS} jobs; rq with worker_ttl 20, maintenance_interval 2 and job_monitoring_interval 1 s instead of 420, 600 and
30 s; holdfast with its default lease of {LEASE} s. Effects: rq has nothing to record them by, so each execution has its
own; ours are recorded under the job's idempotency key on a fenced resource. Last back: from the blow until the last
unfinished job was begun again, or given up. With rq's defaults an idle worker looks only when its blocking pop of 405 s
ends, and maintains at most every 600 s: a job comes back after 405 to 810 s."""


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    systems = [Rq(venv) for venv in sys.argv[2:]] + [Ours(os.path.abspath(sys.argv[1]))]
    results, threads = [], []
    for scenario in SCENARIOS.values():
        for system in systems:
            threads.append(threading.Thread(target=run, args=(system, scenario, results)))
    for thread in threads:
        thread.start()
        time.sleep(0.5)
    for thread in threads:
        thread.join()
    order = [s[3] for s in SCENARIOS.values()]
    results.sort(key=lambda row: (order.index(row["blow"]), row["worker"]))
    columns = ["lost", "failed", "effects twice", "completed twice"]
    print(HEAD)
    blow = None
    for row in results:
        if row["blow"] != blow:
            blow = row["blow"]
            print(f"\n{blow}\n  {'':12}" + "".join(f"{c:>17}" for c in columns + ["last back"]))
        back = f"{row['last back']:.1f} s" if row["last back"] is not None else f"never in {PATIENCE} s"
        print(f"  {row['worker']:12}" + "".join(f"{row[c]:>17}" for c in columns) + f"{back:>17}")
    if len(results) != len(threads):
        raise SystemExit("a run did not end")


if __name__ == "__main__":
    main()
