// The header is for C++, too: this is only compiled.
#include "faceplate.h"

esp_err_t in_cpp()
{
    faceplate_config_t config = FACEPLATE_CONFIG_DEFAULT();
    config.on_event = [](const faceplate_event_t *event, void *) { (void)event->received; };
    return faceplate_boot(&config);
}
