// What Holdfast uses of OpenSSL's libcrypto: SHA-256 and HMAC-SHA256.
//
// Written for OpenSSL 3.0 or newer (Debian 12 ships 3.0). Any thread may call these functions at any time; a context
// belongs to one caller. Those that return an int say 1, or 0 when memory is exhausted or when the provider that the
// system's configuration chooses lacks the algorithm.
#ifndef HOLDFAST_COPENSSL_H
#define HOLDFAST_COPENSSL_H

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

enum { HF_SHA256_BYTES = 32 };

/// Writes HF_SHA256_BYTES to `digest`, as the other functions do.
int hf_sha256(const uint8_t *bytes, size_t count, uint8_t *digest);

/// A context for bytes that come in pieces; NULL where the others return 0. It may be freed at any time, and is of no
/// more use after hf_sha256_final.
EVP_MD_CTX *hf_sha256_create(void);
int hf_sha256_update(EVP_MD_CTX *context, const uint8_t *bytes, size_t count);
int hf_sha256_final(EVP_MD_CTX *context, uint8_t *digest);
void hf_sha256_free(EVP_MD_CTX *context);

/// The key may be empty, but not NULL: libcrypto takes that for a missing key.
int hf_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count, uint8_t *code);

/// Whether two codes are the same, in a time that depends on `count` only.
int hf_constant_time_equal(const uint8_t *left, const uint8_t *right, size_t count);

#endif
