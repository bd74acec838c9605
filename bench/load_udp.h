/* UDP load with a fixed number of datagrams on their way on every socket. */
#ifndef LOAD_UDP_H
#define LOAD_UDP_H

#include "outcome.h"

#include <netinet/in.h>

enum {
    IN_FLIGHT_MAX = 64,           /* one sendmmsg carries them all */
    DATAGRAM_SIZE_BYTES_MIN = 16, /* room for the number of the datagram */
    DATAGRAM_SIZE_BYTES_MAX = 65507
};

/* Runs the load for `seconds` and fills `outcome`. */
void load_udp(const struct sockaddr_in *server, int sockets, int in_flight, size_t size_bytes,
              double seconds, struct outcome *outcome);

#endif
