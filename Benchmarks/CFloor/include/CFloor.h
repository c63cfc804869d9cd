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
/// passing. 0, or -1 when a connection is lost.
int floor_round(floor_quorum *quorum, const char *command, long length);

#endif
