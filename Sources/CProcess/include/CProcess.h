#ifndef HOLDFAST_CPROCESS_H
#define HOLDFAST_CPROCESS_H

// Starting and reaping child processes. Between fork and exec only async-signal-safe calls are allowed
// (signal-safety(7)), and the Swift runtime makes no such promise: that stretch is therefore written in C.

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cprocess_request {
    const char *path;               // of the executable, found already
    char *const *arguments;         // NULL-terminated, the first is the name the child sees
    char *const *environment;       // NULL-terminated "NAME=value"
    const char *directory;          // NULL: the parent's
    int streams[3];                 // descriptors for 0, 1, 2; -1: /dev/null
    bool own_group;                 // leads a process group of its own
    bool own_session;               // leads a session of its own, away from any terminal
    bool dies_with_parent;          // SIGKILL as soon as the calling *thread* ends
};

// Where a start failed.
enum cprocess_stage {
    CPROCESS_STAGE_NONE = 0,
    CPROCESS_STAGE_FORK,
    CPROCESS_STAGE_STREAMS,
    CPROCESS_STAGE_GROUP,
    CPROCESS_STAGE_DIRECTORY,
    CPROCESS_STAGE_PARENT,
    CPROCESS_STAGE_EXECUTE,
};

struct cprocess_started {
    pid_t pid;
    int pidfd;                      // becomes readable when the child ends; the caller closes it
    enum cprocess_stage failed;     // NONE: started
    int error;                      // errno of the failed stage
};

// Returns once the child runs its new image or has failed to. Every descriptor except 0, 1, 2 is closed for it.
struct cprocess_started cprocess_start(const struct cprocess_request *request);

// Collects an ended child, or with `keep` only looks at it, which keeps its number taken. Returns 1 when it had ended
// (value: exit code, or the signal if `signalled`), 0 when it still runs, -errno otherwise.
int cprocess_reap(int pidfd, bool keep, bool *signalled, int *value);

// Sends a signal to exactly the process that `pidfd` was opened for. Returns 0 or errno.
int cprocess_signal(int pidfd, int signal);

// A descriptor for a process that need not be our child, or -errno.
int cprocess_open(pid_t pid);

// Catches a signal from now on: each makes one byte readable at the descriptor returned (-errno on failure, EBUSY when
// it is caught already). `cprocess_release` brings back what was before and closes the descriptor.
int cprocess_catch(int signal);
void cprocess_release(int signal);

// write(2) that reports a closed pipe as EPIPE and never raises SIGPIPE in the process. Returns bytes or -errno.
ssize_t cprocess_write(int descriptor, const void *bytes, size_t count);

// epoll(7), each descriptor for one event at a time. All return 0 or a count, or -errno.
int cprocess_events_create(void);
int cprocess_events_watch(int events, int descriptor, bool to_write);
void cprocess_events_forget(int events, int descriptor);
int cprocess_events_wait(int events, int *descriptors, int count);

// A descriptor that makes `cprocess_events_wait` return, or -errno, and its use. It stays watched.
int cprocess_wakeup_create(int events);
void cprocess_wakeup_signal(int wakeup);
void cprocess_wakeup_consume(int wakeup);

// A close-on-exec pipe. Returns 0 or errno.
int cprocess_pipe(int ends[2]);

void cprocess_name_thread(const char *name);

// Makes ended children wait to be collected, even if this process was started with SIGCHLD ignored.
void cprocess_keep_children(void);

#endif
