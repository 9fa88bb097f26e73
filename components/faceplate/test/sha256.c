/* SHA-256 of bytes that are there at once. */
#include "sha256.h"

#include <string.h>

#include "harness.h"

#define BLOCK 64

static uint32_t rotated(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

static uint32_t read_word(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_word(uint8_t *at, uint32_t word)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(word >> (24 - 8 * i));
    }
}

static void take_block(uint32_t state[8], const uint8_t *block)
{
    static const uint32_t constants[BLOCK] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    };
    uint32_t words[BLOCK], now[8];
    for (int i = 0; i < 16; i++) {
        words[i] = read_word(block + 4 * i);
    }
    for (int i = 16; i < BLOCK; i++) {
        uint32_t near = words[i - 2], far = words[i - 15];
        words[i] = words[i - 16] + words[i - 7] + (rotated(far, 7) ^ rotated(far, 18) ^ far >> 3) +
                   (rotated(near, 17) ^ rotated(near, 19) ^ near >> 10);
    }
    memcpy(now, state, sizeof(now));
    for (int i = 0; i < BLOCK; i++) {
        uint32_t a = now[0], e = now[4];
        uint32_t first = now[7] + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) +
                         ((e & now[5]) ^ (~e & now[6])) + constants[i] + words[i];
        uint32_t second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) +
                          ((a & now[1]) ^ (a & now[2]) ^ (now[1] & now[2]));
        memmove(now + 1, now, 7 * sizeof(now[0]));
        now[4] += first;
        now[0] = first + second;
    }
    for (int i = 0; i < 8; i++) {
        state[i] += now[i];
    }
}

void sha256(const void *bytes, size_t len, uint8_t hash[SHA256_LEN])
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t end[2 * BLOCK] = {0};
    const uint8_t *at = bytes;
    size_t left = len;
    for (; left >= BLOCK; at += BLOCK, left -= BLOCK) {
        take_block(state, at);
    }
    memcpy(end, at, left);
    end[left] = 0x80;
    size_t end_len = left + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
    write_word(end + end_len - 4, (uint32_t)(len * 8));
    for (size_t i = 0; i < end_len; i += BLOCK) {
        take_block(state, end + i);
    }
    for (int i = 0; i < 8; i++) {
        write_word(hash + 4 * i, state[i]);
    }
}

void hmac_sha256(const uint8_t key[SHA256_LEN], const void *bytes, size_t len, uint8_t mac[SHA256_LEN])
{
    uint8_t inner[BLOCK + 1024], outer[BLOCK + SHA256_LEN];
    CHECK(len <= sizeof(inner) - BLOCK);
    for (int i = 0; i < BLOCK; i++) {
        uint8_t byte = i < SHA256_LEN ? key[i] : 0;
        inner[i] = byte ^ 0x36;
        outer[i] = byte ^ 0x5c;
    }
    memcpy(inner + BLOCK, bytes, len);
    sha256(inner, BLOCK + len, outer + BLOCK);
    sha256(outer, sizeof(outer), mac);
}
