"""The adapter protocol of `holdfast verify --adapter`, for Python. See docs/other-locks.md.

An adapter is a class with `library`, `open`, `acquire` and `release`; registers are kept here, as programs without
fences keep them. `serve` reads requests from standard input, a line of JSON each, and answers each with a line.
"""

import json
import sys
import time
import traceback

import redis


class Failure(Exception):
    """What was asked for did not happen: `kind` is one of held, unavailable, lost, stale, invalid."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def boot_time_ns():
    """The clock of `until_ns`: one for all processes of the machine, and it counts suspension."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def connect(url, timeout=2.0):
    """A client that gives up after `timeout` seconds, and sends nothing twice: a retry is the library's business."""
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),
    )


class Adapter:
    library = "unnamed"

    def __init__(self):
        self.leases = {}
        self.store = None

    def open(self, nodes):
        """Prepares for locking on these nodes, given by their URLs."""
        raise NotImplementedError

    def acquire(self, lock, ttl_ms):
        """One attempt. Returns what `release` needs, and until when the holder believes in it, by `boot_time_ns`;
        None: for `ttl_ms` from the beginning of the attempt. Raises `Failure`."""
        raise NotImplementedError

    def release(self, lock, lease):
        """Raises `Failure("lost")` when the lease had ended before."""
        raise NotImplementedError

    def answer(self, request):
        op = request["op"]
        if op == "open":
            self.store = connect(request["store"])
            self.open(request["nodes"])
            return {"protocol": 1, "library": self.library, "tokens": False}
        if op == "acquire":
            lease, until = self.acquire(request["lock"], request["ttl_ms"])
            name = str(request["id"])
            self.leases[name] = lease
            return {"lease": name} if until is None else {"lease": name, "until_ns": until}
        if op == "release":
            if request["lease"] not in self.leases:
                raise Failure("invalid", "no such lease")
            self.release(request["lock"], self.leases.pop(request["lease"]))
            return {}
        if op == "read":
            value = self.store.get(request["register"])
            return {"value": None if value is None else int(value)}
        if op == "write":
            self.store.set(request["register"], request["value"])
            return {}
        if op == "forget":
            self.store.delete(request["register"])
            return {}
        raise Failure("invalid", f"there is no operation {op}")


def reply(adapter, request):
    try:
        return {"id": request["id"], "ok": adapter.answer(request)}
    except Failure as failure:
        kind, message = failure.kind, str(failure)
    except redis.RedisError as error:
        kind, message = "unavailable", f"{type(error).__name__}: {error}"
    except Exception as error:
        traceback.print_exc()
        kind, message = "failed", f"{type(error).__name__}: {error}"
    return {"id": request["id"], "error": {"kind": kind, "message": message}}


def serve(adapter):
    """Until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(reply(adapter, json.loads(line))), flush=True)
