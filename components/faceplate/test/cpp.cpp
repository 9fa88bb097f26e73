// The headers are for C++, too: this is only compiled.
#include "faceplate.h"
#include "faceplate_http.h"

esp_err_t in_cpp()
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.on_event = [](const faceplate_event_t *event, void *) { (void)event->received; };
    return faceplate_boot(&config);
}

esp_err_t http_in_cpp(httpd_handle_t server)
{
    faceplate_http_config_t config = FACEPLATE_HTTP_CONFIG_DEFAULT();
    config.authorize = [](const faceplate_request_t *, faceplate_access_t, void *) { return FACEPLATE_ALLOW; };
    return faceplate_register(server, &config);
}
