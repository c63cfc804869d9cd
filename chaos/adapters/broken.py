"""No lock at all: grants whatever is asked for. `holdfast verify` must find it guilty, or the judge is blind."""

import protocol


class Adapter(protocol.Adapter):
    library = "broken (grants to everybody)"

    def open(self, nodes):
        pass

    def acquire(self, lock, ttl_ms):
        return lock, None

    def release(self, lock, lease):
        pass


protocol.serve(Adapter())
