#include "CCrypto.h"
#include "internal.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <string.h>

int ccrypto_sha256(struct ccrypto_octets data, uint8_t out[32]) {
    return EVP_Digest(data.start, data.count, out, NULL, EVP_sha256(), NULL) == 1;
}

int ccrypto_hkdf(struct ccrypto_octets secret, struct ccrypto_octets info, uint8_t *out, size_t count) {
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret.start, secret.count),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info.start, info.count),
        OSSL_PARAM_construct_end(),
    };
    int done = context && EVP_KDF_derive(context, out, count, parameters) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    ERR_clear_error();
    return done;
}

int ccrypto_scrypt(struct ccrypto_octets password, struct ccrypto_octets salt, uint64_t cost, uint64_t block_size,
                   uint64_t parallelism, uint8_t *out, size_t count) {
    // What it needs, and a little for its own tables.
    uint64_t memory = 128 * block_size * (cost + parallelism + 2) + (1 << 20);
    int done = EVP_PBE_scrypt((const char *)password.start, password.count, salt.start, salt.count, cost, block_size,
                              parallelism, memory, out, count);
    ERR_clear_error();
    return done == 1;
}

// A key file with a passphrase is refused; nobody is asked at a terminal.
static int no_passphrase(char *buffer, int size, int writing, void *context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

EVP_PKEY *ccrypto_read_key(struct ccrypto_octets pem) {
    if (pem.count > INT_MAX) return NULL;
    BIO *bio = BIO_new_mem_buf(pem.start, (int)pem.count);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

EVP_PKEY *ccrypto_point_key(const uint8_t point[CCRYPTO_POINT]) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"prime256v1", 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, CCRYPTO_POINT),
        OSSL_PARAM_construct_end(),
    };
    if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return key;
}

static int is_p256(const EVP_PKEY *key) {
    char group[32];
    size_t length = 0;
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &length) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static EVP_PKEY *read_p256(struct ccrypto_octets pem) {
    EVP_PKEY *key = ccrypto_read_key(pem);
    if (key && !is_p256(key)) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

long ccrypto_take(BIO *bio, void *out, size_t capacity) {
    char *start = NULL;
    long length = bio ? BIO_get_mem_data(bio, &start) : -1;
    if (length < 0 || (size_t)length > capacity) return -1;
    memcpy(out, start, (size_t)length);
    return length;
}

long ccrypto_p256_make(char *pem, size_t capacity) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    // Memory that is wiped when it is freed: it holds a key.
    BIO *bio = BIO_new(BIO_s_secmem());
    long length = -1;
    if (key && bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
        length = ccrypto_take(bio, pem, capacity);
    BIO_free(bio);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return length;
}

int ccrypto_p256_point(struct ccrypto_octets pem, uint8_t point[CCRYPTO_POINT]) {
    EVP_PKEY *key = read_p256(pem);
    size_t length = 0;
    int done = key &&
               EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, CCRYPTO_POINT, &length) == 1 &&
               length == CCRYPTO_POINT && point[0] == 4;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return done;
}

int ccrypto_p256_is_point(const uint8_t point[CCRYPTO_POINT]) {
    if (point[0] != 4) return 0;
    EVP_PKEY *key = ccrypto_point_key(point);
    EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    int done = context && EVP_PKEY_public_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return done;
}

int ccrypto_p256_sign(struct ccrypto_octets pem, struct ccrypto_octets payload, uint8_t signature[CCRYPTO_SIGNATURE]) {
    EVP_PKEY *key = read_p256(pem);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t der[80];
    size_t length = sizeof der;
    int done = 0;
    if (key && context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, der, &length, payload.start, payload.count) == 1) {
        const uint8_t *next = der;
        ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &next, (long)length);
        done = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32) == 32 &&
               BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32) == 32;
        ECDSA_SIG_free(pair);
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return done;
}

int ccrypto_p256_verify(const uint8_t point[CCRYPTO_POINT], struct ccrypto_octets payload,
                        const uint8_t signature[CCRYPTO_SIGNATURE]) {
    struct ccrypto_octets x = {point + 1, 32}, y = {point + 33, 32}, pair = {signature, CCRYPTO_SIGNATURE};
    return ccrypto_verify_signature(CCRYPTO_ES256, x, y, payload, pair);
}
