#include "CCrypto.h"
#include "internal.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

static EVP_PKEY *built(const char *type, OSSL_PARAM_BLD *build) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!parameters || !context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    return key;
}

static EVP_PKEY *curve_key(const char *curve, size_t size, struct ccrypto_octets x, struct ccrypto_octets y) {
    uint8_t point[1 + 2 * 48] = {4};
    if (x.count != size || y.count != size) return NULL;
    memcpy(point + 1, x.start, size);
    memcpy(point + 1 + size, y.start, size);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (build && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size) == 1)
        key = built("EC", build);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static EVP_PKEY *rsa_key(struct ccrypto_octets modulus, struct ccrypto_octets exponent) {
    // As large as anybody's, so that nobody makes us work for long.
    if (modulus.count > 1024 || exponent.count > 8) return NULL;
    BIGNUM *n = BN_bin2bn(modulus.start, (int)modulus.count, NULL);
    BIGNUM *e = BN_bin2bn(exponent.start, (int)exponent.count, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (n && e && build && BN_num_bits(n) >= 2048 && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        key = built("RSA", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return key;
}

static EVP_PKEY *public_key(int scheme, struct ccrypto_octets first, struct ccrypto_octets second) {
    switch (scheme) {
    case CCRYPTO_ES256: return curve_key("prime256v1", 32, first, second);
    case CCRYPTO_ES384: return curve_key("secp384r1", 48, first, second);
    case CCRYPTO_RS256:
    case CCRYPTO_PS256: return rsa_key(first, second);
    case CCRYPTO_ED25519:
        return first.count == 32 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, first.start, 32) : NULL;
    default: return NULL;
    }
}

// r and s of equal length (RFC 7518 3.4) as the DER that libcrypto reads.
static uint8_t *der_signature(struct ccrypto_octets signature, size_t size, int *length) {
    if (signature.count != 2 * size) return NULL;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature.start, (int)size, NULL);
    BIGNUM *s = BN_bin2bn(signature.start + size, (int)size, NULL);
    uint8_t *der = NULL;
    if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
        // The pair owns them now.
        r = s = NULL;
        *length = i2d_ECDSA_SIG(pair, &der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return der;
}

int ccrypto_verify_signature(int scheme, struct ccrypto_octets first, struct ccrypto_octets second,
                             struct ccrypto_octets payload, struct ccrypto_octets signature) {
    EVP_PKEY *key = public_key(scheme, first, second);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *details = NULL;
    const EVP_MD *digest = scheme == CCRYPTO_ED25519 ? NULL : scheme == CCRYPTO_ES384 ? EVP_sha384() : EVP_sha256();
    uint8_t *der = NULL;
    int done = key && context && EVP_DigestVerifyInit(context, &details, digest, NULL, key) == 1;
    if (done && scheme == CCRYPTO_PS256)
        // The salt is as long as the digest (RFC 7518 3.5).
        done = EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) > 0 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) > 0;
    if (done && (scheme == CCRYPTO_ES256 || scheme == CCRYPTO_ES384)) {
        int length = 0;
        der = der_signature(signature, scheme == CCRYPTO_ES256 ? 32 : 48, &length);
        signature = (struct ccrypto_octets){der, length > 0 ? (size_t)length : 0};
        done = der != NULL && length > 0;
    }
    done = done && EVP_DigestVerify(context, signature.start, signature.count, payload.start, payload.count) == 1;
    OPENSSL_free(der);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return done;
}
