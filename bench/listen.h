/* The sockets of the C reference servers: on loopback, and not for ever. */
#ifndef LISTEN_H
#define LISTEN_H

/* A socket of `type` (SOCK_STREAM or SOCK_DGRAM, with flags) bound to
 * 127.0.0.1 and the decimal `port`, listening when it is a stream. Also sets an
 * alarm, so that a server forgotten by its caller ends by itself. */
int loopback_server_socket(int type, const char *port);

#endif
