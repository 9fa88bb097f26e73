/* SHA-256 (FIPS 180-4) and HMAC (RFC 2104) for the client of the tests: of another make than the device's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32

void sha256(const void *bytes, size_t len, uint8_t hash[SHA256_LEN]);

/* For messages that fit into a request. */
void hmac_sha256(const uint8_t key[SHA256_LEN], const void *bytes, size_t len, uint8_t mac[SHA256_LEN]);
