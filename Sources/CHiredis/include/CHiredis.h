// hiredis' RESP reader, feeding a flat tape.
//
// The only place that knows hiredis' structs. hiredis calls us back for every token of a reply; we append a fixed-size
// record to an array and the bytes to a buffer, so that a reply costs no allocation of its own. Swift reads the tape
// and resets it after each complete reply. Not thread-safe: one reader belongs to one connection's serial context.
#ifndef HOLDFAST_CHIREDIS_H
#define HOLDFAST_CHIREDIS_H

#include <stddef.h>
#include <stdint.h>

enum {
    HF_STRING = 1,
    HF_ARRAY = 2,
    HF_INTEGER = 3,
    HF_NIL = 4,
    HF_STATUS = 5,
    HF_ERROR = 6,
};

/// One token, in pre-order: an array is followed by its `value` elements.
typedef struct hf_token {
    int64_t value;   ///< the integer, the number of elements, or the offset of the bytes
    uint32_t length; ///< the number of bytes
    uint32_t type;   ///< HF_…
} hf_token;

typedef struct hf_reader hf_reader;

/// The most that one call of hf_reader_feed takes.
enum { HF_FEED_LIMIT = 64 * 1024 };

/// A reader whose single reply may not exceed `max_bytes` on the wire (checked with a slack of one feed); NULL when
/// out of memory.
hf_reader *hf_reader_create(size_t max_bytes);
void hf_reader_free(hf_reader *reader);

/// Hands over at most HF_FEED_LIMIT received bytes. 0, or -1 (see hf_reader_error) when memory or the bound is
/// exhausted. After the first -1 of any call every call answers -1.
int hf_reader_feed(hf_reader *reader, const void *bytes, size_t count);

/// 1: the tape holds one complete reply; 0: more bytes are needed; -1: the stream is broken for good.
int hf_reader_next(hf_reader *reader);

/// Forgets the reply on the tape. Only after hf_reader_next returned 1.
void hf_reader_reset(hf_reader *reader);

const hf_token *hf_reader_tokens(const hf_reader *reader, size_t *count);
const uint8_t *hf_reader_bytes(const hf_reader *reader);
const char *hf_reader_error(const hf_reader *reader);

/// hiredis' own formatter, the oracle of our encoder's tests: a malloc'ed command, its length, or NULL.
char *hf_format_command(int count, const char **arguments, const size_t *lengths, size_t *length);

#endif
