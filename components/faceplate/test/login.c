/* Logs in, and signs. */
#include "login.h"

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "harness.h"

#define CLIENT "0123456789abcdef"

/* HMAC of "Client Key" by the password, stretched 4096 times with the salt of the verifier. */
static const uint8_t CLIENT_KEY[SHA256_LEN] = {
    0xd0, 0xfa, 0xf1, 0xf2, 0x57, 0x32, 0x4d, 0x72, 0x18, 0xff, 0xe9, 0x08, 0x5c, 0x79, 0x48, 0x62,
    0xbc, 0xb1, 0xed, 0xc2, 0xed, 0x8b, 0xc0, 0xcf, 0xdd, 0xc2, 0x7e, 0x82, 0xf1, 0x27, 0x5f, 0x4b,
};

/* The text behind `"name":"` in an answer. */
static void read_text(const response_t *response, const char *name, char *to, size_t room)
{
    char before[32];
    snprintf(before, sizeof(before), "\"%s\":\"", name);
    const char *at = strstr(response->body, before);
    CHECK(at != NULL);
    at += strlen(before);
    size_t len = strcspn(at, "\"");
    CHECK(len < room);
    memcpy(to, at, len);
    to[len] = '\0';
}

static void in_base64(const uint8_t bytes[SHA256_LEN], char text[45])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int at = 0; at < SHA256_LEN; at += 3) {
        uint32_t bits = 0;
        for (int i = 0; i < 3; i++) {
            bits = bits << 8 | (at + i < SHA256_LEN ? bytes[at + i] : 0);
        }
        for (int i = 0; i < 4; i++) {
            *text++ = digits[bits >> (18 - 6 * i) & 63];
        }
    }
    /* The last three have two bytes. */
    text[-1] = '=';
    *text = '\0';
}

void login_begin(login_t *login, uint16_t port)
{
    static response_t response;
    static client_t client;
    char nonce[64], salt[32], message[512], body[256], request[512], in_text[45];
    uint8_t stored[SHA256_LEN], proof[SHA256_LEN];
    CHECK(client_get(port, "/api/ota/login", &response) == 200);
    read_text(&response, "nonce", nonce, sizeof(nonce));
    read_text(&response, "salt", salt, sizeof(salt));
    sha256(CLIENT_KEY, sizeof(CLIENT_KEY), stored);

    const char *before = "faceplate session";
    size_t head = strlen(before) + sizeof(CLIENT_KEY);
    memcpy(message, before, strlen(before));
    memcpy(message + strlen(before), CLIENT_KEY, sizeof(CLIENT_KEY));
    int len = snprintf(message + head, sizeof(message) - head, "n=,r=%s,r=%s%s,s=%s,i=4096,c=biws,r=%s%s", CLIENT,
                       CLIENT, nonce, salt, CLIENT, nonce);
    hmac_sha256(stored, message + head, (size_t)len, proof);
    for (int i = 0; i < SHA256_LEN; i++) {
        proof[i] ^= CLIENT_KEY[i];
    }
    in_base64(proof, in_text);
    hmac_sha256(stored, message, head + (size_t)len, login->key);

    snprintf(body, sizeof(body), "{\"nonce\":\"%s\",\"client\":\"%s\",\"proof\":\"%s\"}", nonce, CLIENT, in_text);
    snprintf(request, sizeof(request),
             "POST /api/ota/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    client_open(&client, port);
    client_send(&client, request);
    client_read(&client, &response);
    client_close(&client);
    CHECK(response.status == 200);
    read_text(&response, "session", login->session, sizeof(login->session));
}

void login_sign(const login_t *login, unsigned number, const char *method, const char *target, const char *digest,
                char header[128])
{
    char message[512];
    uint8_t mac[SHA256_LEN];
    int len = snprintf(message, sizeof(message), "%s\n%s\n%u\n%s", method, target, number, digest);
    hmac_sha256(login->key, message, (size_t)len, mac);
    int at = snprintf(header, 128, "Authorization: Faceplate %s.%u.", login->session, number);
    for (int i = 0; i < 16; i++) {
        at += snprintf(header + at, 128 - (size_t)at, "%02x", mac[i]);
    }
    snprintf(header + at, 128 - (size_t)at, "\r\n");
}
