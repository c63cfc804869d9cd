"""pottery's Redlock: asks all nodes at once, a thread for each; no fencing token."""

import logging
from importlib.metadata import version

from pottery import Redlock, ReleaseUnlockedLock

import protocol

NODE_TIMEOUT = 0.1
# It logs a stack for every node that does not answer.
logging.disable(logging.CRITICAL)


class Adapter(protocol.Adapter):
    library = f"pottery {version('pottery')}"

    def open(self, nodes):
        self.masters = {protocol.connect(url, NODE_TIMEOUT) for url in nodes}

    def acquire(self, lock, ttl_ms):
        held = Redlock(key=lock, masters=self.masters, auto_release_time=ttl_ms / 1000)
        if not held.acquire(blocking=False):
            raise protocol.Failure("held", "no majority of nodes granted it")
        return held, None

    def release(self, lock, lease):
        try:
            lease.release()
        except ReleaseUnlockedLock as error:
            raise protocol.Failure("lost", str(error))


protocol.serve(Adapter())
