#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int cprocess_events_create(void) {
    int events = epoll_create1(EPOLL_CLOEXEC);
    return events < 0 ? -errno : events;
}

int cprocess_events_watch(int events, int descriptor, bool to_write) {
    struct epoll_event interest = {.events = (to_write ? EPOLLOUT : EPOLLIN) | EPOLLONESHOT, .data.fd = descriptor};
    if (epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &interest) == 0) return 0;
    if (errno == EEXIST && epoll_ctl(events, EPOLL_CTL_MOD, descriptor, &interest) == 0) return 0;
    return -errno;
}

void cprocess_events_forget(int events, int descriptor) {
    struct epoll_event unused;
    epoll_ctl(events, EPOLL_CTL_DEL, descriptor, &unused);
}

int cprocess_events_wait(int events, int *descriptors, int count) {
    struct epoll_event ready[64];
    int got = epoll_wait(events, ready, count < 64 ? count : 64, -1);
    if (got < 0) return errno == EINTR ? 0 : -errno;
    for (int index = 0; index < got; index++) descriptors[index] = ready[index].data.fd;
    return got;
}

int cprocess_wakeup_create(int events) {
    int wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wakeup < 0) return -errno;
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = wakeup};
    return epoll_ctl(events, EPOLL_CTL_ADD, wakeup, &interest) == 0 ? wakeup : -errno;
}

void cprocess_wakeup_signal(int wakeup) {
    uint64_t one = 1;
    // A full counter means that the waiter is about to wake anyway.
    ssize_t ignored = write(wakeup, &one, sizeof one);
    (void)ignored;
}

void cprocess_wakeup_consume(int wakeup) {
    uint64_t count;
    ssize_t ignored = read(wakeup, &count, sizeof count);
    (void)ignored;
}

int cprocess_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno; }

void cprocess_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
