"""redlock-py: asks one node after the other; no fencing token."""

from importlib.metadata import version

from redlock import MultipleRedlockException, Redlock

import protocol

# Far below the lease: a node that is away must not use it up.
NODE_TIMEOUT = 0.1


class Adapter(protocol.Adapter):
    library = f"redlock-py {version('redlock-py')}"

    def open(self, nodes):
        self.locks = Redlock([protocol.connect(url, NODE_TIMEOUT) for url in nodes], retry_count=1, retry_delay=0.001)

    def acquire(self, lock, ttl_ms):
        try:
            held = self.locks.lock(lock, ttl_ms)
        except MultipleRedlockException as errors:
            raise protocol.Failure("unavailable", str(errors))
        if not held:
            raise protocol.Failure("held", "no majority of nodes granted it")
        return held, protocol.boot_time_ns() + held.validity * 1_000_000

    def release(self, lock, lease):
        self.locks.unlock(lease)


protocol.serve(Adapter())
