/* Keeps the figures of one load and writes them down. */
#include "outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static const uint64_t SECOND_NS = 1000000000ULL;
static const double WARM_UP_SHARE = 0.25;      /* of the counted stretch */
static const double WARM_UP_SECONDS_MAX = 1.0; /* windows and caches are full long before */
static const double DRAIN_SECONDS_MAX = 2.0;   /* what has not come back by then, has stalled */

static uint64_t cpu_from_ns;
static uint64_t wall_from_ns;

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static uint64_t time_of(struct timeval value)
{
    return (uint64_t)value.tv_sec * SECOND_NS + (uint64_t)value.tv_usec * 1000;
}

static uint64_t cpu_ns(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return time_of(usage.ru_utime) + time_of(usage.ru_stime);
}

void outcome_start(struct outcome *outcome, double seconds)
{
    double warm_up_seconds = seconds * WARM_UP_SHARE;
    if (warm_up_seconds > WARM_UP_SECONDS_MAX)
        warm_up_seconds = WARM_UP_SECONDS_MAX;
    puts("started");
    fflush(stdout);
    wall_from_ns = now_ns();
    cpu_from_ns = cpu_ns();
    struct schedule *schedule = &outcome->schedule;
    schedule->count_from_ns = wall_from_ns + (uint64_t)(warm_up_seconds * (double)SECOND_NS);
    schedule->count_until_ns = schedule->count_from_ns + (uint64_t)(seconds * (double)SECOND_NS);
    schedule->drain_until_ns =
        schedule->count_until_ns + (uint64_t)(DRAIN_SECONDS_MAX * (double)SECOND_NS);
}

int outcome_counts(const struct outcome *outcome, uint64_t moment_ns)
{
    return moment_ns >= outcome->schedule.count_from_ns &&
           moment_ns < outcome->schedule.count_until_ns;
}

void outcome_finish(struct outcome *outcome)
{
    uint64_t wall_ns = now_ns() - wall_from_ns;
    if (wall_ns > 0)
        outcome->load_busy = (double)(cpu_ns() - cpu_from_ns) / (double)wall_ns;
    if (outcome->latency.count == 0)
        outcome_fault(outcome, "not one answer came back");
}

void outcome_fault(struct outcome *outcome, const char *format, ...)
{
    if (outcome->error[0] != '\0')
        return;
    va_list values;
    va_start(values, format);
    vsnprintf(outcome->error, sizeof outcome->error, format, values);
    va_end(values);
}

/* The texts of faults are our own: no quotes, no control characters. */
static void print_error(const char *error)
{
    if (error[0] == '\0')
        printf("null");
    else
        printf("\"%s\"", error);
}

int outcome_print(const struct outcome *outcome, const char *protocol, size_t size_bytes)
{
    const struct schedule *schedule = &outcome->schedule;
    double seconds =
        (double)(schedule->count_until_ns - schedule->count_from_ns) / (double)SECOND_NS;
    double per_second = seconds > 0.0 ? (double)outcome->latency.count / seconds : 0.0;
    printf("{\"protocol\": \"%s\", \"size_bytes\": %zu, \"seconds\": %.3f, ", protocol,
           size_bytes, seconds);
    printf("\"per_second\": %.1f, \"bytes_per_second\": %.1f, ", per_second,
           per_second * (double)size_bytes);
    printf("\"latency_p50_us\": %.1f, \"latency_p99_us\": %.1f, ",
           (double)latency_quantile_ns(&outcome->latency, 0.50) / 1000.0,
           (double)latency_quantile_ns(&outcome->latency, 0.99) / 1000.0);
    printf("\"lost\": %llu, \"late\": %llu, \"unanswered\": %llu, ",
           (unsigned long long)outcome->lost, (unsigned long long)outcome->late,
           (unsigned long long)outcome->unanswered);
    printf("\"load_busy\": %.3f, \"error\": ", outcome->load_busy);
    print_error(outcome->error);
    printf("}\n");
    return outcome->error[0] == '\0' ? 0 : 1;
}
