/* Stand-in: see esp_err.h. The methods that are tried, with their numbers. */
#pragma once

enum http_method {
    HTTP_DELETE = 0,
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 3,
    HTTP_PUT = 4,
    HTTP_CONNECT = 5,
    HTTP_OPTIONS = 6,
    HTTP_TRACE = 7,
    HTTP_PROPFIND = 12,
    HTTP_PATCH = 28,
};

const char *http_method_str(enum http_method m);
