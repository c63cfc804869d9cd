#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

struct failure {
    int32_t stage;
    int32_t error;
};

static void fail(int report, enum cprocess_stage stage) {
    struct failure failure = {stage, errno};
    ssize_t ignored = write(report, &failure, sizeof failure);
    (void)ignored;
    _exit(127);
}

static void close_others_on_exec(void) {
    if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
    // Before Linux 5.11: one by one, within the limit that this process was given.
    struct rlimit limit;
    int end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
    for (int descriptor = 3; descriptor < end; descriptor++) {
        int flags = fcntl(descriptor, F_GETFD);
        if (flags >= 0) fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
    }
}

// Runs in the child with all signals blocked. Async-signal-safe calls only.
static void become(const struct cprocess_request *request, pid_t parent, int report) {
    if (request->dies_with_parent) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(report, CPROCESS_STAGE_PARENT);
        // The parent may have died before the line above; then nobody would ever send the signal.
        if (getppid() != parent) _exit(127);
    }
    if (request->own_session) {
        if (setsid() < 0) fail(report, CPROCESS_STAGE_GROUP);
    } else if (request->own_group) {
        if (setpgid(0, 0) != 0) fail(report, CPROCESS_STAGE_GROUP);
    }

    // First away from 0, 1, 2, so that no dup2 below overwrites a source that is still needed.
    int sources[3];
    for (int index = 0; index < 3; index++) {
        int source = request->streams[index];
        if (source < 0) {
            source = open("/dev/null", (index == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
            if (source < 0) fail(report, CPROCESS_STAGE_STREAMS);
        }
        sources[index] = fcntl(source, F_DUPFD_CLOEXEC, 3);
        if (sources[index] < 0) fail(report, CPROCESS_STAGE_STREAMS);
    }
    for (int index = 0; index < 3; index++) {
        if (dup2(sources[index], index) < 0) fail(report, CPROCESS_STAGE_STREAMS);
    }
    if (request->directory && chdir(request->directory) != 0) fail(report, CPROCESS_STAGE_DIRECTORY);
    close_others_on_exec();

    // Handlers are gone with exec, but ignored signals and the mask are inherited.
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    execve(request->path, request->arguments, request->environment);
    fail(report, CPROCESS_STAGE_EXECUTE);
}

struct cprocess_started cprocess_start(const struct cprocess_request *request) {
    struct cprocess_started started = {.pid = -1, .pidfd = -1, .failed = CPROCESS_STAGE_FORK, .error = 0};
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        started.error = errno;
        return started;
    }
    // The report must survive the dup2 of the standard streams even in a parent that closed its own.
    int report = fcntl(pipes[1], F_DUPFD_CLOEXEC, 3);
    int duplicated = errno;
    close(pipes[1]);
    if (report < 0) {
        started.error = duplicated;
        close(pipes[0]);
        return started;
    }

    // No handler of ours may run in the child.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) become(request, parent, report);
    int forked = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report);
    if (pid < 0) {
        started.error = forked;
        close(pipes[0]);
        return started;
    }

    // The child cannot be collected by anyone else before this: the number names it for certain.
    started.pidfd = cprocess_open(pid);
    struct failure failure;
    ssize_t count;
    do count = read(pipes[0], &failure, sizeof failure);
    while (count < 0 && errno == EINTR);
    close(pipes[0]);

    if (count == (ssize_t)sizeof failure) {
        started.failed = (enum cprocess_stage)failure.stage;
        started.error = failure.error;
    } else if (started.pidfd < 0) {
        started.error = -started.pidfd;
        kill(pid, SIGKILL);
    } else {
        started.pid = pid;
        started.failed = CPROCESS_STAGE_NONE;
        return started;
    }
    siginfo_t ended;
    while (waitid(P_PID, (id_t)pid, &ended, WEXITED) != 0 && errno == EINTR) {
    }
    if (started.pidfd >= 0) close(started.pidfd);
    started.pidfd = -1;
    return started;
}
