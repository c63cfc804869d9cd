// The floor: what one thread of C on hiredis' blocking API achieves on the same servers with the same scripts. No
// leases, no errors worth the name, no concurrency: only the bytes that must travel.
#ifndef HOLDFAST_CFLOOR_H
#define HOLDFAST_CFLOOR_H

#include <stdint.h>

typedef struct floor_quorum floor_quorum;

/// Connects to `count` servers on 127.0.0.1; NULL when one cannot be reached.
floor_quorum *floor_open(const int *ports, int count);
void floor_close(floor_quorum *quorum);

/// Sends to each server `command` (encoded, `length` bytes) and returns when a majority has answered; the rest is read in
/// passing. 0, or -1 when a connection is lost or a server answers with an error.
int floor_round(floor_quorum *quorum, const char *command, long length);

/// Acquires and releases one lock by two scripts, known by their digests of 40 characters: `take` gets the lock's key, the
/// counter's key and the owner, `release` the lock's key and the owner. `turn` makes the owner. The nanoseconds that the
/// acquisition took, or -1 as above.
long long floor_cycle(floor_quorum *quorum, const char *take, const char *release, unsigned turn);

#endif
