/* Connections of the loads to the server under test. */
#ifndef DIAL_H
#define DIAL_H

#include <netinet/in.h>

/* A stream socket connected to `server`, without Nagle's delay; -1 with errno when
 * the server does not take it within a few seconds. */
int connect_to(const struct sockaddr_in *server);

#endif
