/* Reading a request in the server's task: its head, and the first byte of its body. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "httpd_private.h"

static const struct {
    int number;
    const char *name;
} s_methods[] = {
    {HTTP_DELETE, "DELETE"},   {HTTP_GET, "GET"},     {HTTP_HEAD, "HEAD"},
    {HTTP_POST, "POST"},       {HTTP_PUT, "PUT"},     {HTTP_CONNECT, "CONNECT"},
    {HTTP_OPTIONS, "OPTIONS"}, {HTTP_TRACE, "TRACE"}, {HTTP_PROPFIND, "PROPFIND"},
    {HTTP_PATCH, "PATCH"},
};

#define METHODS (sizeof(s_methods) / sizeof(s_methods[0]))

const char *http_method_str(enum http_method m)
{
    for (size_t i = 0; i < METHODS; i++) {
        if (s_methods[i].number == (int)m) {
            return s_methods[i].name;
        }
    }
    return "<unknown>";
}

void httpd_stand_in_unread(session_t *session, const char *bytes, size_t len)
{
    memcpy(session->pending, bytes, len);
    session->pending_at = 0;
    session->pending_len = len;
}

int httpd_stand_in_read(server_t *server, session_t *session, char *to, size_t len, bool only_pending)
{
    size_t had = len < session->pending_len ? len : session->pending_len;
    memcpy(to, session->pending + session->pending_at, had);
    session->pending_at += had;
    session->pending_len -= had;
    if (had == len || (only_pending && had > 0)) {
        return (int)had;
    }
    int n = session->recv(server, session->fd, to + had, len - had, 0);
    if (n < 0) {
        /* Any other error loses what was pending, as with ESP-IDF's. */
        return n == HTTPD_SOCK_ERR_TIMEOUT && had > 0 ? (int)had : n;
    }
    return (int)had + n;
}

/* What is read of a request so far. */
typedef struct {
    server_t *server;
    session_t *session;
    httpd_req_t *request;
    char *bytes;
    size_t len, limit;
    bool chunked;
} reading_t;

/* Reads on. HTTPD_ERR_CODE_MAX: it did; what is missing blocks the whole server until the time limit. */
static httpd_err_code_t read_on(reading_t *in, httpd_err_code_t too_long, bool *gone)
{
    size_t room = in->limit - in->len;
    if (room == 0) {
        return too_long;
    }
    int n = httpd_stand_in_read(in->server, in->session, in->bytes + in->len, room < PIECE ? room : PIECE, true);
    if (n == HTTPD_SOCK_ERR_TIMEOUT) {
        return HTTPD_408_REQ_TIMEOUT;
    }
    *gone = n <= 0;
    in->len += n > 0 ? (size_t)n : 0;
    return HTTPD_ERR_CODE_MAX;
}

/* What lies behind `end` waits for whoever reads next. */
static void put_back(reading_t *in, size_t end)
{
    httpd_stand_in_unread(in->session, in->bytes + end, in->len - end);
    in->len = end;
}

/* The first line, in the buffer with its end; a bare LF does. */
static httpd_err_code_t request_line(reading_t *in)
{
    aux_t *aux = in->request->aux;
    char *at = in->bytes;
    char *version = NULL;
    in->request->method = -1;
    at[in->len - 1] = '\0';
    at[strcspn(at, "\r")] = '\0';
    for (size_t i = 0; i < METHODS; i++) {
        size_t len = strlen(s_methods[i].name);
        if (strncmp(at, s_methods[i].name, len) == 0 && at[len] == ' ') {
            in->request->method = s_methods[i].number;
            at += len + 1;
        }
    }
    if (in->request->method == -1) {
        return HTTPD_400_BAD_REQUEST;
    }
    version = strchr(at, ' ');
    if (version == NULL || (*at != '/' && *at != '*' && strncmp(at, "http://", 7) != 0)) {
        return HTTPD_400_BAD_REQUEST;
    }
    *version++ = '\0';
    if (strlen(at) > CONFIG_HTTPD_MAX_URI_LEN) {
        return HTTPD_414_URI_TOO_LONG;
    }
    strcpy((char *)in->request->uri, at);
    aux->remaining = 0;
    if (strncmp(version, "HTTP/", 5) != 0) {
        return HTTPD_400_BAD_REQUEST;
    }
    return strcmp(version, "HTTP/1.1") == 0 || strcmp(version, "HTTP/1.0") == 0 ? HTTPD_ERR_CODE_MAX
                                                                               : HTTPD_505_VERSION_NOT_SUPPORTED;
}

/* Length of the head up to and with its empty line; 0: there is none yet. */
static size_t head_end(const char *bytes, size_t len)
{
    size_t line = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            size_t end = i > line && bytes[i - 1] == '\r' ? i - 1 : i;
            if (end == line) {
                return i + 1;
            }
            line = i + 1;
        }
    }
    return 0;
}

static bool is_token(const char *from, const char *to)
{
    for (const char *at = from; at < to; at++) {
        if (!isalnum((unsigned char)*at) && strchr("!#$%&'*+-.^_`|~", *at) == NULL) {
            return false;
        }
    }
    return from < to;
}

/* The header lines, in the buffer: ends of lines become NULs. A line that begins with a space belongs to the
 * one before it, whose value then has the end of a line in it. */
static httpd_err_code_t header_lines(reading_t *in)
{
    aux_t *aux = in->request->aux;
    bool has_length = false;
    const char *const all = in->bytes + in->len;
    for (char *line = in->bytes; line < all;) {
        char *end = memchr(line, '\n', (size_t)(all - line));
        while (end + 1 < all && (end[1] == ' ' || end[1] == '\t')) {
            end = memchr(end + 1, '\n', (size_t)(all - (end + 1)));
        }
        char *next = end + 1;
        *end = '\0';
        if (end > line && end[-1] == '\r') {
            *--end = '\0';
        }
        if (end == line) {
            break;
        }
        char *colon = memchr(line, ':', (size_t)(end - line));
        if (colon == NULL || !is_token(line, colon)) {
            return HTTPD_400_BAD_REQUEST;
        }
        const char *value = colon + 1 + strspn(colon + 1, " ");
        if (strncasecmp(line, "Content-Length:", 15) == 0) {
            char *rest;
            aux->remaining = strtoul(value, &rest, 10);
            if (has_length || !isdigit((unsigned char)*value) || *rest != '\0') {
                return HTTPD_400_BAD_REQUEST;
            }
            has_length = true;
        }
        in->chunked |= strncasecmp(line, "Transfer-Encoding:", 18) == 0 && strcasecmp(value, "chunked") == 0;
        if (strncasecmp(line, "Upgrade:", 8) == 0) {
            return HTTPD_400_BAD_REQUEST;
        }
        aux->headers_in++;
        line = next;
    }
    if (in->chunked) {
        /* It has no length for the handler. */
        aux->remaining = 0;
    }
    return in->chunked && has_length ? HTTPD_400_BAD_REQUEST : HTTPD_ERR_CODE_MAX;
}

/* Waits for the first bytes of a body, if there are none yet, and leaves them where they are. */
static httpd_err_code_t body_begins(reading_t *in, bool *gone)
{
    char first[PIECE];
    if (in->session->pending_len > 0) {
        return HTTPD_ERR_CODE_MAX;
    }
    int n = httpd_stand_in_read(in->server, in->session, first, sizeof(first), true);
    if (n == HTTPD_SOCK_ERR_TIMEOUT) {
        return HTTPD_408_REQ_TIMEOUT;
    }
    *gone = n <= 0;
    httpd_stand_in_unread(in->session, first, n > 0 ? (size_t)n : 0);
    return HTTPD_ERR_CODE_MAX;
}

/* Takes the line with the size of the first chunk away: what is left for whoever reads next are its bytes. */
static httpd_err_code_t chunk_begins(reading_t *in, bool *gone)
{
    httpd_err_code_t error = HTTPD_ERR_CODE_MAX;
    char byte = '\0', first = '\0';
    while (byte != '\n') {
        error = body_begins(in, gone);
        if (error != HTTPD_ERR_CODE_MAX || *gone) {
            return error;
        }
        httpd_stand_in_read(in->server, in->session, &byte, 1, true);
        first = first != '\0' ? first : byte;
    }
    return first == '0' ? HTTPD_ERR_CODE_MAX : body_begins(in, gone);
}

/* HTTPD_ERR_CODE_MAX: the head is whole, and so is the first byte of a body. */
static httpd_err_code_t head(reading_t *in, bool *gone)
{
    aux_t *aux = in->request->aux;
    httpd_err_code_t error = HTTPD_ERR_CODE_MAX;
    const char *end = NULL;
    size_t blank = 0, headers = 0;
    in->limit = in->server->config.max_uri_len;
    while (end == NULL) {
        error = read_on(in, HTTPD_414_URI_TOO_LONG, gone);
        if (error != HTTPD_ERR_CODE_MAX || *gone) {
            return error;
        }
        blank = 0;
        while (blank < in->len && strchr("\r\n", in->bytes[blank]) != NULL) {
            blank++;
        }
        end = memchr(in->bytes + blank, '\n', in->len - blank);
    }
    put_back(in, (size_t)(end + 1 - in->bytes));
    memmove(in->bytes, in->bytes + blank, in->len -= blank);
    error = request_line(in);
    if (error != HTTPD_ERR_CODE_MAX) {
        return error;
    }
    in->len = 0;
    in->limit = in->server->config.max_req_hdr_len;
    while (headers == 0) {
        error = read_on(in, HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE, gone);
        if (error != HTTPD_ERR_CODE_MAX || *gone) {
            return error;
        }
        headers = head_end(in->bytes, in->len);
    }
    put_back(in, headers);
    error = header_lines(in);
    if (error != HTTPD_ERR_CODE_MAX) {
        return error;
    }
    aux->head = in->bytes;
    aux->head_len = in->len;
    /* A chip's size_t has 32 bits; and what has the number of "none" is none. */
    aux->remaining = (int)aux->remaining != -1 ? (uint32_t)aux->remaining : 0;
    in->request->content_len = aux->remaining;
    /* The handler is called when the body begins, so `100 Continue` comes too late. */
    if (in->chunked) {
        return chunk_begins(in, gone);
    }
    return aux->remaining > 0 ? body_begins(in, gone) : HTTPD_ERR_CODE_MAX;
}

/* What the handler left of the body. */
static esp_err_t drain(httpd_req_t *request)
{
    aux_t *aux = request->aux;
    char bytes[32];
    while (aux->remaining > 0) {
        if (httpd_req_recv(request, bytes, sizeof(bytes)) <= 0) {
            return ESP_FAIL;
        }
    }
    return ESP_OK;
}

esp_err_t httpd_stand_in_request(server_t *server, session_t *session)
{
    response_header_t headers[server->config.max_resp_headers];
    aux_t aux = {.session = session, .status = HTTPD_200, .type = "text/html", .headers = headers};
    httpd_req_t request = {.handle = server, .aux = &aux};
    size_t most = server->config.max_uri_len > server->config.max_req_hdr_len ? server->config.max_uri_len
                                                                             : server->config.max_req_hdr_len;
    reading_t in = {.server = server, .session = session, .request = &request, .bytes = malloc(most)};
    bool gone = false;
    esp_err_t err = ESP_FAIL;
    if (in.bytes != NULL) {
        httpd_err_code_t error = head(&in, &gone);
        if (error != HTTPD_ERR_CODE_MAX) {
            /* Whatever such a handler says, a body is not waited for. */
            aux.remaining = 0;
            err = httpd_stand_in_error(&request, error);
        } else if (!gone) {
            err = httpd_stand_in_answer(&request);
        }
    }
    if (err == ESP_OK) {
        err = drain(&request);
    }
    free(in.bytes);
    return err;
}

int httpd_req_recv(httpd_req_t *r, char *buf, size_t buf_len)
{
    aux_t *aux = r->aux;
    size_t most = buf_len < aux->remaining ? buf_len : aux->remaining;
    if (most == 0) {
        return 0;
    }
    int n = httpd_stand_in_read(r->handle, aux->session, buf, most, false);
    aux->remaining -= n > 0 ? (size_t)n : 0;
    return n;
}

int httpd_req_to_sockfd(httpd_req_t *r)
{
    return ((aux_t *)r->aux)->session->fd;
}

/* The value of the first header of this name, as ESP-IDF's finds it; of a second one nobody is told. It counts
 * lines by their NULs and ends at one without a colon: a NUL in a value hides what is behind it. */
static const char *value_of(const httpd_req_t *request, const char *field)
{
    const aux_t *aux = request->aux;
    size_t len = strlen(field), at = 0;
    for (unsigned left = aux->headers_in; left > 0 && at < aux->head_len; left--) {
        const char *line = aux->head + at, *colon = strchr(line, ':');
        if (colon == NULL) {
            break;
        }
        if ((size_t)(colon - line) == len && strncasecmp(line, field, len) == 0) {
            return colon + 1 + strspn(colon + 1, " ");
        }
        at += strlen(line) + 1;
        while (at < aux->head_len && aux->head[at] == '\0') {
            at++;
        }
    }
    return NULL;
}

size_t httpd_req_get_hdr_value_len(httpd_req_t *r, const char *field)
{
    const char *value = value_of(r, field);
    return value != NULL ? strlen(value) : 0;
}

esp_err_t httpd_req_get_hdr_value_str(httpd_req_t *r, const char *field, char *val, size_t val_size)
{
    const char *value = value_of(r, field);
    if (value == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    size_t len = strlen(value);
    size_t fits = len < val_size ? len : val_size - 1;
    memcpy(val, value, fits);
    val[fits] = '\0';
    return fits == len ? ESP_OK : ESP_ERR_HTTPD_RESULT_TRUNC;
}
