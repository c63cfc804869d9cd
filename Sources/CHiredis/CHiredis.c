// memmem
#define _GNU_SOURCE
#include "CHiredis.h"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    // A larger feed makes hiredis' buffer grow by copying.
    FEED_SLICE = HF_FEED_LIMIT,
    MAX_TOKENS = 64 * 1024 * 1024,
    MAX_DEPTH = 7,
    // What a reader keeps between replies; a rare large reply gives the rest back.
    KEEP_BYTES = 1024 * 1024,
    // The longest status, error or header line. hiredis looks for the line's end from its beginning at every feed, so
    // that an endless line would cost time quadratic in its length.
    MAX_LINE = 64 * 1024,
    // A bulk string's header is `-` or a digit, at most 19 digits, CR and LF.
    MAX_BULK_HEADER = 32,
};

struct hf_reader {
    redisReader *hiredis;
    hf_token *tokens;
    size_t token_count, token_capacity;
    uint8_t *bytes;
    size_t byte_count, byte_capacity;
    size_t max_bytes, unanswered_bytes;
    int broken;
    char error[160];
};

static int fail(hf_reader *reader, const char *text) {
    reader->broken = 1;
    // The first sentence is the reason; what hiredis makes of our refusal ("out of memory") is not.
    if (!reader->error[0]) snprintf(reader->error, sizeof reader->error, "%s", text);
    return -1;
}

static void *refuse(const redisReadTask *task, const char *text) {
    fail(task->privdata, text);
    return NULL;
}

// A non-NULL object for every token: hiredis takes NULL for "out of memory".
static char token_object;

static void *append_token(const redisReadTask *task, uint32_t type, int64_t value, uint32_t length) {
    hf_reader *reader = task->privdata;
    if (reader->token_count == reader->token_capacity) {
        size_t capacity = reader->token_capacity ? reader->token_capacity * 2 : 64;
        if (capacity > MAX_TOKENS) return refuse(task, "the reply has too many elements");
        hf_token *grown = realloc(reader->tokens, capacity * sizeof *grown);
        if (!grown) return NULL;
        reader->tokens = grown;
        reader->token_capacity = capacity;
    }
    reader->tokens[reader->token_count++] = (hf_token){.value = value, .length = length, .type = type};
    return &token_object;
}

static void *on_string(const redisReadTask *task, char *text, size_t length) {
    hf_reader *reader = task->privdata;
    if (length > UINT32_MAX) return refuse(task, "a string exceeds the size limit");
    switch (task->type) {
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR: break;
    case REDIS_REPLY_STRING:
        // hiredis waits for the two bytes behind a bulk string and skips them unseen.
        if (text[length] != '\r' || text[length + 1] != '\n') {
            return refuse(task, "a bulk string is longer than it says");
        }
        break;
    default: return refuse(task, "a type that only RESP3 knows");
    }
    if (reader->byte_count + length > reader->byte_capacity) {
        size_t capacity = reader->byte_capacity ? reader->byte_capacity : 4096;
        while (capacity < reader->byte_count + length) capacity *= 2;
        uint8_t *grown = realloc(reader->bytes, capacity);
        if (!grown) return NULL;
        reader->bytes = grown;
        reader->byte_capacity = capacity;
    }
    if (length) memcpy(reader->bytes + reader->byte_count, text, length);
    size_t offset = reader->byte_count;
    reader->byte_count += length;
    uint32_t type = task->type == REDIS_REPLY_STATUS  ? HF_STATUS
                    : task->type == REDIS_REPLY_ERROR ? HF_ERROR
                                                      : HF_STRING;
    return append_token(task, type, (int64_t)offset, (uint32_t)length);
}

#if HIREDIS_MAJOR >= 1
// A type without a callback would leave no token, and the tape's element counts would lie.
static void *on_double(const redisReadTask *task, double value, char *text, size_t length) {
    (void)value, (void)text, (void)length;
    return refuse(task, "a type that only RESP3 knows");
}

static void *on_bool(const redisReadTask *task, int value) {
    (void)value;
    return refuse(task, "a type that only RESP3 knows");
}

static void *on_array(const redisReadTask *task, size_t count) {
#else
static void *on_array(const redisReadTask *task, int count) {
#endif
    if (task->type != REDIS_REPLY_ARRAY) return refuse(task, "a type that only RESP3 knows");
    int depth = 1;
    for (const redisReadTask *parent = task->parent; parent; parent = parent->parent) depth++;
    if (depth > MAX_DEPTH) return refuse(task, "arrays nested too deep");
    return append_token(task, HF_ARRAY, (int64_t)count, 0);
}

static void *on_integer(const redisReadTask *task, long long value) { return append_token(task, HF_INTEGER, value, 0); }

static void *on_nil(const redisReadTask *task) { return append_token(task, HF_NIL, 0, 0); }

static void on_free(void *object) { (void)object; }

static redisReplyObjectFunctions callbacks = {
    .createString = on_string,
    .createArray = on_array,
    .createInteger = on_integer,
    .createNil = on_nil,
    .freeObject = on_free,
#if HIREDIS_MAJOR >= 1
    .createDouble = on_double,
    .createBool = on_bool,
#endif
};

hf_reader *hf_reader_create(size_t max_bytes) {
    hf_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return NULL;
    reader->hiredis = redisReaderCreateWithFunctions(&callbacks);
    if (!reader->hiredis) {
        free(reader);
        return NULL;
    }
    reader->hiredis->privdata = reader;
    reader->hiredis->maxbuf = KEEP_BYTES;
    reader->max_bytes = max_bytes;
    return reader;
}

void hf_reader_free(hf_reader *reader) {
    if (!reader) return;
    redisReaderFree(reader->hiredis);
    free(reader->tokens);
    free(reader->bytes);
    free(reader);
}

// Nothing but the body of a bulk string may leave more than a line unconsumed.
static int endless_line(const redisReader *hiredis) {
    size_t pending = hiredis->len - hiredis->pos;
    return pending > MAX_LINE && !memmem(hiredis->buf + hiredis->pos, MAX_BULK_HEADER, "\r\n", 2);
}

int hf_reader_feed(hf_reader *reader, const void *bytes, size_t count) {
    if (reader->broken) return -1;
    if (count > FEED_SLICE) return fail(reader, "fed more than a slice");
    if (count == 0) return 0;
    reader->unanswered_bytes += count;
    if (reader->unanswered_bytes > reader->max_bytes + FEED_SLICE) {
        return fail(reader, "the reply exceeds the size limit");
    }
    if (redisReaderFeed(reader->hiredis, bytes, count) != REDIS_OK) return fail(reader, reader->hiredis->errstr);
    return 0;
}

int hf_reader_next(hf_reader *reader) {
    if (reader->broken) return -1;
    void *object = NULL;
    if (redisReaderGetReply(reader->hiredis, &object) != REDIS_OK) return fail(reader, reader->hiredis->errstr);
    if (!object) return endless_line(reader->hiredis) ? fail(reader, "a line without end") : 0;
    // What is still buffered belongs to later replies.
    reader->unanswered_bytes = reader->hiredis->len - reader->hiredis->pos;
    return 1;
}

void hf_reader_reset(hf_reader *reader) {
    reader->token_count = 0;
    reader->byte_count = 0;
    if (reader->byte_capacity > KEEP_BYTES) {
        free(reader->bytes);
        reader->bytes = NULL;
        reader->byte_capacity = 0;
    }
    if (reader->token_capacity > KEEP_BYTES / sizeof *reader->tokens) {
        free(reader->tokens);
        reader->tokens = NULL;
        reader->token_capacity = 0;
    }
}

const hf_token *hf_reader_tokens(const hf_reader *reader, size_t *count) {
    *count = reader->token_count;
    return reader->tokens;
}

const uint8_t *hf_reader_bytes(const hf_reader *reader) { return reader->bytes; }

const char *hf_reader_error(const hf_reader *reader) { return reader->error; }

char *hf_format_command(int count, const char **arguments, const size_t *lengths, size_t *length) {
    char *command = NULL;
    long long written = redisFormatCommandArgv(&command, count, arguments, lengths);
    if (written < 0) return NULL;
    *length = (size_t)written;
    return command;
}
