#include "CDigest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

int cdigest_md5(const uint8_t *data, size_t length, uint8_t *out) {
    return EVP_Digest(data, length, out, NULL, EVP_md5(), NULL) == 1;
}

int cdigest_sha256(const uint8_t *data, size_t length, uint8_t *out) {
    return EVP_Digest(data, length, out, NULL, EVP_sha256(), NULL) == 1;
}

int cdigest_equal(const uint8_t *left, const uint8_t *right, size_t length) {
    return CRYPTO_memcmp(left, right, length) == 0;
}
