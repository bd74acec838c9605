/* How long round trips took: counted into buckets, so that millions of them
 * need a few kilobytes and no sorting. */
#ifndef LATENCY_H
#define LATENCY_H

#include <stdint.h>

enum {
    LATENCY_STEPS_LOG2 = 6, /* 64 buckets for each doubling: within 1.6 % */
    LATENCY_BUCKETS = (64 - LATENCY_STEPS_LOG2 + 1) << LATENCY_STEPS_LOG2
};

struct latency {
    uint64_t count;
    uint64_t buckets[LATENCY_BUCKETS];
};

void latency_add(struct latency *latency, uint64_t duration_ns);

/* The duration in nanoseconds that `share` (0 to 1) of the round trips did not
 * exceed; 0 when there were none. */
uint64_t latency_quantile_ns(const struct latency *latency, double share);

#endif
