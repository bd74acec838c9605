/* Reads numbers and addresses from the command line, and refuses the rest:
 * a benchmark that guesses what was meant measures something else. */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2, PORT_MAX = 65535 };

long number_from(const char *text, long minimum, long maximum, const char *what)
{
    char *rest = NULL;
    errno = 0;
    long number = strtol(text, &rest, 10);
    if (errno != 0 || rest == text || *rest != '\0' || number < minimum || number > maximum) {
        fprintf(stderr, "%s is a number from %ld to %ld, not '%s'\n", what, minimum, maximum,
                text);
        exit(EXIT_USAGE);
    }
    return number;
}

struct sockaddr_in address_from(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)number_from(port, 1, PORT_MAX, "PORT"));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        fprintf(stderr, "HOST is a numeric IPv4 address, not '%s'\n", host);
        exit(EXIT_USAGE);
    }
    return address;
}
