#include "CFloor.h"

#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { MAX_SERVERS = 99 };

struct floor_quorum {
    int count;
    redisContext *contexts[MAX_SERVERS];
    int unanswered[MAX_SERVERS];
};

floor_quorum *floor_open(const int *ports, int count) {
    if (count < 1 || count > MAX_SERVERS) return NULL;
    floor_quorum *quorum = calloc(1, sizeof *quorum);
    if (!quorum) return NULL;
    quorum->count = count;
    for (int i = 0; i < count; i++) {
        quorum->contexts[i] = redisConnect("127.0.0.1", ports[i]);
        if (!quorum->contexts[i] || quorum->contexts[i]->err) {
            floor_close(quorum);
            return NULL;
        }
        int on = 1;
        setsockopt(quorum->contexts[i]->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return quorum;
}

void floor_close(floor_quorum *quorum) {
    for (int i = 0; i < quorum->count; i++) {
        if (quorum->contexts[i]) redisFree(quorum->contexts[i]);
    }
    free(quorum);
}

/// Whether it is a positive number, or nothing but positive numbers.
static int is_positive(const redisReply *reply) {
    if (reply->type == REDIS_REPLY_INTEGER) return reply->integer > 0;
    if (reply->type != REDIS_REPLY_ARRAY) return 0;
    for (size_t i = 0; i < reply->elements; i++) {
        if (!is_positive(reply->element[i])) return 0;
    }
    return 1;
}

int floor_round(floor_quorum *quorum, const floor_commands *commands, int replies, int positive) {
    struct pollfd polls[MAX_SERVERS];
    int target[MAX_SERVERS];
    for (int i = 0; i < quorum->count; i++) {
        redisContext *context = quorum->contexts[i];
        redisAppendFormattedCommand(context, commands[i].bytes, (size_t)commands[i].length);
        int done = 0;
        while (!done) {
            if (redisBufferWrite(context, &done) != REDIS_OK) return -1;
        }
        // The reply that counts is the last of those that this server owes.
        target[i] = quorum->unanswered[i] += replies;
        polls[i] = (struct pollfd){.fd = context->fd, .events = POLLIN};
    }
    int answered = 0;
    while (answered < quorum->count / 2 + 1) {
        if (poll(polls, (nfds_t)quorum->count, -1) < 0) return -1;
        for (int i = 0; i < quorum->count; i++) {
            if (!(polls[i].revents & (POLLIN | POLLHUP | POLLERR))) continue;
            if (redisBufferRead(quorum->contexts[i]) != REDIS_OK) return -1;
            void *reply = NULL;
            while (redisGetReplyFromReader(quorum->contexts[i], &reply) == REDIS_OK && reply) {
                const redisReply *answer = reply;
                int is_refused = answer->type == REDIS_REPLY_ERROR || (positive && !is_positive(answer));
                freeReplyObject(reply);
                if (is_refused) return -1;
                quorum->unanswered[i]--;
                if (--target[i] == 0) answered++;
            }
        }
    }
    return 0;
}

static long long nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

long long floor_cycle(
    floor_quorum *quorum, const floor_commands *take, const floor_commands *release, int replies) {
    long long began = nanoseconds();
    if (floor_round(quorum, take, replies, 1) != 0) return -1;
    long long acquired = nanoseconds();
    if (floor_round(quorum, release, replies, 1) != 0) return -1;
    return acquired - began;
}

struct pushes {
    redisContext *context;
    const floor_commands *commands;
    int count;
    long long first;
    long long interval;
};

/// The answer to one command; NULL when the connection is lost or the server answers with an error.
static redisReply *ask(redisContext *context, floor_commands command) {
    void *reply = NULL;
    redisAppendFormattedCommand(context, command.bytes, (size_t)command.length);
    if (redisGetReply(context, &reply) != REDIS_OK) return NULL;
    if (((redisReply *)reply)->type != REDIS_REPLY_ERROR) return reply;
    freeReplyObject(reply);
    return NULL;
}

static void *push(void *argument) {
    const struct pushes *pushes = argument;
    for (int i = 0; i < pushes->count; i++) {
        long long due = pushes->first + i * pushes->interval;
        struct timespec moment = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL);
        redisReply *reply = ask(pushes->context, pushes->commands[i]);
        if (!reply) return argument;
        freeReplyObject(reply);
    }
    return NULL;
}

/// Whether a job came, and was claimed.
static int pick(redisContext *context, floor_commands wait, floor_commands claim, int least) {
    redisReply *come = ask(context, wait);
    int has_come = come && come->type != REDIS_REPLY_NIL;
    if (come) freeReplyObject(come);
    redisReply *claimed = has_come ? ask(context, claim) : NULL;
    int is_claimed = claimed && claimed->type == REDIS_REPLY_ARRAY && claimed->elements >= (size_t)least;
    if (claimed) freeReplyObject(claimed);
    return is_claimed;
}

int floor_pickup(
    int port, int count, long long interval, const floor_commands *pushes, const floor_commands *wait,
    const floor_commands *claims, int least, long long *spans) {
    redisContext *context = redisConnect("127.0.0.1", port);
    struct pushes work = {redisConnect("127.0.0.1", port), pushes, count, nanoseconds() + 100000000, interval};
    pthread_t thread;
    int status = -1;
    if (context && !context->err && work.context && !work.context->err
        && pthread_create(&thread, NULL, push, &work) == 0) {
        status = 0;
        for (int i = 0; i < count && status == 0; i++) {
            if (!pick(context, *wait, claims[i], least)) status = -1;
            spans[i] = nanoseconds() - (work.first + i * interval);
        }
        void *failure = NULL;
        pthread_join(thread, &failure);
        if (failure) status = -1;
    }
    if (context) redisFree(context);
    if (work.context) redisFree(work.context);
    return status;
}
