/* A single connection, by poll(2): what is measured is how long the server takes, not
 * how many clients it serves. */
#include "load_durable.h"

#include "dial.h"
#include "frames.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    WAKE_MS_MAX = 20,
    JOIN_SECONDS_MAX = 10,
    LISTEN_AFTER_MS = 30, /* for what comes once too often at the end */
    INBOX_BYTES = FRAME_HEADER_BYTES + FRAME_PAYLOAD_BYTES_MAX + 64 * 1024,
    OUTBOX_BYTES = 512, /* the greeting, or one line */
    SHOWN_BYTES_MAX = 120
};

static const char JOIN[] = "{\"name\":\"bench\",\"session\":\"bench-0123456789abcdef\"}";

/* One line on its way. Its place is its stream modulo SAYINGS_IN_FLIGHT_MAX. */
struct saying {
    uint64_t said_ns;
    bool waits; /* for TAKEN */
};

static int descriptor;
static struct outcome *result;
static struct saying sayings[SAYINGS_IN_FLIGHT_MAX];
static uint32_t next_stream = 1;
static uint32_t first_stream = 1; /* the first that has not been acknowledged */
static bool prefaced;             /* the server's preface has come */
static bool joined;

static char inbox[INBOX_BYTES];
static size_t inbox_bytes;
static char outbox[OUTBOX_BYTES];
static size_t outbox_from_bytes;
static size_t outbox_bytes;

static struct saying *saying_at(uint32_t stream)
{
    return &sayings[stream % SAYINGS_IN_FLIGHT_MAX];
}

static bool faulty(void)
{
    return result->error[0] != '\0';
}

static void send_outbox(void)
{
    if (outbox_bytes == 0)
        return;
    ssize_t sent = send(descriptor, outbox + outbox_from_bytes, outbox_bytes - outbox_from_bytes,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN)
        outcome_fault(result, "sending failed: %s", strerror(errno));
    outbox_from_bytes += sent < 0 ? 0 : (size_t)sent;
    if (outbox_from_bytes == outbox_bytes)
        outbox_from_bytes = outbox_bytes = 0;
}

static void put(uint8_t kind, uint32_t stream, const char *payload, size_t payload_bytes)
{
    struct frame frame = {kind, stream, payload, payload_bytes};
    outbox_bytes += frame_write(outbox + outbox_bytes, &frame);
}

/* Says as many lines as there is room for in flight, each in a send of its own. */
static void say(int in_flight)
{
    char text[SAYING_BYTES + 1];
    while (outbox_bytes == 0 && next_stream - first_stream < (uint32_t)in_flight) {
        uint64_t moment_ns = now_ns();
        if (moment_ns >= result->schedule.count_until_ns)
            return;
        *saying_at(next_stream) = (struct saying){.said_ns = moment_ns, .waits = true};
        snprintf(text, sizeof text, "line %010u %0*d", next_stream, SAYING_BYTES - 16, 0);
        put(FRAME_SAY, next_stream++, text, SAYING_BYTES);
        send_outbox();
    }
}

static void take_acknowledgement(uint32_t stream)
{
    uint64_t moment_ns = now_ns();
    struct saying *saying = saying_at(stream);
    if (stream - first_stream >= next_stream - first_stream || !saying->waits) {
        outcome_fault(result, stream < next_stream ? "line %u was acknowledged again"
                                                   : "line %u was acknowledged and not said",
                      stream);
        return;
    }
    saying->waits = false;
    if (outcome_counts(result, moment_ns))
        latency_add(&result->latency, moment_ns - saying->said_ns);
    while (first_stream != next_stream && !saying_at(first_stream)->waits)
        first_stream++;
}

/* What the server says by itself (who is there, what was said before) is not ours. */
static void take_frame(const struct frame *frame)
{
    char shown[SHOWN_BYTES_MAX + 1];
    if (frame->kind == FRAME_TAKEN)
        take_acknowledgement(frame->stream);
    else if (frame->kind == FRAME_JOINED)
        joined = true;
    else if (frame->kind == FRAME_ERROR) {
        size_t at = 0;
        for (; at < frame->payload_bytes && at < SHOWN_BYTES_MAX; at++)
            shown[at] = strchr("\"\\\n", frame->payload[at]) ? '\'' : frame->payload[at];
        shown[at] = '\0';
        outcome_fault(result, "the server said: %s", shown);
    }
}

static size_t take_preface(void)
{
    if (inbox_bytes < PREFACE_BYTES)
        return 0;
    prefaced = memcmp(inbox, PREFACE, PREFACE_BYTES) == 0;
    if (!prefaced)
        outcome_fault(result, "the server does not speak frames");
    return PREFACE_BYTES;
}

static void take_frames(void)
{
    struct frame frame;
    size_t from_bytes = prefaced ? 0 : take_preface();
    while (prefaced && !faulty()) {
        if (frame_too_long(inbox + from_bytes, inbox_bytes - from_bytes))
            outcome_fault(result, "a frame is longer than allowed");
        size_t used_bytes = frame_read(&frame, inbox + from_bytes, inbox_bytes - from_bytes);
        if (used_bytes == 0)
            break;
        take_frame(&frame);
        from_bytes += used_bytes;
    }
    inbox_bytes -= from_bytes;
    memmove(inbox, inbox + from_bytes, inbox_bytes);
}

static void receive(void)
{
    ssize_t arrived =
        recv(descriptor, inbox + inbox_bytes, sizeof inbox - inbox_bytes, MSG_DONTWAIT);
    if (arrived > 0) {
        inbox_bytes += (size_t)arrived;
        take_frames();
    } else if (arrived == 0)
        outcome_fault(result, "closed by the server after line %u was said", next_stream - 1);
    else if (errno != EAGAIN)
        outcome_fault(result, "receiving failed: %s", strerror(errno));
}

static void wait_and_take(void)
{
    struct pollfd waiting = {.fd = descriptor, .events = POLLIN};
    if (outbox_bytes > 0)
        waiting.events |= POLLOUT;
    if (poll(&waiting, 1, WAKE_MS_MAX) <= 0)
        return;
    if (waiting.revents & POLLOUT)
        send_outbox();
    if (waiting.revents & ~POLLOUT)
        receive();
}

static void join(const struct sockaddr_in *server)
{
    descriptor = connect_to(server);
    if (descriptor < 0) {
        outcome_fault(result, "connecting failed: %s", strerror(errno));
        return;
    }
    memcpy(outbox, PREFACE, PREFACE_BYTES);
    outbox_bytes = PREFACE_BYTES;
    put(FRAME_JOIN, 0, JOIN, sizeof JOIN - 1);
    send_outbox();
    uint64_t give_up_ns = now_ns() + JOIN_SECONDS_MAX * 1000000000ULL;
    while (!joined && !faulty()) {
        wait_and_take();
        if (now_ns() > give_up_ns)
            outcome_fault(result, "not let into the room within %d s", JOIN_SECONDS_MAX);
    }
}

static bool unfinished(void)
{
    if (faulty())
        return false;
    uint64_t moment_ns = now_ns();
    if (moment_ns < result->schedule.count_until_ns)
        return true;
    return first_stream != next_stream && moment_ns < result->schedule.drain_until_ns;
}

static void exchange(int in_flight)
{
    while (unfinished()) {
        say(in_flight);
        wait_and_take();
    }
    if (first_stream != next_stream)
        outcome_fault(result, "line %u of %u has not been acknowledged", first_stream,
                      next_stream - 1);
    result->unanswered = next_stream - first_stream;
    uint64_t until_ns = now_ns() + LISTEN_AFTER_MS * 1000000ULL;
    while (now_ns() < until_ns && !faulty())
        wait_and_take();
}

void load_durable(const struct sockaddr_in *server, int in_flight, double seconds,
                  struct outcome *outcome)
{
    result = outcome;
    join(server);
    if (faulty())
        return;
    outcome_start(outcome, seconds);
    exchange(in_flight);
    outcome_finish(outcome);
}
