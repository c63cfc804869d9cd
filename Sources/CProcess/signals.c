#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

// A self-pipe for each signal. Signals are numbered 1...64 on Linux.
static struct {
    atomic_int to_write;  // descriptor + 1; 0: not caught
    int to_read;
    struct sigaction before;
} caught[65];
static pthread_mutex_t changes = PTHREAD_MUTEX_INITIALIZER;

static void on_signal(int signal) {
    int before = errno;
    int descriptor = atomic_load(&caught[signal].to_write) - 1;
    if (descriptor >= 0) {
        // A full pipe means that thousands were not looked at yet: one more says nothing new.
        ssize_t ignored = write(descriptor, "!", 1);
        (void)ignored;
    }
    errno = before;
}

int cprocess_catch(int signal) {
    if (signal < 1 || signal > 64) return -EINVAL;
    pthread_mutex_lock(&changes);
    int ends[2] = {-1, -1};
    int error = 0;
    if (atomic_load(&caught[signal].to_write) != 0) {
        error = EBUSY;
    } else if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        error = errno;
    } else {
        caught[signal].to_read = ends[0];
        atomic_store(&caught[signal].to_write, ends[1] + 1);
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        sigemptyset(&action.sa_mask);
        if (sigaction(signal, &action, &caught[signal].before) != 0) {
            error = errno;
            atomic_store(&caught[signal].to_write, 0);
            close(ends[0]);
            close(ends[1]);
        }
    }
    pthread_mutex_unlock(&changes);
    return error ? -error : ends[0];
}

void cprocess_release(int signal) {
    pthread_mutex_lock(&changes);
    int descriptor = atomic_exchange(&caught[signal].to_write, 0) - 1;
    if (descriptor >= 0) {
        sigaction(signal, &caught[signal].before, NULL);
        close(descriptor);
        close(caught[signal].to_read);
    }
    pthread_mutex_unlock(&changes);
}
