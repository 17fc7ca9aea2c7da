#include "CCrypto.h"
#include "internal.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

static int add_entry(X509_NAME *name, int nid, struct ccrypto_octets text) {
    if (text.count == 0) return 1;
    return text.count <= INT_MAX &&
           X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, text.start, (int)text.count, -1, 0) == 1;
}

static int add_extension(X509 *certificate, int nid, void *value, int is_critical) {
    return value && X509_add1_ext_i2d(certificate, nid, value, is_critical, X509V3_ADD_DEFAULT) == 1;
}

static int add_constraints(X509 *certificate, int is_authority) {
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    int done = constraints != NULL;
    if (done && is_authority) {
        constraints->ca = 0xff;
        // A path length of 0: the root signs leaves only, so no stolen leaf can sign for another domain.
        constraints->pathlen = ASN1_INTEGER_new();
        done = constraints->pathlen && ASN1_INTEGER_set(constraints->pathlen, 0) == 1;
    }
    done = done && add_extension(certificate, NID_basic_constraints, constraints, 1);
    BASIC_CONSTRAINTS_free(constraints);
    return done;
}

static int add_key_usage(X509 *certificate, int is_authority) {
    // Bits of RFC 5280 4.2.1.3: digitalSignature 0, keyCertSign 5, cRLSign 6.
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    int done = bits && (is_authority ? ASN1_BIT_STRING_set_bit(bits, 5, 1) && ASN1_BIT_STRING_set_bit(bits, 6, 1)
                                     : ASN1_BIT_STRING_set_bit(bits, 0, 1));
    done = done && add_extension(certificate, NID_key_usage, bits, 1);
    ASN1_BIT_STRING_free(bits);
    return done;
}

static int add_usages(X509 *certificate, const struct ccrypto_request *request) {
    EXTENDED_KEY_USAGE *usages = sk_ASN1_OBJECT_new_null();
    int done = usages != NULL;
    if (done && request->serves) done = sk_ASN1_OBJECT_push(usages, OBJ_nid2obj(NID_server_auth)) > 0;
    if (done && request->dials) done = sk_ASN1_OBJECT_push(usages, OBJ_nid2obj(NID_client_auth)) > 0;
    if (done && request->speaks_for_sip_domain) {
        ASN1_OBJECT *domain = OBJ_txt2obj("1.3.6.1.5.5.7.3.20", 1);
        done = domain && sk_ASN1_OBJECT_push(usages, domain) > 0;
    }
    done = done && add_extension(certificate, NID_ext_key_usage, usages, 0);
    sk_ASN1_OBJECT_pop_free(usages, ASN1_OBJECT_free);
    return done;
}

// Of whose key: the SHA-1 of the public key's bits (RFC 5280 4.2.1.2, method 1).
static ASN1_OCTET_STRING *identifier(const X509 *certificate) {
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    ASN1_OCTET_STRING *identifier = ASN1_OCTET_STRING_new();
    if (identifier && X509_pubkey_digest(certificate, EVP_sha1(), hash, &length) == 1 &&
        ASN1_OCTET_STRING_set(identifier, hash, (int)length) == 1)
        return identifier;
    ASN1_OCTET_STRING_free(identifier);
    return NULL;
}

static int add_identifiers(X509 *certificate, const X509 *issuer) {
    ASN1_OCTET_STRING *own = identifier(certificate);
    int done = add_extension(certificate, NID_subject_key_identifier, own, 0);
    ASN1_OCTET_STRING_free(own);
    if (!done || !issuer) return done;
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    if (authority) authority->keyid = identifier(issuer);
    done = authority && authority->keyid && add_extension(certificate, NID_authority_key_identifier, authority, 0);
    AUTHORITY_KEYID_free(authority);
    return done;
}

// Names are ASCII (RFC 5280 4.2.1.6); others would be another name to whoever reads them.
static int is_ascii(struct ccrypto_octets text) {
    for (size_t index = 0; index < text.count; index++)
        if (text.start[index] < 0x20 || text.start[index] > 0x7e) return 0;
    return text.count > 0;
}

static GENERAL_NAME *general_name(struct ccrypto_name name) {
    if (name.kind != CCRYPTO_ADDRESS && !is_ascii(name.value)) return NULL;
    int type = name.kind == CCRYPTO_URI ? GEN_URI : name.kind == CCRYPTO_DNS ? GEN_DNS : GEN_IPADD;
    GENERAL_NAME *made = GENERAL_NAME_new();
    ASN1_STRING *value = type == GEN_IPADD ? (ASN1_STRING *)ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    if (made && value && name.value.count <= INT_MAX &&
        ASN1_STRING_set(value, name.value.start, (int)name.value.count) == 1) {
        GENERAL_NAME_set0_value(made, type, value);
        return made;
    }
    ASN1_STRING_free(value);
    GENERAL_NAME_free(made);
    return NULL;
}

static int add_names(X509 *certificate, const struct ccrypto_request *request) {
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    int done = names != NULL;
    for (size_t index = 0; done && index < request->name_count; index++) {
        GENERAL_NAME *name = general_name(request->names[index]);
        done = name && sk_GENERAL_NAME_push(names, name) > 0;
        if (!done) GENERAL_NAME_free(name);
    }
    done = done && add_extension(certificate, NID_subject_alt_name, names, 0);
    GENERAL_NAMES_free(names);
    return done;
}

// Twenty octets that nobody can guess, positive (RFC 5280 4.1.2.2).
static int set_serial(X509 *certificate) {
    uint8_t octets[20];
    if (RAND_bytes(octets, sizeof octets) != 1) return 0;
    octets[0] = (octets[0] & 0x7f) | 0x40;
    BIGNUM *number = BN_bin2bn(octets, sizeof octets, NULL);
    int done = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

static int fill(X509 *certificate, const struct ccrypto_request *request, const X509 *issuer, EVP_PKEY *subject_key) {
    X509_NAME *subject = X509_NAME_new();
    int done = subject && add_entry(subject, NID_countryName, request->country) &&
               add_entry(subject, NID_organizationName, request->organisation) &&
               add_entry(subject, NID_commonName, request->common_name);
    done = done && X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)request->not_before) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)request->not_after) &&
           X509_set_subject_name(certificate, subject) == 1 &&
           X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : subject) == 1 &&
           X509_set_pubkey(certificate, subject_key) == 1;
    X509_NAME_free(subject);
    return done && add_constraints(certificate, request->is_authority) &&
           add_key_usage(certificate, request->is_authority) &&
           (request->is_authority || add_usages(certificate, request)) && add_identifiers(certificate, issuer) &&
           (request->name_count == 0 || add_names(certificate, request));
}

long ccrypto_issue(const struct ccrypto_request *request, struct ccrypto_octets signer_pem,
                   struct ccrypto_octets issuer_der, uint8_t *der, size_t capacity) {
    EVP_PKEY *signer = ccrypto_read_key(signer_pem), *subject_key = ccrypto_point_key(request->point);
    X509 *certificate = X509_new(), *issuer = issuer_der.count ? ccrypto_read_certificate(issuer_der) : NULL;
    long length = -1;
    if (signer && subject_key && certificate && (issuer || !issuer_der.count) &&
        fill(certificate, request, issuer, subject_key) && X509_sign(certificate, signer, EVP_sha256()) > 0) {
        uint8_t *octets = NULL;
        int count = i2d_X509(certificate, &octets);
        if (count > 0 && (size_t)count <= capacity) {
            memcpy(der, octets, (size_t)count);
            length = count;
        }
        OPENSSL_free(octets);
    }
    X509_free(certificate);
    X509_free(issuer);
    EVP_PKEY_free(signer);
    EVP_PKEY_free(subject_key);
    ERR_clear_error();
    return length;
}
