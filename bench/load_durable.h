/* One client that says lines in a room by frames, and times how long it takes until
 * the server acknowledges each: until it is on disk. */
#ifndef LOAD_DURABLE_H
#define LOAD_DURABLE_H

#include "outcome.h"

#include <netinet/in.h>

enum {
    SAYING_BYTES = 64,
    SAYINGS_IN_FLIGHT_MAX = 4096
};

/* Runs the load for `seconds` and fills `outcome`: its latency has one entry for each
 * acknowledgement. `in_flight` lines at most are said and not yet acknowledged. */
void load_durable(const struct sockaddr_in *server, int in_flight, double seconds,
                  struct outcome *outcome);

#endif
