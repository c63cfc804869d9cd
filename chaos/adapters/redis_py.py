"""redis-py's own Lock, on the first node only: a lock without any quorum; no fencing token."""

import redis
from redis.exceptions import LockError

import protocol


class Adapter(protocol.Adapter):
    library = f"redis-py {redis.__version__} Lock"

    def open(self, nodes):
        self.node = protocol.connect(nodes[0], 0.25)

    def acquire(self, lock, ttl_ms):
        held = self.node.lock(lock, timeout=ttl_ms / 1000)
        if not held.acquire(blocking=False):
            raise protocol.Failure("held", "the node keeps it for another")
        return held, None

    def release(self, lock, lease):
        try:
            lease.release()
        except LockError as error:
            raise protocol.Failure("lost", str(error))


protocol.serve(Adapter())
