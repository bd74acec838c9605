/* The bytes the load sends: known to both ends of a round trip, cheap to make
 * and to check, and different from one message to the next. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* Makes the bytes for messages of up to `message_size_bytes_max`. Call it once. */
void make_pattern(size_t message_size_bytes_max);

/* The content of message number `message`. It stays valid and is never changed. */
const uint8_t *pattern_of(uint64_t message);

#endif
