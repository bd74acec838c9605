/* An IPv4 address and port, read from the command line. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <netinet/in.h>

/* The number in `text`, between `minimum` and `maximum`; ends the program with
 * a message that names `what` when the text is anything else. */
long number_from(const char *text, long minimum, long maximum, const char *what);

/* The socket address of a numeric IPv4 `host` and a decimal `port`. */
struct sockaddr_in address_from(const char *host, const char *port);

#endif
