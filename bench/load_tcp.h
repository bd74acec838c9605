/* Closed-loop TCP load: every connection sends a message, waits for all of its
 * bytes to come back, checks them, and sends the next. */
#ifndef LOAD_TCP_H
#define LOAD_TCP_H

#include "outcome.h"

#include <netinet/in.h>

/* Runs the load for `seconds` and fills `outcome`. */
void load_tcp(const struct sockaddr_in *server, int connections, size_t size_bytes,
              double seconds, struct outcome *outcome);

#endif
