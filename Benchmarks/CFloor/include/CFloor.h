// The floor: what one thread of C on hiredis' blocking API achieves on the same servers. No leases, no errors worth the
// name, no concurrency: only the bytes that must travel.
#ifndef HOLDFAST_CFLOOR_H
#define HOLDFAST_CFLOOR_H

typedef struct floor_quorum floor_quorum;

/// Encoded commands, one behind the other.
typedef struct {
    const char *bytes;
    long length;
} floor_commands;

/// Connects to `count` servers on 127.0.0.1; NULL when one cannot be reached.
floor_quorum *floor_open(const int *ports, int count);
void floor_close(floor_quorum *quorum);

/// Sends to each server its own of `commands` (as many as there are servers, `replies` commands in each) and returns when
/// a majority has answered all; the rest is read in passing. 0, or -1 when a connection is lost, a server answers with an
/// error or, where `positive`, with anything but an integer above 0: what was refused must not pass for speed.
int floor_round(floor_quorum *quorum, const floor_commands *commands, int replies, int positive);

/// Two such rounds, in which only positive integers count: the nanoseconds that the first took, or -1 as above.
long long floor_cycle(
    floor_quorum *quorum, const floor_commands *take, const floor_commands *release, int replies);

/// Lets an idle worker pick `count` jobs up: every `interval` nanoseconds one is due, and another thread sends its one of
/// `pushes`. The worker sends `wait` until something has come, and then its one of `claims`, which must be answered by at
/// least so many elements: the two round trips that any worker of a list and records needs. Notes in `spans` for how many
/// nanoseconds each job was due by then. 0, or -1 when a connection is lost or a server answers with an error.
int floor_pickup(
    int port, int count, long long interval, const floor_commands *pushes, const floor_commands *wait,
    const floor_commands *claims, int least, long long *spans);

#endif
