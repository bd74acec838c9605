/* echo_tcp PORT: TCP echo (RFC 862) by one thread and epoll(7).
 *
 * The practical limit a server on one core can be compared with: one recv and
 * one send per wake-up of a connection, no copy in between, no work per byte.
 * It is right as well as fast: what the kernel would not take at once is kept,
 * and nothing more is read from that peer until it has gone, so a peer that does
 * not read costs one buffer, and end of input is only seen when all is sent. */
#define _GNU_SOURCE
#include "listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_SIZE_BYTES = 64 * 1024, /* fits a second-level cache */
    EVENTS_MAX = 256,
    EXIT_USAGE = 2
};

/* One peer, and what of its bytes is still to be sent back. */
struct connection {
    int descriptor;
    char *pending; /* NULL when everything has been sent */
    size_t pending_from_bytes;
    size_t pending_size_bytes;
};

static int epoll;
static char read_buffer[READ_SIZE_BYTES];

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static void watch(struct connection *connection, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->descriptor, &event) < 0)
        fail("epoll_ctl");
}

static void forget(struct connection *connection)
{
    close(connection->descriptor); /* epoll forgets it with the last descriptor */
    free(connection->pending);
    free(connection);
}

/* Keeps a copy of what could not be sent and waits for room instead of input. */
static void keep(struct connection *connection, const char *bytes, size_t size_bytes)
{
    connection->pending = malloc(size_bytes);
    if (connection->pending == NULL)
        fail("malloc");
    memcpy(connection->pending, bytes, size_bytes);
    connection->pending_from_bytes = 0;
    connection->pending_size_bytes = size_bytes;
    watch(connection, EPOLL_CTL_MOD, EPOLLOUT);
}

/* Sends back one read. One read per wake-up: every peer gets its turn. */
static void echo(struct connection *connection)
{
    ssize_t received = recv(connection->descriptor, read_buffer, sizeof read_buffer, 0);
    if (received <= 0) {
        if (received == 0 || (errno != EAGAIN && errno != EINTR))
            forget(connection);
        return;
    }
    ssize_t sent = send(connection->descriptor, read_buffer, (size_t)received, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        forget(connection);
        return;
    }
    size_t done = sent < 0 ? 0 : (size_t)sent;
    if (done < (size_t)received)
        keep(connection, read_buffer + done, (size_t)received - done);
}

/* Sends on from what was kept, and reads again when it has all gone. */
static void send_pending(struct connection *connection)
{
    ssize_t sent = send(connection->descriptor,
                        connection->pending + connection->pending_from_bytes,
                        connection->pending_size_bytes - connection->pending_from_bytes,
                        MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR)
            forget(connection);
        return;
    }
    connection->pending_from_bytes += (size_t)sent;
    if (connection->pending_from_bytes < connection->pending_size_bytes)
        return;
    free(connection->pending);
    connection->pending = NULL;
    watch(connection, EPOLL_CTL_MOD, EPOLLIN);
}

static void welcome(int descriptor)
{
    const int yes = 1;
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        fail("calloc");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connection->descriptor = descriptor;
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
}

static void accept_all(int listener)
{
    for (;;) { /* ends when the accept queue is empty */
        int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (descriptor >= 0)
            welcome(descriptor);
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR && errno != ECONNABORTED)
            fail("accept4");
    }
}

static void serve(int listener)
{
    struct epoll_event events[EVENTS_MAX];
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) < 0)
        fail("epoll_ctl");
    for (;;) { /* until a signal, or the alarm of loopback_server_socket */
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int index = 0; index < count; index++) {
            struct connection *connection = events[index].data.ptr;
            if (connection == NULL)
                accept_all(listener);
            else if (connection->pending != NULL)
                send_pending(connection);
            else
                echo(connection);
        }
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: echo_tcp PORT\n");
        return EXIT_USAGE;
    }
    epoll = epoll_create1(0);
    if (epoll < 0)
        fail("epoll_create1");
    serve(loopback_server_socket(SOCK_STREAM | SOCK_NONBLOCK, arguments[1]));
}
