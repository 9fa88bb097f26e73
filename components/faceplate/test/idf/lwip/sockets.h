/* Stand-in: see ../esp_err.h. lwIP has the calls of POSIX, which this machine has too. */
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
