#include "CHiredis.h"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// hiredis feeds at most this much per call: a larger feed makes its buffer grow by copying.
enum { FEED_SLICE = 64 * 1024, MAX_TOKENS = 64 * 1024 * 1024, KEEP_BYTES = 1024 * 1024 };

struct hf_reader {
    redisReader *hiredis;
    hf_token *tokens;
    size_t token_count, token_capacity;
    uint8_t *bytes;
    size_t byte_count, byte_capacity;
    size_t max_bytes, unanswered_bytes;
    char error[160];
};

// A non-NULL object for every token: hiredis takes NULL for "out of memory".
static char token_object;

static void *append_token(const redisReadTask *task, uint32_t type, int64_t value, uint32_t length) {
    hf_reader *reader = task->privdata;
    if (reader->token_count == reader->token_capacity) {
        size_t capacity = reader->token_capacity ? reader->token_capacity * 2 : 64;
        if (capacity > MAX_TOKENS) return NULL;
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
    if (length > UINT32_MAX) return NULL;
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
static void *on_array(const redisReadTask *task, size_t count) {
#else
static void *on_array(const redisReadTask *task, int count) {
#endif
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

static int fail(hf_reader *reader, const char *text) {
    snprintf(reader->error, sizeof reader->error, "%s", text);
    return -1;
}

int hf_reader_feed(hf_reader *reader, const void *bytes, size_t count) {
    reader->unanswered_bytes += count;
    if (reader->unanswered_bytes > reader->max_bytes + FEED_SLICE) {
        return fail(reader, "the reply exceeds the size limit");
    }
    const char *next = bytes;
    while (count) {
        size_t slice = count < FEED_SLICE ? count : FEED_SLICE;
        if (redisReaderFeed(reader->hiredis, next, slice) != REDIS_OK) return fail(reader, reader->hiredis->errstr);
        next += slice;
        count -= slice;
    }
    return 0;
}

int hf_reader_next(hf_reader *reader) {
    void *object = NULL;
    if (redisReaderGetReply(reader->hiredis, &object) != REDIS_OK) return fail(reader, reader->hiredis->errstr);
    if (!object) return 0;
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
