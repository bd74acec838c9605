/* One long row of pseudo-random bytes; each message is a window on it, moved on
 * by one byte. No message is built and none is copied: the row is sent as it is
 * and answers are compared with it. An answer that is stale, shifted, cut or
 * mixed with another differs from its window at once. */
#include "pattern.h"

#include <stdio.h>
#include <stdlib.h>

enum { WINDOWS = 4093 }; /* a prime: no stride of connections falls on the same windows */

static uint8_t *row;

/* Marsaglia's xorshift64; the seed is fixed, so every run sends the same. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

void make_pattern(size_t message_size_bytes_max)
{
    uint64_t state = 88172645463325252ULL;
    size_t row_size_bytes = message_size_bytes_max + WINDOWS;
    row = malloc(row_size_bytes);
    if (row == NULL) {
        perror("malloc");
        exit(EXIT_FAILURE);
    }
    for (size_t index = 0; index < row_size_bytes; index++)
        row[index] = (uint8_t)(next_random(&state) >> 32);
}

const uint8_t *pattern_of(uint64_t message)
{
    return row + message % WINDOWS;
}
