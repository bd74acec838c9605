/* Opens the listening socket of the C reference servers. */
#include "listen.h"

#include "address.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 4096,          /* the kernel cuts it to net.core.somaxconn */
    LIFE_SECONDS_MAX = 3600, /* longer than any measurement, shorter than a day */
    TYPE_MASK = 0xf          /* the type without SOCK_NONBLOCK and its like */
};

static void must(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

int loopback_server_socket(int type, const char *port)
{
    const int yes = 1;
    struct sockaddr_in address = address_from("127.0.0.1", port);
    int server = socket(AF_INET, type, 0);
    must(server, "socket");
    must(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "SO_REUSEADDR");
    must(bind(server, (struct sockaddr *)&address, sizeof address), "bind");
    if ((type & TYPE_MASK) == SOCK_STREAM)
        must(listen(server, BACKLOG), "listen");
    alarm(LIFE_SECONDS_MAX);
    return server;
}
