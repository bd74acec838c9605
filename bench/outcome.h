/* What a load has seen, and the stretch of time in which it counts. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "latency.h"

#include <stddef.h>
#include <stdint.h>

/* Warm-up, counted stretch, then a last wait for what is still on its way. */
struct schedule {
    uint64_t count_from_ns;
    uint64_t count_until_ns;
    uint64_t drain_until_ns;
};

struct outcome {
    struct schedule schedule;
    struct latency latency; /* of the round trips that ended in the counted stretch */
    uint64_t lost;          /* datagrams given up in the counted stretch */
    uint64_t late;          /* answers that came after their datagram was given up */
    uint64_t unanswered;    /* messages without an answer when the drain ended */
    double load_busy;       /* share of the time this program was on its core */
    char error[256];        /* what the server did wrong; empty if nothing */
};

/* Nanoseconds of the monotonic clock. */
uint64_t now_ns(void);

/* Starts the clock: warm-up from now on, then `seconds` that count. Says so on
 * standard output, for a caller that watches the server meanwhile. */
void outcome_start(struct outcome *outcome, double seconds);

/* Whether something that ends at `moment_ns` belongs to the figures. */
int outcome_counts(const struct outcome *outcome, uint64_t moment_ns);

/* Closes the account when traffic has ended: processor time, and whether there
 * was an answer at all. */
void outcome_finish(struct outcome *outcome);

/* Notes what the server did wrong, in the manner of printf. The first fault is
 * kept, those that follow from it are not. */
void outcome_fault(struct outcome *outcome, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes one line of JSON; returns the exit status, 0 for a right server. */
int outcome_print(const struct outcome *outcome, const char *protocol, size_t size_bytes);

#endif
