#include "CCrypto.h"
#include "internal.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

X509 *ccrypto_read_certificate(struct ccrypto_octets der) {
    if (der.count > LONG_MAX) return NULL;
    const uint8_t *next = der.start;
    X509 *certificate = d2i_X509(NULL, &next, (long)der.count);
    if (certificate && next != der.start + der.count) {
        X509_free(certificate);
        certificate = NULL;
    }
    ERR_clear_error();
    return certificate;
}

long ccrypto_pem_certificate(struct ccrypto_octets pem, size_t index, uint8_t *der, size_t capacity) {
    if (pem.count > INT_MAX) return -1;
    BIO *bio = BIO_new_mem_buf(pem.start, (int)pem.count);
    if (!bio) return -1;
    long result = -1;
    for (size_t at = 0;; at++) {
        char *name = NULL, *header = NULL;
        uint8_t *data = NULL;
        long length = 0;
        if (PEM_read_bio(bio, &name, &header, &data, &length) != 1) {
            // At the end of the text nothing begins any more; all else is a document that is broken.
            unsigned long error = ERR_peek_last_error();
            result = ERR_GET_REASON(error) == PEM_R_NO_START_LINE ? 0 : -1;
            break;
        }
        int is_certificate = strcmp(name, PEM_STRING_X509) == 0;
        int is_wanted = is_certificate && at == index;
        if (is_wanted && (size_t)length <= capacity) {
            memcpy(der, data, (size_t)length);
            result = length;
        }
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
        if (is_wanted || !is_certificate) break;
    }
    BIO_free(bio);
    ERR_clear_error();
    return result;
}

long ccrypto_certificate_pem(struct ccrypto_octets der, char *pem, size_t capacity) {
    X509 *certificate = ccrypto_read_certificate(der);
    BIO *bio = BIO_new(BIO_s_mem());
    long length = -1;
    if (certificate && bio && PEM_write_bio_X509(bio, certificate) == 1) length = ccrypto_take(bio, pem, capacity);
    BIO_free(bio);
    X509_free(certificate);
    ERR_clear_error();
    return length;
}

typedef void (*telling)(void *context, int kind, const uint8_t *octets, size_t count);

// RFC 4514, with what is not ASCII as it is.
static void tell_name(const X509_NAME *name, int kind, telling tell, void *context) {
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        char *start = NULL;
        long length = BIO_get_mem_data(bio, &start);
        if (length >= 0) tell(context, kind, (const uint8_t *)start, (size_t)length);
    }
    BIO_free(bio);
}

static void tell_common_name(const X509_NAME *name, telling tell, void *context) {
    int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (index < 0) return;
    uint8_t *text = NULL;
    int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
    if (length >= 0) tell(context, CCRYPTO_COMMON_NAME, text, (size_t)length);
    OPENSSL_free(text);
}

static void tell_alternatives(const X509 *certificate, telling tell, void *context) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int index = 0; names && index < sk_GENERAL_NAME_num(names); index++) {
        int type = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, index), &type);
        int kind = type == GEN_URI ? CCRYPTO_URI : type == GEN_DNS ? CCRYPTO_DNS : CCRYPTO_ADDRESS;
        if (type == GEN_URI || type == GEN_DNS || type == GEN_IPADD)
            tell(context, kind, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    }
    GENERAL_NAMES_free(names);
}

static int seconds(const ASN1_TIME *time, int64_t *out) {
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
    *out = (int64_t)timegm(&parts);
    return 1;
}

int ccrypto_certificate_read(struct ccrypto_octets der, struct ccrypto_certificate *read, telling tell, void *context) {
    X509 *certificate = ccrypto_read_certificate(der);
    if (!certificate) return 0;
    memset(read, 0, sizeof *read);
    int done = seconds(X509_get0_notBefore(certificate), &read->not_before) &&
               seconds(X509_get0_notAfter(certificate), &read->not_after);
    uint32_t flags = X509_get_extension_flags(certificate);
    read->is_authority = (flags & EXFLAG_CA) != 0;
    read->has_usages = (flags & EXFLAG_XKUSAGE) != 0;
    if (read->has_usages) {
        uint32_t usages = X509_get_extended_key_usage(certificate);
        read->serves = (usages & XKU_SSL_SERVER) != 0;
        read->dials = (usages & XKU_SSL_CLIENT) != 0;
        read->any_usage = (usages & XKU_ANYEKU) != 0;
    }
    if (done) {
        tell_name(X509_get_subject_name(certificate), CCRYPTO_SUBJECT, tell, context);
        tell_name(X509_get_issuer_name(certificate), CCRYPTO_ISSUER, tell, context);
        tell_common_name(X509_get_subject_name(certificate), tell, context);
        tell_alternatives(certificate, tell, context);
    }
    X509_free(certificate);
    ERR_clear_error();
    return done;
}

int ccrypto_certificate_is_signed_by(struct ccrypto_octets der, struct ccrypto_octets authority) {
    X509 *certificate = ccrypto_read_certificate(der), *issuer = ccrypto_read_certificate(authority);
    int done = certificate && issuer &&
               X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(issuer)) == 0 &&
               X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
    X509_free(certificate);
    X509_free(issuer);
    ERR_clear_error();
    return done;
}

int ccrypto_certificate_matches(struct ccrypto_octets der, struct ccrypto_octets key_pem) {
    EVP_PKEY *key = ccrypto_read_key(key_pem);
    if (!key) return -1;
    X509 *certificate = ccrypto_read_certificate(der);
    int done = certificate && X509_check_private_key(certificate, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return done;
}

static STACK_OF(X509) * read_all(const struct ccrypto_octets *list, size_t count) {
    STACK_OF(X509) *all = sk_X509_new_null();
    for (size_t index = 0; all && index < count; index++) {
        X509 *certificate = ccrypto_read_certificate(list[index]);
        if (!certificate || sk_X509_push(all, certificate) <= 0) {
            X509_free(certificate);
            sk_X509_pop_free(all, X509_free);
            return NULL;
        }
    }
    return all;
}

static int judged(X509_STORE_CTX *context) {
    if (X509_verify_cert(context) == 1) {
        // Whoever signs another says of itself that it may (RFC 5280 4.2.1.9); libcrypto lets older forms pass.
        STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
        for (int index = 1; index < sk_X509_num(chain); index++)
            if (X509_check_ca(sk_X509_value(chain, index)) != 1) return CCRYPTO_NOT_VALID;
        return CCRYPTO_BELIEVED;
    }
    switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    // The name of an authority that we know, and not its key.
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return CCRYPTO_NOT_PINNED;
    default:
        return CCRYPTO_NOT_VALID;
    }
}

int ccrypto_verify(const struct ccrypto_octets *chain, size_t chain_count, const struct ccrypto_octets *roots,
                   size_t root_count) {
    STACK_OF(X509) *shown = read_all(chain, chain_count), *pinned = read_all(roots, root_count);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int verdict = CCRYPTO_UNREADABLE;
    if (shown && sk_X509_num(shown) > 0 && pinned && store && context) {
        int ready = 1;
        for (int index = 0; index < sk_X509_num(pinned); index++)
            ready = ready && X509_STORE_add_cert(store, sk_X509_value(pinned, index)) == 1;
        ready = ready && X509_STORE_CTX_init(context, store, sk_X509_value(shown, 0), shown) == 1;
        if (ready) {
            X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
            // What is pinned is believed as it is, also where another authority stands above it.
            X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
            // 112 bits of security: no RSA below 2048 bits, no SHA-1.
            X509_VERIFY_PARAM_set_auth_level(parameters, 2);
            verdict = judged(context);
        }
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    sk_X509_pop_free(shown, X509_free);
    sk_X509_pop_free(pinned, X509_free);
    ERR_clear_error();
    return verdict;
}
