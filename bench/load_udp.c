/* Keeps IN_FLIGHT datagrams on their way on each of several connected sockets.
 *
 * Every datagram carries a number never used before and bytes that depend on
 * it, so that each answer can be told from all others. What does not come back
 * in time is counted as lost and replaced, or the load would dry up. Datagrams
 * go and come in batches (sendmmsg(2), recvmmsg(2)): the slower the server, the
 * larger the batches, so the load is not what limits the figure. */
#define _GNU_SOURCE
#include "load_udp.h"

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
    WAKE_MS_MAX = 10,
    ANSWERED_KEPT = 1 << 20 /* how many numbers back a duplicate is recognised */
};

static const uint32_t MAGIC = 0x6f636521;
static const uint64_t LOST_AFTER_NS = 50 * 1000000ULL; /* loopback answers in far less */
static const uint64_t LOSS_CHECK_NS = 10 * 1000000ULL;

/* The head of every datagram; the rest is the pattern of its number. */
struct head {
    uint32_t magic;
    uint16_t flow;
    uint16_t slot;
    uint64_t number;
};

_Static_assert(sizeof(struct head) == DATAGRAM_SIZE_BYTES_MIN, "the head has no padding");

/* A place for one datagram on its way. */
struct slot {
    bool waiting;
    uint64_t number;
    uint64_t sent_ns;
};

struct flow {
    int descriptor;
    struct slot slots[IN_FLIGHT_MAX];
};

static struct flow *flows;
static int flow_count;
static int slot_count;
static size_t datagram_size_bytes;
static uint64_t next_number = 1;
static uint64_t waiting_count;
static uint8_t answered[ANSWERED_KEPT / 8]; /* one bit for each recent number */
static struct outcome *result;

/* What sendmmsg and recvmmsg work on: head and pattern out, a buffer in. */
static struct head heads[IN_FLIGHT_MAX];
static struct iovec parts_out[IN_FLIGHT_MAX][2];
static struct mmsghdr messages_out[IN_FLIGHT_MAX];
static uint8_t *buffers_in[IN_FLIGHT_MAX]; /* each one byte longer than an answer may be */
static struct iovec parts_in[IN_FLIGHT_MAX];
static struct mmsghdr messages_in[IN_FLIGHT_MAX];

static bool was_answered(uint64_t number)
{
    uint64_t bit = number % ANSWERED_KEPT;
    return (answered[bit / 8] >> (bit % 8)) & 1U;
}

static void set_answered(uint64_t number, bool value)
{
    uint64_t bit = number % ANSWERED_KEPT;
    uint8_t mask = (uint8_t)(1U << (bit % 8));
    answered[bit / 8] = (uint8_t)(value ? answered[bit / 8] | mask : answered[bit / 8] & ~mask);
}

/* Puts a new datagram for `slot_index` into place `place` of the batch. */
static void fill_out(int place, int flow_index, int slot_index, uint64_t moment_ns)
{
    struct slot *slot = &flows[flow_index].slots[slot_index];
    slot->number = next_number++;
    slot->sent_ns = moment_ns;
    set_answered(slot->number, false);
    heads[place] = (struct head){.magic = MAGIC,
                                 .flow = (uint16_t)flow_index,
                                 .slot = (uint16_t)slot_index,
                                 .number = slot->number};
    parts_out[place][1].iov_base = (void *)(uintptr_t)pattern_of(slot->number);
}

/* Sends the batch; `slots` says whose datagrams they are. Those the kernel does
 * not take now are tried again at the next check for losses. */
static void send_batch(int flow_index, const int *slots, int count)
{
    struct flow *flow = &flows[flow_index];
    int sent = sendmmsg(flow->descriptor, messages_out, (unsigned)count, MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != ENOBUFS)
        outcome_fault(result, "socket %d: sending failed: %s", flow_index, strerror(errno));
    for (int place = 0; place < sent; place++)
        flow->slots[slots[place]].waiting = true;
    if (sent > 0)
        waiting_count += (uint64_t)sent;
}

static void refill(int flow_index, const int *slots, int count, uint64_t moment_ns)
{
    if (count == 0 || moment_ns >= result->schedule.count_until_ns)
        return;
    for (int place = 0; place < count; place++)
        fill_out(place, flow_index, slots[place], moment_ns);
    send_batch(flow_index, slots, count);
}

/* Whether the answer is, byte for byte, a datagram this socket has sent. */
static bool check(int flow_index, const uint8_t *answer, size_t answer_size_bytes)
{
    struct head head;
    if (answer_size_bytes != datagram_size_bytes) {
        outcome_fault(result, "socket %d: a datagram of %zu bytes%s came back, sent were %zu",
                      flow_index, answer_size_bytes,
                      answer_size_bytes > datagram_size_bytes ? " or more" : "",
                      datagram_size_bytes);
        return false;
    }
    memcpy(&head, answer, sizeof head);
    if (head.magic != MAGIC || head.flow != flow_index || head.slot >= slot_count ||
        head.number >= next_number) {
        outcome_fault(result, "socket %d: an answer begins as no datagram did", flow_index);
        return false;
    }
    if (memcmp(answer + sizeof head, pattern_of(head.number), answer_size_bytes - sizeof head)) {
        outcome_fault(result, "socket %d: datagram %llu came back changed", flow_index,
                      (unsigned long long)head.number);
        return false;
    }
    return true;
}

/* Books an answer; returns its slot if that is free again, else -1. */
static int book(int flow_index, const uint8_t *answer, uint64_t moment_ns)
{
    struct head head;
    memcpy(&head, answer, sizeof head);
    struct slot *slot = &flows[flow_index].slots[head.slot];
    if (was_answered(head.number)) {
        outcome_fault(result, "socket %d: datagram %llu was answered twice", flow_index,
                      (unsigned long long)head.number);
        return -1;
    }
    set_answered(head.number, true);
    if (!slot->waiting || slot->number != head.number) {
        result->late++;
        return -1;
    }
    slot->waiting = false;
    waiting_count--;
    if (outcome_counts(result, moment_ns))
        latency_add(&result->latency, moment_ns - slot->sent_ns);
    return head.slot;
}

/* Takes one batch of answers and sends a new datagram for each. */
static void receive(int flow_index)
{
    int free_slots[IN_FLIGHT_MAX];
    int free_count = 0;
    int count = recvmmsg(flows[flow_index].descriptor, messages_in, IN_FLIGHT_MAX, MSG_DONTWAIT,
                         NULL);
    if (count < 0 && errno != EAGAIN)
        outcome_fault(result, "socket %d: receiving failed: %s", flow_index, strerror(errno));
    uint64_t moment_ns = now_ns();
    for (int place = 0; place < count; place++) {
        if (!check(flow_index, buffers_in[place], messages_in[place].msg_len))
            return;
        int slot_index = book(flow_index, buffers_in[place], moment_ns);
        if (slot_index >= 0)
            free_slots[free_count++] = slot_index;
    }
    refill(flow_index, free_slots, free_count, moment_ns);
}

/* Gives up what is overdue in one flow and fills every slot that is free. */
static void replace_lost_in(int flow_index, uint64_t moment_ns)
{
    int free_slots[IN_FLIGHT_MAX];
    int free_count = 0;
    for (int slot_index = 0; slot_index < slot_count; slot_index++) {
        struct slot *slot = &flows[flow_index].slots[slot_index];
        if (slot->waiting && moment_ns - slot->sent_ns > LOST_AFTER_NS) {
            slot->waiting = false;
            waiting_count--;
            if (outcome_counts(result, moment_ns))
                result->lost++;
        }
        if (!slot->waiting)
            free_slots[free_count++] = slot_index;
    }
    refill(flow_index, free_slots, free_count, moment_ns);
}

static void replace_lost(void)
{
    static uint64_t next_check_ns;
    uint64_t moment_ns = now_ns();
    if (moment_ns < next_check_ns || moment_ns >= result->schedule.count_until_ns)
        return;
    next_check_ns = moment_ns + LOSS_CHECK_NS;
    for (int flow_index = 0; flow_index < flow_count; flow_index++)
        replace_lost_in(flow_index, moment_ns);
}

static bool unfinished(void)
{
    if (result->error[0] != '\0')
        return false;
    uint64_t moment_ns = now_ns();
    if (moment_ns < result->schedule.count_until_ns)
        return true;
    /* What is still under way now is waited for a little, then it is lost. */
    return waiting_count > 0 && moment_ns < result->schedule.count_until_ns + LOST_AFTER_NS;
}

static void exchange(int epoll)
{
    struct epoll_event events[EVENTS_MAX];
    while (unfinished()) {
        replace_lost(); /* the first call fills every slot: the start of the load */
        int count = epoll_wait(epoll, events, EVENTS_MAX, WAKE_MS_MAX);
        for (int index = 0; index < count; index++)
            receive((int)events[index].data.u32);
    }
}

static void prepare_messages(void)
{
    for (int place = 0; place < IN_FLIGHT_MAX; place++) {
        parts_out[place][0].iov_base = &heads[place];
        parts_out[place][0].iov_len = sizeof(struct head);
        parts_out[place][1].iov_len = datagram_size_bytes - sizeof(struct head);
        messages_out[place].msg_hdr.msg_iov = parts_out[place];
        messages_out[place].msg_hdr.msg_iovlen = 2;
        buffers_in[place] = malloc(datagram_size_bytes + 1);
        if (buffers_in[place] == NULL) {
            perror("malloc");
            exit(EXIT_FAILURE);
        }
        parts_in[place] =
            (struct iovec){.iov_base = buffers_in[place], .iov_len = datagram_size_bytes + 1};
        messages_in[place].msg_hdr.msg_iov = &parts_in[place];
        messages_in[place].msg_hdr.msg_iovlen = 1;
    }
}

static bool open_flow(int epoll, const struct sockaddr_in *server, int flow_index)
{
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)flow_index};
    flows[flow_index].descriptor = descriptor;
    if (descriptor >= 0 &&
        connect(descriptor, (const struct sockaddr *)server, sizeof *server) == 0 &&
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0)
        return true;
    outcome_fault(result, "socket %d: opening failed: %s", flow_index, strerror(errno));
    return false;
}

void load_udp(const struct sockaddr_in *server, int sockets, int in_flight, size_t size_bytes,
              double seconds, struct outcome *outcome)
{
    result = outcome;
    flow_count = sockets;
    slot_count = in_flight;
    datagram_size_bytes = size_bytes;
    flows = calloc((size_t)sockets, sizeof *flows);
    int epoll = epoll_create1(0);
    if (flows == NULL || epoll < 0) {
        perror("load_udp");
        exit(EXIT_FAILURE);
    }
    make_pattern(size_bytes);
    prepare_messages();
    for (int flow_index = 0; flow_index < sockets; flow_index++)
        if (!open_flow(epoll, server, flow_index))
            return;
    outcome_start(outcome, seconds);
    exchange(epoll);
    outcome_finish(outcome);
    outcome->unanswered = waiting_count;
}
