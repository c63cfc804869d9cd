#ifndef HOLDFAST_CZLIB_H
#define HOLDFAST_CZLIB_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

// Whole buffers in the zlib format (RFC 1950), the one that RQ writes. Both return the number of bytes written, or
// one of the negative values below. They keep no state, so any thread may call them at any time.

#define HF_ZLIB_BROKEN (-1)  // the input is not in the zlib format, or is cut short
#define HF_ZLIB_FULL (-2)    // the output does not fit into `capacity`

static inline int64_t hf_deflate(const uint8_t *input, size_t length, uint8_t *output, size_t capacity) {
    uLongf written = capacity;
    return compress2(output, &written, input, length, Z_DEFAULT_COMPRESSION) == Z_OK ? (int64_t)written : HF_ZLIB_FULL;
}

static inline size_t hf_deflate_bound(size_t length) { return compressBound(length); }

static inline int64_t hf_inflate(const uint8_t *input, size_t length, uint8_t *output, size_t capacity) {
    uLongf written = capacity;
    switch (uncompress(output, &written, input, length)) {
        case Z_OK: return (int64_t)written;
        // zlib says "buffer error" both for a full output and for an input that ends too early.
        case Z_BUF_ERROR: return written == capacity ? HF_ZLIB_FULL : HF_ZLIB_BROKEN;
        default: return HF_ZLIB_BROKEN;
    }
}

#endif
