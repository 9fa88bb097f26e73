/* A client that logs in with the password of the tests, by what docs/password.md says of the wire. */
#pragma once

#include <stdint.h>

#include "sha256.h"

/* The password of the tests, "correct horse", as a device has it. */
#define VERIFIER                                                                                   \
    "SCRAM-SHA-256$4096:c2FsdCBvZiB0aGUgdGVzdA==$rYwj7h41O6PkG8VV9Cx2KmjUsuehkNFalsK7/qvV+tM=:"    \
    "k2q8mDYPUMzCcNnToU/xFxjr3sS5sY4z7qlf7lG7oKs="

/* Who is logged in. */
typedef struct {
    uint8_t key[SHA256_LEN];
    char session[17];
} login_t;

void login_begin(login_t *login, uint16_t port);

/* The header that signs a request, with its end. `number`: that of the request, which no other has; `digest`: the
 * value of its Content-Digest, or "". */
void login_sign(const login_t *login, unsigned number, const char *method, const char *target, const char *digest,
                char header[128]);
