/* broadcast_tcp PORT: a room by one thread and epoll(7). Every line that a client
 * sends goes to all the others.
 *
 * The practical limit a chat server on one core can be compared with: one recv for
 * what a client has sent, one send of all its whole lines for each of the others, no
 * names, no greeting, no work per line. It is right as well as fast: it never waits
 * for anybody. What the kernel would not take is kept for that client, up to a limit,
 * and a client that lets it fill is dropped, so nobody is slowed by another. */
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
    READ_SIZE_BYTES = 64 * 1024,       /* fits a second-level cache */
    LINE_BYTES_MAX = 16 * 1024,        /* without its end */
    PENDING_BYTES_MAX = 1024 * 1024,   /* for each client; one that lets it fill is dropped */
    CLIENTS_MAX = 16 * 1024,
    EVENTS_MAX = 256,
    EXIT_USAGE = 2
};

struct client {
    int descriptor;
    bool leaves; /* closed once nobody is looking through `clients` any more */
    char *line;  /* the beginning of a line whose end has not come; NULL when there is none */
    size_t line_size_bytes;
    char *pending; /* NULL when everything has been sent */
    size_t pending_from_bytes;
    size_t pending_size_bytes;
};

static int epoll;
static struct client *clients[CLIENTS_MAX];
static int client_count;
static bool somebody_leaves;
static char read_buffer[LINE_BYTES_MAX + READ_SIZE_BYTES];

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static void *reserved(size_t size_bytes)
{
    void *room = malloc(size_bytes);
    if (room == NULL)
        fail("malloc");
    return room;
}

static void watch(struct client *client, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (epoll_ctl(epoll, operation, client->descriptor, &event) < 0)
        fail("epoll_ctl");
}

static void drop(struct client *client)
{
    client->leaves = true;
    somebody_leaves = true;
}

/* Takes those who leave out of the room, when no loop and no event points to them. */
static void forget_those_who_leave(void)
{
    for (int place = client_count - 1; somebody_leaves && place >= 0; place--) {
        struct client *client = clients[place];
        if (!client->leaves)
            continue;
        clients[place] = clients[--client_count];
        close(client->descriptor); /* epoll forgets it with the last descriptor */
        free(client->line);
        free(client->pending);
        free(client);
    }
    somebody_leaves = false;
}

/* Keeps for later what the kernel would not take, behind what is kept already. */
static void keep(struct client *client, const char *bytes, size_t size_bytes)
{
    size_t kept_bytes = client->pending_size_bytes - client->pending_from_bytes;
    if (kept_bytes + size_bytes > PENDING_BYTES_MAX) {
        drop(client);
        return;
    }
    char *pending = reserved(kept_bytes + size_bytes);
    if (kept_bytes > 0)
        memcpy(pending, client->pending + client->pending_from_bytes, kept_bytes);
    memcpy(pending + kept_bytes, bytes, size_bytes);
    if (client->pending == NULL)
        watch(client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    free(client->pending);
    client->pending = pending;
    client->pending_from_bytes = 0;
    client->pending_size_bytes = kept_bytes + size_bytes;
}

static void send_to(struct client *client, const char *bytes, size_t size_bytes)
{
    ssize_t sent = 0;
    if (client->pending == NULL)
        sent = send(client->descriptor, bytes, size_bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        drop(client);
        return;
    }
    size_t done = sent < 0 ? 0 : (size_t)sent;
    if (done < size_bytes)
        keep(client, bytes + done, size_bytes - done);
}

static void spread(const struct client *from, const char *lines, size_t size_bytes)
{
    for (int place = 0; place < client_count; place++)
        if (clients[place] != from && !clients[place]->leaves)
            send_to(clients[place], lines, size_bytes);
}

/* Keeps the beginning of a line for the next read. */
static void keep_line(struct client *client, const char *bytes, size_t size_bytes)
{
    if (size_bytes > LINE_BYTES_MAX) {
        drop(client);
        return;
    }
    if (size_bytes > 0) {
        client->line = reserved(size_bytes);
        memcpy(client->line, bytes, size_bytes);
    }
    client->line_size_bytes = size_bytes;
}

/* Takes one read and spreads the lines it ends. One read per wake-up: every client
 * gets its turn. */
static void listen_to(struct client *client)
{
    size_t held_bytes = client->line_size_bytes;
    ssize_t received = recv(client->descriptor, read_buffer + held_bytes, READ_SIZE_BYTES, 0);
    if (received <= 0) {
        if (received == 0 || (errno != EAGAIN && errno != EINTR))
            drop(client);
        return;
    }
    if (held_bytes > 0)
        memcpy(read_buffer, client->line, held_bytes);
    free(client->line);
    client->line = NULL;
    size_t size_bytes = held_bytes + (size_t)received;
    const char *last_end = memrchr(read_buffer, '\n', size_bytes);
    size_t whole_bytes = last_end == NULL ? 0 : (size_t)(last_end + 1 - read_buffer);
    if (whole_bytes > 0)
        spread(client, read_buffer, whole_bytes);
    keep_line(client, read_buffer + whole_bytes, size_bytes - whole_bytes);
}

static void send_pending(struct client *client)
{
    ssize_t sent = send(client->descriptor, client->pending + client->pending_from_bytes,
                        client->pending_size_bytes - client->pending_from_bytes, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR)
            drop(client);
        return;
    }
    client->pending_from_bytes += (size_t)sent;
    if (client->pending_from_bytes < client->pending_size_bytes)
        return;
    free(client->pending);
    client->pending = NULL;
    client->pending_from_bytes = 0;
    client->pending_size_bytes = 0;
    watch(client, EPOLL_CTL_MOD, EPOLLIN);
}

static void welcome(int descriptor)
{
    const int yes = 1;
    if (client_count == CLIENTS_MAX) {
        close(descriptor);
        return;
    }
    struct client *client = reserved(sizeof *client);
    *client = (struct client){.descriptor = descriptor};
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(client, EPOLL_CTL_ADD, EPOLLIN);
    clients[client_count++] = client;
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

static void wake(struct client *client, uint32_t events)
{
    if (!client->leaves && client->pending != NULL && (events & EPOLLOUT))
        send_pending(client);
    if (!client->leaves && (events & ~(uint32_t)EPOLLOUT))
        listen_to(client);
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
            if (events[index].data.ptr == NULL)
                accept_all(listener);
            else
                wake(events[index].data.ptr, events[index].events);
        }
        forget_those_who_leave();
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: broadcast_tcp PORT\n");
        return EXIT_USAGE;
    }
    epoll = epoll_create1(0);
    if (epoll < 0)
        fail("epoll_create1");
    serve(loopback_server_socket(SOCK_STREAM | SOCK_NONBLOCK, arguments[1]));
}
