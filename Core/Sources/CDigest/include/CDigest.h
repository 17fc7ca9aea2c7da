#ifndef EUCCS_CDIGEST_H
#define EUCCS_CDIGEST_H

#include <stddef.h>
#include <stdint.h>

/// Writes the 16 octets of the MD5 of `length` octets. Returns 1, or 0 where libcrypto refuses (a FIPS provider).
int cdigest_md5(const uint8_t *data, size_t length, uint8_t *out);

/// Writes the 32 octets of the SHA-256 of `length` octets. Returns 1, or 0 where libcrypto refuses.
int cdigest_sha256(const uint8_t *data, size_t length, uint8_t *out);

/// Returns 1 where both hold the same `length` octets, in a time that does not depend on where they differ.
int cdigest_equal(const uint8_t *left, const uint8_t *right, size_t length);

#endif
