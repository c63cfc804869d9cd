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
                int is_refused = answer->type == REDIS_REPLY_ERROR
                    || (positive && (answer->type != REDIS_REPLY_INTEGER || answer->integer <= 0));
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
    int count;
    long long first;
    long long interval;
};

static void *push(void *argument) {
    const struct pushes *pushes = argument;
    for (int i = 0; i < pushes->count; i++) {
        long long due = pushes->first + i * pushes->interval;
        struct timespec moment = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL);
        redisReply *reply = redisCommand(pushes->context, "RPUSH floor:queue %lld", due);
        if (!reply) return argument;
        freeReplyObject(reply);
    }
    return NULL;
}

static int pop(redisContext *context, long long *span) {
    redisReply *popped = redisCommand(context, "BLPOP floor:queue 5");
    if (!popped || popped->type != REDIS_REPLY_ARRAY || popped->elements != 2) {
        if (popped) freeReplyObject(popped);
        return -1;
    }
    long long due = atoll(popped->element[1]->str);
    freeReplyObject(popped);
    redisReply *record = redisCommand(context, "HMGET floor:job data status timeout origin");
    *span = nanoseconds() - due;
    int is_lost = !record || record->type != REDIS_REPLY_ARRAY;
    if (record) freeReplyObject(record);
    return is_lost ? -1 : 0;
}

int floor_pickup(int port, int count, long long interval, long long *spans) {
    redisContext *context = redisConnect("127.0.0.1", port);
    struct pushes pushes = {redisConnect("127.0.0.1", port), count, nanoseconds() + 100000000, interval};
    pthread_t thread;
    int status = -1;
    if (context && !context->err && pushes.context && !pushes.context->err
        && pthread_create(&thread, NULL, push, &pushes) == 0) {
        status = 0;
        for (int i = 0; i < count && status == 0; i++) status = pop(context, &spans[i]);
        void *failure = NULL;
        pthread_join(thread, &failure);
        if (failure) status = -1;
        redisReply *reply = redisCommand(context, "DEL floor:queue");
        if (reply) freeReplyObject(reply);
    }
    if (context) redisFree(context);
    if (pushes.context) redisFree(pushes.context);
    return status;
}
