#include "COpenSSL.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

// Fetched once and kept: with EVP_sha256() every digest would search the providers again, under their locks.
static EVP_MD *algorithm;
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

static void fetch(void) {
    // Unless somebody was first, libcrypto stays usable until the process ends: a thread may still digest in exit().
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static const EVP_MD *sha256(void) { return CRYPTO_THREAD_run_once(&once, fetch) ? algorithm : NULL; }

int hf_sha256(const uint8_t *bytes, size_t count, uint8_t *digest) {
    const EVP_MD *type = sha256();
    return type && EVP_Digest(bytes, count, digest, NULL, type, NULL) == 1;
}

EVP_MD_CTX *hf_sha256_create(void) {
    const EVP_MD *type = sha256();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (type && context && EVP_DigestInit_ex(context, type, NULL) == 1) return context;
    EVP_MD_CTX_free(context);
    return NULL;
}

int hf_sha256_update(EVP_MD_CTX *context, const uint8_t *bytes, size_t count) {
    return EVP_DigestUpdate(context, bytes, count) == 1;
}

int hf_sha256_final(EVP_MD_CTX *context, uint8_t *digest) { return EVP_DigestFinal_ex(context, digest, NULL) == 1; }

void hf_sha256_free(EVP_MD_CTX *context) { EVP_MD_CTX_free(context); }

int hf_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count, uint8_t *code) {
    const size_t room = HF_SHA256_BYTES;
    return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_count, bytes, count, code, room, NULL) != NULL;
}

int hf_constant_time_equal(const uint8_t *left, const uint8_t *right, size_t count) {
    return CRYPTO_memcmp(left, right, count) == 0;
}
