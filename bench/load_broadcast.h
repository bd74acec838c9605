/* One sender, many receivers: every line that the sender says must come to each of
 * the receivers once, whole, and in order. */
#ifndef LOAD_BROADCAST_H
#define LOAD_BROADCAST_H

#include "outcome.h"
#include "speech.h"

#include <netinet/in.h>

enum { LINES_IN_FLIGHT_MAX = 4096 };

/* Runs the load for `seconds` and fills `outcome`: its latency has one entry for each
 * delivery, from the moment the sender says a line to the moment a receiver has it.
 * `in_flight` lines at most are said and not yet with every receiver. */
void load_broadcast(const struct speech *speech, const struct sockaddr_in *server,
                    int receiver_count, int in_flight, double seconds, struct outcome *outcome);

#endif
