/* A blocking connect with a time limit (SO_SNDTIMEO applies to it: socket(7)). A reset
 * instead of a goodbye at the end leaves no port in TIME_WAIT (RFC 9293, section 3.6.1):
 * thousands of them would slow down whoever looks for a socket of the next measurement. */
#include "dial.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { CONNECT_SECONDS_MAX = 5 };

int connect_to(const struct sockaddr_in *server)
{
    const int yes = 1;
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    const struct timeval limit = {.tv_sec = CONNECT_SECONDS_MAX};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0)
        return -1;
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(descriptor, (const struct sockaddr *)server, sizeof *server) == 0)
        return descriptor;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return -1;
}
