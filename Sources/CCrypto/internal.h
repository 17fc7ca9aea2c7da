// What the files of this shim share.
#ifndef CCRYPTO_INTERNAL_H
#define CCRYPTO_INTERNAL_H

#include "CCrypto.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/// A private key of any kind from PEM, or NULL. The caller frees what he gets, here and below.
EVP_PKEY *ccrypto_read_key(struct ccrypto_octets pem);
/// A public key on P-256 from its point, or NULL.
EVP_PKEY *ccrypto_point_key(const uint8_t point[CCRYPTO_POINT]);
/// A certificate from DER without anything behind it, or NULL.
X509 *ccrypto_read_certificate(struct ccrypto_octets der);
/// Copies what a memory BIO holds.
long ccrypto_take(BIO *bio, void *out, size_t capacity);

#endif
