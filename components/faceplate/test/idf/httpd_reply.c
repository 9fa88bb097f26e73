/* Answers, and requests that another task answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd_private.h"

int httpd_send(httpd_req_t *r, const char *buf, size_t buf_len)
{
    const session_t *session = ((aux_t *)r->aux)->session;
    return session->send(r->handle, session->fd, buf, buf_len, 0);
}

static esp_err_t send_all(httpd_req_t *request, const char *bytes, size_t len)
{
    while (len > 0) {
        int n = httpd_send(request, bytes, len);
        if (n < 0) {
            return ESP_ERR_HTTPD_RESP_SEND;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return ESP_OK;
}

esp_err_t httpd_resp_set_status(httpd_req_t *r, const char *status)
{
    ((aux_t *)r->aux)->status = status;
    return ESP_OK;
}

esp_err_t httpd_resp_set_type(httpd_req_t *r, const char *type)
{
    ((aux_t *)r->aux)->type = type;
    return ESP_OK;
}

esp_err_t httpd_resp_set_hdr(httpd_req_t *r, const char *field, const char *value)
{
    aux_t *aux = r->aux;
    if (aux->headers_len == ((server_t *)r->handle)->config.max_resp_headers) {
        return ESP_ERR_HTTPD_RESP_HDR;
    }
    aux->headers[aux->headers_len++] = (response_header_t){field, value};
    return ESP_OK;
}

esp_err_t httpd_resp_send(httpd_req_t *r, const char *buf, ssize_t buf_len)
{
    aux_t *aux = r->aux;
    char line[256];
    size_t len = buf_len == HTTPD_RESP_USE_STRLEN ? strlen(buf) : (size_t)buf_len;
    /* The request's headers are not to be had after this. */
    aux->head_len = 0;
    int n = snprintf(line, sizeof(line), "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n", aux->status,
                     aux->type, len);
    esp_err_t err = send_all(r, line, (size_t)n);
    for (unsigned i = 0; err == ESP_OK && i < aux->headers_len; i++) {
        const char *pieces[] = {aux->headers[i].field, ": ", aux->headers[i].value, "\r\n"};
        for (int at = 0; err == ESP_OK && at < 4; at++) {
            err = send_all(r, pieces[at], strlen(pieces[at]));
        }
    }
    if (err == ESP_OK) {
        err = send_all(r, "\r\n", 2);
    }
    return err == ESP_OK ? send_all(r, buf, len) : err;
}

esp_err_t httpd_resp_sendstr(httpd_req_t *r, const char *str)
{
    return httpd_resp_send(r, str, HTTPD_RESP_USE_STRLEN);
}

esp_err_t httpd_resp_send_err(httpd_req_t *req, httpd_err_code_t error, const char *msg)
{
    static const char *const statuses[HTTPD_ERR_CODE_MAX] = {
        [HTTPD_500_INTERNAL_SERVER_ERROR] = "500 Internal Server Error",
        [HTTPD_501_METHOD_NOT_IMPLEMENTED] = "501 Method Not Implemented",
        [HTTPD_505_VERSION_NOT_SUPPORTED] = "505 Version Not Supported",
        [HTTPD_400_BAD_REQUEST] = "400 Bad Request",
        [HTTPD_401_UNAUTHORIZED] = "401 Unauthorized",
        [HTTPD_403_FORBIDDEN] = "403 Forbidden",
        [HTTPD_404_NOT_FOUND] = "404 Not Found",
        [HTTPD_405_METHOD_NOT_ALLOWED] = "405 Method Not Allowed",
        [HTTPD_408_REQ_TIMEOUT] = "408 Request Timeout",
        [HTTPD_411_LENGTH_REQUIRED] = "411 Length Required",
        [HTTPD_413_CONTENT_TOO_LARGE] = "413 Content Too Large",
        [HTTPD_414_URI_TOO_LONG] = "414 URI Too Long",
        [HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE] = "431 Request Header Fields Too Large",
    };
    httpd_resp_set_status(req, statuses[error]);
    httpd_resp_set_type(req, "text/html");
    return httpd_resp_send(req, msg != NULL ? msg : "The server's own answer", HTTPD_RESP_USE_STRLEN);
}

static void free_request(httpd_req_t *request)
{
    aux_t *aux = request->aux;
    if (aux != NULL) {
        free(aux->head);
        free(aux->headers);
    }
    free(aux);
    free(request);
}

esp_err_t httpd_req_async_handler_begin(httpd_req_t *r, httpd_req_t **out)
{
    const server_t *server = r->handle;
    aux_t *aux = r->aux;
    httpd_req_t *copy = malloc(sizeof(*copy));
    aux_t *copied = calloc(1, sizeof(*copied));
    char *head = malloc(aux->head_len + 1);
    response_header_t *headers = calloc(server->config.max_resp_headers, sizeof(*headers));
    if (copy == NULL || copied == NULL || head == NULL || headers == NULL) {
        free(copy);
        free(copied);
        free(head);
        free(headers);
        return ESP_ERR_NO_MEM;
    }
    memcpy(copy, r, sizeof(*copy));
    *copied = *aux;
    memcpy(head, aux->head, aux->head_len);
    memcpy(headers, aux->headers, aux->headers_len * sizeof(*headers));
    copied->head = head;
    copied->headers = headers;
    copy->aux = copied;
    /* The task leaves the rest of the body, and the connection, to whoever has the copy. */
    aux->remaining = 0;
    __atomic_store_n(&aux->session->taken, true, __ATOMIC_SEQ_CST);
    *out = copy;
    return ESP_OK;
}

/* What is left of the body stays in the connection, where the next request is expected. */
esp_err_t httpd_req_async_handler_complete(httpd_req_t *r)
{
    server_t *server = r->handle;
    __atomic_store_n(&((aux_t *)r->aux)->session->taken, false, __ATOMIC_SEQ_CST);
    free_request(r);
    httpd_stand_in_wake(server);
    return ESP_OK;
}
