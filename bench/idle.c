/* idle HOST PORT CONNECTIONS
 *
 * Opens connections to an echo server and holds them until standard input ends,
 * so that the server's memory can be read meanwhile. Each connection says
 * something once and waits for the answer: a connection that still stands in the
 * accept queue costs the server nothing and would make it look better than it is.
 * Prints the number held, on a line, when all are there. */
#include "address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    CONNECTIONS_MAX = 25000, /* a little less than the ephemeral ports of one address */
    ANSWER_SECONDS_MAX = 5
};

static const char GREETING[] = "are you there?";

static void fail(long number, const char *what)
{
    fprintf(stderr, "connection %ld: %s: %s\n", number, what, strerror(errno));
    exit(EXIT_FAILURE);
}

static void allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A reset instead of a goodbye at the end leaves no port in TIME_WAIT (RFC 9293,
 * section 3.6.1), so the next measurement has all of them again. */
static void set_options(int descriptor)
{
    const struct timeval limit = {.tv_sec = ANSWER_SECONDS_MAX};
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

static void greet(long number, int descriptor)
{
    char answer[sizeof GREETING];
    if (send(descriptor, GREETING, sizeof GREETING, MSG_NOSIGNAL) != (ssize_t)sizeof GREETING)
        fail(number, "sending failed");
    errno = 0;
    if (recv(descriptor, answer, sizeof answer, MSG_WAITALL) != (ssize_t)sizeof answer)
        fail(number, "no whole answer");
    errno = 0;
    if (memcmp(answer, GREETING, sizeof answer) != 0)
        fail(number, "wrong answer");
}

static void open_connection(long number, const struct sockaddr_in *server)
{
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0)
        fail(number, "socket");
    set_options(descriptor);
    if (connect(descriptor, (const struct sockaddr *)server, sizeof *server) < 0)
        fail(number, "connecting failed");
    greet(number, descriptor);
}

static void hold_until_input_ends(void)
{
    char rubbish[64];
    while (read(STDIN_FILENO, rubbish, sizeof rubbish) > 0) {
        /* what is typed does not matter, only the end of it */
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 4) {
        fprintf(stderr, "usage: idle HOST PORT CONNECTIONS\n");
        return EXIT_USAGE;
    }
    struct sockaddr_in server = address_from(arguments[1], arguments[2]);
    long connections = number_from(arguments[3], 1, CONNECTIONS_MAX, "CONNECTIONS");
    allow_descriptors();
    for (long number = 0; number < connections; number++)
        open_connection(number, &server);
    printf("%ld\n", connections);
    fflush(stdout);
    hold_until_input_ends();
    return EXIT_SUCCESS;
}
