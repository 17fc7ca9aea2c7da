// What libcrypto does for the world of this system: keys on P-256, derivations, certificates. Everything goes in and out
// as octets, so that no pointer of libcrypto leaves a call; texts are given with their length and need no final zero.
//
// Functions that fill a buffer give the number of octets, or -1 where libcrypto refuses or the buffer is too small.
// Functions that judge give 1 for yes and 0 for no.
#ifndef CCRYPTO_H
#define CCRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ccrypto_octets {
    const uint8_t *start;
    size_t count;
};

// Digests and derivations

int ccrypto_sha256(struct ccrypto_octets data, uint8_t out[32]);
/// HKDF with SHA-256, without salt (RFC 5869).
int ccrypto_hkdf(struct ccrypto_octets secret, struct ccrypto_octets info, uint8_t *out, size_t count);
/// scrypt (RFC 7914). `cost` is N, a power of two; it takes 128 * N * `block_size` octets while it runs.
int ccrypto_scrypt(struct ccrypto_octets password, struct ccrypto_octets salt, uint64_t cost, uint64_t block_size,
                   uint64_t parallelism, uint8_t *out, size_t count);

// Keys on P-256: a private key is PKCS #8 in PEM, a public one the uncompressed point (SEC 1 2.3.3)

#define CCRYPTO_POINT 65
#define CCRYPTO_SIGNATURE 64

/// A new private key in PEM.
long ccrypto_p256_make(char *pem, size_t capacity);
/// The point of a private key; 0 where the text is no private key on P-256.
int ccrypto_p256_point(struct ccrypto_octets pem, uint8_t point[CCRYPTO_POINT]);
/// Whether 65 octets are a point of the curve.
int ccrypto_p256_is_point(const uint8_t point[CCRYPTO_POINT]);
/// ECDSA with SHA-256; the signature is r and s (IEEE P1363), 32 octets each.
int ccrypto_p256_sign(struct ccrypto_octets pem, struct ccrypto_octets payload, uint8_t signature[CCRYPTO_SIGNATURE]);
int ccrypto_p256_verify(const uint8_t point[CCRYPTO_POINT], struct ccrypto_octets payload,
                        const uint8_t signature[CCRYPTO_SIGNATURE]);

// Public keys of others, by which they sign tokens (RFC 7518 3, RFC 8037 3)

enum ccrypto_scheme { CCRYPTO_ES256, CCRYPTO_ES384, CCRYPTO_RS256, CCRYPTO_PS256, CCRYPTO_ED25519 };

/// `first` and `second`: the coordinates of a point, modulus and exponent, or the key and nothing.
int ccrypto_verify_signature(int scheme, struct ccrypto_octets first, struct ccrypto_octets second,
                             struct ccrypto_octets payload, struct ccrypto_octets signature);

// Certificates (RFC 5280), as DER

/// The DER of the certificate at `index` of a PEM text. 0: there are no more; -1: something is no certificate.
long ccrypto_pem_certificate(struct ccrypto_octets pem, size_t index, uint8_t *der, size_t capacity);
long ccrypto_certificate_pem(struct ccrypto_octets der, char *pem, size_t capacity);

enum ccrypto_text { CCRYPTO_SUBJECT, CCRYPTO_ISSUER, CCRYPTO_COMMON_NAME, CCRYPTO_URI, CCRYPTO_DNS, CCRYPTO_ADDRESS };

struct ccrypto_certificate {
    /// Seconds since 1970.
    int64_t not_before, not_after;
    /// basicConstraints with CA true.
    bool is_authority;
    /// Extended key usage: whether there is one, and what it allows.
    bool has_usages, serves, dials, any_usage;
};

/// Reads a certificate; texts are told in the order in which they stand, addresses as 4 or 16 octets. Gives 1, or 0
/// where the octets are no certificate or not only one.
int ccrypto_certificate_read(struct ccrypto_octets der, struct ccrypto_certificate *read,
                             void (*tell)(void *context, int kind, const uint8_t *octets, size_t count), void *context);
/// Whether `der` names `authority` as its issuer and bears its signature.
int ccrypto_certificate_is_signed_by(struct ccrypto_octets der, struct ccrypto_octets authority);
/// 1: the private key (of any kind) belongs to the certificate; 0: it does not; -1: it cannot be read.
int ccrypto_certificate_matches(struct ccrypto_octets der, struct ccrypto_octets key_pem);

struct ccrypto_name {
    /// CCRYPTO_URI, CCRYPTO_DNS or CCRYPTO_ADDRESS.
    int kind;
    struct ccrypto_octets value;
};

struct ccrypto_request {
    int64_t not_before, not_after;
    /// Empty ones are left out.
    struct ccrypto_octets country, organisation, common_name;
    /// A root: it signs leaves, and only itself is its issuer. Names and usages are for leaves.
    bool is_authority;
    bool serves, dials;
    /// id-kp-sipDomain (RFC 5924 4.1).
    bool speaks_for_sip_domain;
    const struct ccrypto_name *names;
    size_t name_count;
    /// Whose certificate it is.
    uint8_t point[CCRYPTO_POINT];
};

/// Issues a version 3 certificate; `issuer` is empty where a root signs itself.
long ccrypto_issue(const struct ccrypto_request *request, struct ccrypto_octets signer_pem,
                   struct ccrypto_octets issuer, uint8_t *der, size_t capacity);

enum ccrypto_verdict {
    CCRYPTO_BELIEVED,
    /// None of the roots leads to it.
    CCRYPTO_NOT_PINNED,
    /// A root leads to it, but it does not hold: time, constraints, signature algorithms.
    CCRYPTO_NOT_VALID,
    CCRYPTO_UNREADABLE
};

/// Whether a chain (leaf first) leads to one of the roots now. The use that a leaf is for is not looked at here.
int ccrypto_verify(const struct ccrypto_octets *chain, size_t chain_count, const struct ccrypto_octets *roots,
                   size_t root_count);

#endif
