#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

int cprocess_open(pid_t pid) {
    int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);  // close-on-exec by definition
    return descriptor < 0 ? -errno : descriptor;
}

int cprocess_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0 ? 0 : errno;
}

int cprocess_reap(int pidfd, bool keep, bool *signalled, int *value) {
    siginfo_t ended;
    memset(&ended, 0, sizeof ended);
    int status;
    const int by_descriptor = 3;  // P_PIDFD, which older headers do not name
    do status = waitid((idtype_t)by_descriptor, (id_t)pidfd, &ended, WEXITED | WNOHANG | (keep ? WNOWAIT : 0));
    while (status != 0 && errno == EINTR);
    if (status != 0) return -errno;
    if (ended.si_pid == 0) return 0;
    *signalled = ended.si_code != CLD_EXITED;
    *value = ended.si_status;
    return 1;
}

ssize_t cprocess_write(int descriptor, const void *bytes, size_t count) {
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ssize_t written = write(descriptor, bytes, count);
    int error = written < 0 ? errno : 0;
    if (error == EPIPE && !was_pending) {
        // SIGPIPE is sent to this thread, which blocks it: take it away again.
        const struct timespec at_once = {0, 0};
        while (sigtimedwait(&pipe, NULL, &at_once) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error ? -error : written;
}

void cprocess_keep_children(void) {
    struct sigaction action;
    if (sigaction(SIGCHLD, NULL, &action) != 0) return;
    if (action.sa_handler != SIG_IGN && !(action.sa_flags & SA_NOCLDWAIT)) return;
    if (action.sa_handler == SIG_IGN) action.sa_handler = SIG_DFL;
    action.sa_flags &= ~SA_NOCLDWAIT;
    sigaction(SIGCHLD, &action, NULL);
}
