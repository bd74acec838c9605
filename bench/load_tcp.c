/* Ping-pong over many TCP connections, by one thread and epoll(7).
 *
 * Edge-triggered, so that one wake-up costs one recv and one send and interest
 * never has to be changed. That is safe because a short read or a short write
 * means that the kernel has no more for us now and will wake us again (epoll(7),
 * "Questions and answers", Q9); the end of the stream, which may have come in the
 * same wake-up as the last bytes, shows as EPOLLRDHUP. */
#define _GNU_SOURCE
#include "load_tcp.h"

#include "dial.h"
#include "pattern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    EVENTS_MAX = 256,
    WAKE_MS_MAX = 20,          /* how late the end of a stretch may be noticed */
    OPEN_SECONDS_MAX = 20,     /* for all: a short accept queue makes them wait (listen(2)) */
    CONNECTION_STRIDE = 131    /* connections start far apart in the pattern */
};

struct connection {
    int descriptor;
    int number;
    bool waiting; /* for the rest of an answer */
    uint64_t message;
    uint64_t started_ns;
    size_t sent_bytes;
    size_t received_bytes;
};

static struct connection *connections;
static int waiting_count;
static size_t message_size_bytes;
static uint8_t *answer_buffer; /* one byte longer than an answer may be */
static struct outcome *result;

static const uint8_t *content_of(const struct connection *connection)
{
    return pattern_of(connection->message +
                      (uint64_t)connection->number * CONNECTION_STRIDE);
}

/* Calls with MSG_DONTWAIT never sleep, so no signal can interrupt them. */
static bool try_later(void)
{
    return errno == EAGAIN;
}

static void send_rest(struct connection *connection)
{
    if (connection->sent_bytes == message_size_bytes)
        return;
    ssize_t sent = send(connection->descriptor, content_of(connection) + connection->sent_bytes,
                        message_size_bytes - connection->sent_bytes,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0)
        connection->sent_bytes += (size_t)sent;
    else if (!try_later())
        outcome_fault(result, "connection %d: sending failed: %s", connection->number,
                      strerror(errno));
}

static void start_message(struct connection *connection, uint64_t moment_ns)
{
    connection->message++;
    connection->sent_bytes = 0;
    connection->received_bytes = 0;
    connection->started_ns = moment_ns;
    connection->waiting = true;
    waiting_count++;
    send_rest(connection);
}

static size_t first_difference(const uint8_t *left, const uint8_t *right, size_t size_bytes)
{
    size_t index = 0;
    while (index < size_bytes && left[index] == right[index])
        index++;
    return index;
}

/* Compares what has just arrived with what was sent. */
static void check(const struct connection *connection, size_t arrived_bytes)
{
    size_t from = connection->received_bytes;
    if (from + arrived_bytes > connection->sent_bytes) {
        outcome_fault(result, "connection %d: %zu bytes came back when %zu had been sent",
                      connection->number, from + arrived_bytes, connection->sent_bytes);
        return;
    }
    const uint8_t *expected = content_of(connection) + from;
    if (memcmp(answer_buffer, expected, arrived_bytes) == 0)
        return;
    size_t at = first_difference(answer_buffer, expected, arrived_bytes);
    outcome_fault(result,
                  "connection %d: byte %zu of message %llu came back as 0x%02x, sent 0x%02x",
                  connection->number, from + at, (unsigned long long)connection->message,
                  answer_buffer[at], expected[at]);
}

static void finish_message(struct connection *connection)
{
    uint64_t moment_ns = now_ns();
    connection->waiting = false;
    waiting_count--;
    if (outcome_counts(result, moment_ns))
        latency_add(&result->latency, moment_ns - connection->started_ns);
    if (moment_ns < result->schedule.count_until_ns)
        start_message(connection, moment_ns);
}

/* Takes one read. Asks for one byte too many, so that a server which sends more
 * than it was given is caught, and so that a right answer is a short read. */
static void receive(struct connection *connection)
{
    size_t wanted = message_size_bytes - connection->received_bytes + 1;
    ssize_t arrived = recv(connection->descriptor, answer_buffer, wanted, MSG_DONTWAIT);
    if (arrived > 0) {
        check(connection, (size_t)arrived);
        connection->received_bytes += (size_t)arrived;
        if (connection->received_bytes >= message_size_bytes)
            finish_message(connection);
    } else if (arrived == 0)
        outcome_fault(result, "connection %d: closed by the server after %zu of %zu bytes",
                      connection->number, connection->received_bytes, message_size_bytes);
    else if (!try_later())
        outcome_fault(result, "connection %d: receiving failed: %s", connection->number,
                      strerror(errno));
}

static bool unfinished(void)
{
    if (result->error[0] != '\0')
        return false;
    uint64_t moment_ns = now_ns();
    if (moment_ns < result->schedule.count_until_ns)
        return true;
    return waiting_count > 0 && moment_ns < result->schedule.drain_until_ns;
}

static void exchange(int epoll)
{
    struct epoll_event events[EVENTS_MAX];
    while (unfinished()) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, WAKE_MS_MAX);
        for (int index = 0; index < count; index++) {
            send_rest(events[index].data.ptr);
            receive(events[index].data.ptr);
            if (events[index].events & EPOLLRDHUP) /* behind the last bytes is the end */
                receive(events[index].data.ptr);
        }
    }
}

static bool open_connection(int epoll, const struct sockaddr_in *server, int number)
{
    struct connection *connection = &connections[number];
    connection->number = number;
    connection->descriptor = connect_to(server);
    if (connection->descriptor < 0) {
        outcome_fault(result, "connection %d: connecting failed: %s", number, strerror(errno));
        return false;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = connection};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, connection->descriptor, &event) == 0;
}

static bool open_all(int epoll, const struct sockaddr_in *server, int connection_count)
{
    uint64_t give_up_ns = now_ns() + OPEN_SECONDS_MAX * 1000000000ULL;
    for (int number = 0; number < connection_count; number++) {
        if (!open_connection(epoll, server, number))
            return false;
        if (now_ns() > give_up_ns) {
            outcome_fault(result, "only %d connections could be opened in %d s", number + 1,
                          OPEN_SECONDS_MAX);
            return false;
        }
    }
    return true;
}

static void count_unanswered(int connection_count)
{
    for (int number = 0; number < connection_count; number++) {
        struct connection *connection = &connections[number];
        if (!connection->waiting)
            continue;
        result->unanswered++;
        outcome_fault(result, "connection %d: stalled, %zu of %zu bytes came back", number,
                      connection->received_bytes, message_size_bytes);
    }
}

void load_tcp(const struct sockaddr_in *server, int connection_count, size_t size_bytes,
              double seconds, struct outcome *outcome)
{
    result = outcome;
    message_size_bytes = size_bytes;
    connections = calloc((size_t)connection_count, sizeof *connections);
    answer_buffer = malloc(size_bytes + 1);
    int epoll = epoll_create1(0);
    if (connections == NULL || answer_buffer == NULL || epoll < 0) {
        perror("load_tcp");
        exit(EXIT_FAILURE);
    }
    make_pattern(size_bytes);
    if (!open_all(epoll, server, connection_count))
        return;
    outcome_start(outcome, seconds);
    for (int number = 0; number < connection_count; number++)
        start_message(&connections[number], now_ns());
    exchange(epoll);
    count_unanswered(connection_count);
    outcome_finish(outcome);
}
