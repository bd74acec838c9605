/* One thread and epoll(7) hold the sender and all receivers, so that one clock times
 * both ends and no receiver needs to be told what was sent.
 *
 * Servers put a prefix before a line and lines of their own between (who has joined,
 * how many bytes follow). A line that was said is known by its mark, and it ends where
 * its line ends; then all of it is compared with what was said. */
#define _GNU_SOURCE
#include "load_broadcast.h"

#include "dial.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    EVENTS_MAX = 256,
    WAKE_MS_MAX = 20,                 /* how late the end of a stretch may be noticed */
    PAUSE_MS = 1,                     /* between two connections */
    OPEN_SECONDS_MAX = 20,            /* until everybody is connected, and then until all hear */
    LISTEN_AFTER_MS = 30,             /* for what comes once too often at the end */
    READ_SIZE_BYTES = 64 * 1024,
    HELD_BYTES_MAX = 1024,            /* of a line not ended yet: only its tail matters */
    TAIL_BYTES = 512,
    TEXT_BYTES = LINE_BYTES - 1,      /* without the end of line */
    SAID_BYTES_MAX = LINE_BYTES + 32, /* with what the speech puts around it */
    HELLO_BYTES_MAX = 160,
    PROBE_NS = 50 * 1000 * 1000,      /* between two lines that ask who hears already */
    SHOWN_BYTES_MAX = 80              /* of a line that is quoted in an error */
};

/* Of the same length; nothing that a server says by itself contains them. */
static const char MARK[] = "@bench-";
static const char PROBE[] = "@probe-";
enum { MARK_BYTES = sizeof MARK - 1 };

/* One line on its way. Its place is its number modulo LINES_IN_FLIGHT_MAX. */
struct line {
    char text[TEXT_BYTES + 1];
    uint64_t said_ns;
    int arrived; /* with how many receivers */
};

struct member {
    int descriptor;
    int number; /* 0 is the sender */
    bool greeted; /* something has come from the server */
    bool hears;   /* something the sender said has come */
    uint64_t next; /* the number of the line it must get now */
    char held[HELD_BYTES_MAX];
    size_t held_bytes;
};

static const struct speech *speech;
static struct member *members;
static int receiver_count;
static int hearing_count;
static int epoll;
static struct outcome *result;

static struct line lines[LINES_IN_FLIGHT_MAX];
static uint64_t next_line;  /* the first not said yet */
static uint64_t first_line; /* the first that somebody has not got yet */

static char outbox[SAID_BYTES_MAX]; /* what the sender says and the kernel has not taken */
static size_t outbox_from_bytes;
static size_t outbox_size_bytes;

/* How errors name a member; valid until the next call. */
static const char *name_of(const struct member *member)
{
    static char name[32];
    if (member->number == 0)
        return "the sender";
    snprintf(name, sizeof name, "receiver %d", member->number);
    return name;
}

static struct line *line_at(uint64_t number)
{
    return &lines[number % LINES_IN_FLIGHT_MAX];
}

/* A fault that quotes what came: quotes and control characters become dots. */
static void fault_with(const struct member *member, const char *what, const char *line,
                       size_t size_bytes)
{
    char shown[SHOWN_BYTES_MAX + 1];
    size_t shown_bytes = size_bytes < SHOWN_BYTES_MAX ? size_bytes : SHOWN_BYTES_MAX;
    for (size_t at = 0; at < shown_bytes; at++)
        shown[at] = line[at] < ' ' || line[at] > '~' || strchr("\"\\", line[at]) ? '.' : line[at];
    shown[shown_bytes] = '\0';
    outcome_fault(result, "%s: %s: %s", name_of(member), what, shown);
}

/* The text of line `number`: its mark, its number, and letters that depend on it. */
static void write_text(char *text, const char *mark, uint64_t number)
{
    uint64_t state = number * 0x9e3779b97f4a7c15ULL + 1;
    int used = sprintf(text, "%s%016llx-", mark, (unsigned long long)number);
    for (int at = used; at < TEXT_BYTES; at++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text[at] = (char)('a' + (state >> 40) % 16);
    }
    text[TEXT_BYTES] = '\0';
}

static void put(const char *bytes, size_t size_bytes)
{
    memcpy(outbox + outbox_size_bytes, bytes, size_bytes);
    outbox_size_bytes += size_bytes;
}

static void put_said(const char *text)
{
    put(speech->before, strlen(speech->before));
    put(text, TEXT_BYTES);
    put(speech->end, strlen(speech->end));
}

static void watch(struct member *member, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = member};
    if (epoll_ctl(epoll, operation, member->descriptor, &event) < 0)
        outcome_fault(result, "epoll_ctl: %s", strerror(errno));
}

/* Sends what the sender has said; what the kernel does not take waits for room. */
static void send_outbox(void)
{
    if (outbox_size_bytes == 0)
        return;
    bool waited = outbox_from_bytes > 0;
    ssize_t sent = send(members[0].descriptor, outbox + outbox_from_bytes,
                        outbox_size_bytes - outbox_from_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) {
        outcome_fault(result, "the sender: sending failed: %s", strerror(errno));
        return;
    }
    outbox_from_bytes += sent < 0 ? 0 : (size_t)sent;
    bool waits = outbox_from_bytes < outbox_size_bytes;
    if (waits || waited)
        watch(&members[0], EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
    if (!waits)
        outbox_from_bytes = outbox_size_bytes = 0;
}

/* Says as many lines as there is room for in flight, each in a send of its own, as
 * lines are said. How many of them a server finds in one read is up to it. */
static void say(int in_flight)
{
    while (outbox_size_bytes == 0 && next_line - first_line < (uint64_t)in_flight) {
        uint64_t moment_ns = now_ns();
        if (moment_ns >= result->schedule.count_until_ns)
            return;
        struct line *line = line_at(next_line);
        write_text(line->text, MARK, next_line);
        line->said_ns = moment_ns;
        line->arrived = 0;
        next_line++;
        put_said(line->text);
        send_outbox();
    }
}

/* Says why what came is not the line that was due. */
static void refuse(const struct member *member, const char *text)
{
    unsigned long long came = strtoull(text + MARK_BYTES, NULL, 16);
    unsigned long long due = member->next;
    char shown[TEXT_BYTES + 1];
    write_text(shown, MARK, came);
    if (memcmp(shown, text, TEXT_BYTES) != 0)
        fault_with(member, "a line came changed", text, TEXT_BYTES);
    else if (came < due)
        outcome_fault(result, "%s: line %llu came again when %llu was due", name_of(member), came,
                      due);
    else
        outcome_fault(result, "%s: line %llu came when %llu was due", name_of(member), came,
                      due);
}

/* Takes a line that was said. Lines in flight are kept until everybody has them, so
 * the one that is due can be compared byte by byte. `before_bytes` stand before it. */
static void deliver(struct member *member, const char *text, size_t before_bytes,
                    uint64_t moment_ns)
{
    if (member->number == 0)
        return; /* some servers let the sender hear itself */
    if (before_bytes >= MARK_BYTES && memmem(text - before_bytes, before_bytes, MARK, MARK_BYTES)) {
        fault_with(member, "two lines came as one", text - before_bytes, before_bytes);
        return;
    }
    struct line *line = line_at(member->next);
    if (member->next == next_line || memcmp(line->text, text, TEXT_BYTES) != 0) {
        refuse(member, text);
        return;
    }
    if (outcome_counts(result, moment_ns))
        latency_add(&result->latency, moment_ns - line->said_ns);
    member->next++;
    if (++line->arrived == receiver_count)
        first_line++; /* each gets them in order, so this was the first in flight */
}

static void answer_ping(const struct member *member, const char *line, size_t size_bytes)
{
    char answer[HELD_BYTES_MAX];
    int used = snprintf(answer, sizeof answer, "PONG%.*s\r\n", (int)size_bytes - 4, line + 4);
    if (send(member->descriptor, answer, (size_t)used, MSG_NOSIGNAL | MSG_DONTWAIT) != used)
        outcome_fault(result, "%s: PONG could not be sent", name_of(member));
}

/* Takes a line without its end. */
static void take_line(struct member *member, const char *line, size_t size_bytes,
                      uint64_t moment_ns)
{
    const char *text = size_bytes >= TEXT_BYTES ? line + size_bytes - TEXT_BYTES : line;
    if (begins_with(text, size_bytes, MARK) && size_bytes >= TEXT_BYTES)
        deliver(member, text, size_bytes - TEXT_BYTES, moment_ns);
    else if (begins_with(text, size_bytes, PROBE) && size_bytes >= TEXT_BYTES) {
        hearing_count += member->number > 0 && !member->hears;
        member->hears = true;
    } else if (memmem(line, size_bytes, MARK, MARK_BYTES) != NULL)
        fault_with(member, "a line came changed", line, size_bytes);
    else if (speech->asks && size_bytes < TAIL_BYTES && begins_with(line, size_bytes, "PING"))
        answer_ping(member, line, size_bytes);
    else if (speech->complaint != NULL && begins_with(line, size_bytes, speech->complaint))
        fault_with(member, "the server said", line, size_bytes);
}

/* Cuts `bytes` into lines and holds the rest: its tail, when it is long. */
static void cut(struct member *member, const char *bytes, size_t size_bytes, uint64_t moment_ns)
{
    const char *limit = bytes + size_bytes;
    const char *end;
    while ((end = memchr(bytes, '\n', (size_t)(limit - bytes))) != NULL) {
        size_t line_bytes = (size_t)(end - bytes);
        if (line_bytes > 0 && end[-1] == '\r')
            line_bytes--;
        take_line(member, bytes, line_bytes, moment_ns);
        bytes = end + 1;
    }
    size_t rest_bytes = (size_t)(limit - bytes);
    size_t held_bytes = rest_bytes <= HELD_BYTES_MAX ? rest_bytes : TAIL_BYTES;
    memcpy(member->held, limit - held_bytes, held_bytes);
    member->held_bytes = held_bytes;
}

static void receive(struct member *member)
{
    static char buffer[HELD_BYTES_MAX + READ_SIZE_BYTES];
    ssize_t arrived = recv(member->descriptor, buffer + member->held_bytes, READ_SIZE_BYTES,
                           MSG_DONTWAIT);
    if (arrived > 0) {
        member->greeted = true;
        memcpy(buffer, member->held, member->held_bytes);
        cut(member, buffer, member->held_bytes + (size_t)arrived, now_ns());
    } else if (arrived == 0)
        outcome_fault(result, "%s: closed by the server before line %llu", name_of(member),
                      (unsigned long long)member->next);
    else if (errno != EAGAIN)
        outcome_fault(result, "%s: receiving failed: %s", name_of(member), strerror(errno));
}

/* Waits `wait_ms` at most and takes what has come. */
static void take_events(int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll, events, EVENTS_MAX, wait_ms);
    for (int index = 0; index < count; index++) {
        struct member *member = events[index].data.ptr;
        if (events[index].events & EPOLLOUT)
            send_outbox();
        if (events[index].events & ~(uint32_t)EPOLLOUT)
            receive(member);
    }
}

static bool faulty(void)
{
    return result->error[0] != '\0';
}

static void greet(const struct member *member)
{
    char hello[HELLO_BYTES_MAX];
    int used = snprintf(hello, sizeof hello, speech->hello, member->number);
    if (used > 0 && send(member->descriptor, hello, (size_t)used, MSG_NOSIGNAL) != used)
        outcome_fault(result, "%s: greeting failed: %s", name_of(member), strerror(errno));
}

static void open_member(const struct sockaddr_in *server, int number)
{
    struct member *member = &members[number];
    member->number = number;
    member->descriptor = connect_to(server);
    if (member->descriptor < 0) {
        outcome_fault(result, "%s: connecting failed: %s", name_of(member), strerror(errno));
        return;
    }
    watch(member, EPOLL_CTL_ADD, EPOLLIN);
    greet(member);
}

/* Opens all, and reads meanwhile: a server may tell everybody who has come. Does not
 * hurry: a short accept queue drops whoever comes too fast for a second (listen(2)). */
static void open_all(const struct sockaddr_in *server)
{
    uint64_t give_up_ns = now_ns() + OPEN_SECONDS_MAX * 1000000000ULL;
    for (int number = 0; number <= receiver_count && !faulty(); number++) {
        open_member(server, number);
        do
            take_events(PAUSE_MS);
        while (speech->asks && !members[number].greeted && !faulty() && now_ns() < give_up_ns);
        if (now_ns() > give_up_ns)
            outcome_fault(result, "only %d of %d receivers could be connected in %d s", number,
                          receiver_count, OPEN_SECONDS_MAX);
    }
}

/* To be connected is not to be in the room yet: speaks until everybody hears. */
static void wait_until_all_hear(void)
{
    char text[TEXT_BYTES + 1];
    uint64_t began_ns = now_ns();
    uint64_t probed_ns = 0;
    for (uint64_t number = 0; hearing_count < receiver_count && !faulty();) {
        uint64_t moment_ns = now_ns();
        if (moment_ns - began_ns > OPEN_SECONDS_MAX * 1000000000ULL)
            outcome_fault(result, "only %d of %d receivers heard the sender in %d s",
                          hearing_count, receiver_count, OPEN_SECONDS_MAX);
        if (moment_ns - probed_ns > PROBE_NS && outbox_size_bytes == 0) {
            write_text(text, PROBE, number++);
            put_said(text);
            send_outbox();
            probed_ns = moment_ns;
        }
        take_events(WAKE_MS_MAX);
    }
}

static bool unfinished(void)
{
    if (faulty())
        return false;
    uint64_t moment_ns = now_ns();
    if (moment_ns < result->schedule.count_until_ns)
        return true;
    return first_line < next_line && moment_ns < result->schedule.drain_until_ns;
}

static void count_missing(void)
{
    for (int number = 1; number <= receiver_count; number++) {
        if (members[number].next == next_line)
            continue;
        result->unanswered += next_line - members[number].next;
        outcome_fault(result, "%s: %llu lines of %llu have not come", name_of(&members[number]),
                      (unsigned long long)(next_line - members[number].next),
                      (unsigned long long)next_line);
    }
}

static void exchange(int in_flight)
{
    while (unfinished()) {
        say(in_flight);
        take_events(WAKE_MS_MAX);
    }
    count_missing();
    uint64_t until_ns = now_ns() + LISTEN_AFTER_MS * 1000000ULL;
    while (now_ns() < until_ns && !faulty())
        take_events(WAKE_MS_MAX);
}

void load_broadcast(const struct speech *spoken, const struct sockaddr_in *server, int count,
                    int in_flight, double seconds, struct outcome *outcome)
{
    result = outcome;
    speech = spoken;
    receiver_count = count;
    members = calloc((size_t)count + 1, sizeof *members);
    
    epoll = epoll_create1(0);
    if (members == NULL || epoll < 0) {
        perror("load_broadcast");
        exit(EXIT_FAILURE);
    }
    open_all(server);
    wait_until_all_hear();
    if (faulty())
        return;
    outcome_start(outcome, seconds);
    exchange(in_flight);
    outcome_finish(outcome);
}
