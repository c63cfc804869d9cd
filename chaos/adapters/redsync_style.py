"""The algorithm of redsync (Go, v4: mutex.go), written here over redis-py: all nodes at once, each within a twentieth
of the lease; a quorum, in time less a drift of one percent; compare and delete. No fencing token."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import redis

import protocol

DRIFT = 0.01
NODE_SHARE = 0.05
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end"


class Adapter(protocol.Adapter):
    library = "redsync-style (algorithm of v4, in Python)"

    def open(self, nodes):
        self.urls, self.nodes = nodes, None
        self.pool = ThreadPoolExecutor(len(nodes))

    def _ask(self, question):
        """How many nodes say yes, and whether none failed."""

        def one(node):
            try:
                return bool(question(node)), False
            except redis.RedisError:
                return False, True

        answers = list(self.pool.map(one, self.nodes))
        return sum(yes for yes, _ in answers), sum(failed for _, failed in answers)

    def acquire(self, lock, ttl_ms):
        if self.nodes is None:
            self.nodes = [protocol.connect(url, ttl_ms / 1000 * NODE_SHARE) for url in self.urls]
        value = secrets.token_hex(16)
        began = protocol.boot_time_ns()
        granted, failed = self._ask(lambda node: node.set(lock, value, nx=True, px=ttl_ms))
        until = began + int(ttl_ms * (1 - DRIFT) * 1_000_000)
        if granted > len(self.nodes) // 2 and protocol.boot_time_ns() < until:
            return value, until
        self._ask(lambda node: node.eval(RELEASE, 1, lock, value))
        if failed > len(self.nodes) // 2:
            raise protocol.Failure("unavailable", f"{failed} of {len(self.nodes)} nodes did not answer")
        raise protocol.Failure("held", f"{granted} of {len(self.nodes)} nodes granted it")

    def release(self, lock, lease):
        released, _ = self._ask(lambda node: node.eval(RELEASE, 1, lock, lease))
        if released <= len(self.nodes) // 2:
            raise protocol.Failure("lost", f"{released} of {len(self.nodes)} nodes still kept it")


protocol.serve(Adapter())
