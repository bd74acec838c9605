/* A histogram with buckets as wide as their value is large, in the manner of
 * HdrHistogram: short durations are told apart finely, long ones in proportion. */
#include "latency.h"

enum { STEPS = 1 << LATENCY_STEPS_LOG2 };

/* Below STEPS every value has its own bucket; above, the leading bits decide. */
static unsigned bucket_of(uint64_t value)
{
    if (value < STEPS)
        return (unsigned)value;
    unsigned doublings = 63U - (unsigned)__builtin_clzll(value) - LATENCY_STEPS_LOG2;
    return (doublings << LATENCY_STEPS_LOG2) + (unsigned)(value >> doublings);
}

/* The smallest value that falls into `bucket`: the inverse of bucket_of. */
static uint64_t start_of(unsigned bucket)
{
    if (bucket < 2 * STEPS)
        return bucket;
    unsigned doublings = (bucket >> LATENCY_STEPS_LOG2) - 1;
    return (uint64_t)(bucket - (doublings << LATENCY_STEPS_LOG2)) << doublings;
}

void latency_add(struct latency *latency, uint64_t duration_ns)
{
    latency->count++;
    latency->buckets[bucket_of(duration_ns)]++;
}

uint64_t latency_quantile_ns(const struct latency *latency, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)latency->count);
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
        seen += latency->buckets[bucket];
        if (seen > wanted || (seen == latency->count && seen > 0))
            return start_of(bucket);
    }
    return 0;
}
