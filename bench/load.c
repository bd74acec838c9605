/* load tcp HOST PORT CONNECTIONS SIZE SECONDS
 * load udp HOST PORT SOCKETS IN_FLIGHT SIZE SECONDS
 * load broadcast SPEECH HOST PORT RECEIVERS IN_FLIGHT SECONDS
 * load durable HOST PORT IN_FLIGHT SECONDS
 *
 * Puts a server under load, checks every byte that comes back, and prints
 * "started" when all sockets are open, then one line of JSON. Exit status 0: the
 * server was right; 1: it was wrong, and "error" says how; 2: the command line was. */
#include "address.h"
#include "load_broadcast.h"
#include "load_durable.h"
#include "load_tcp.h"
#include "load_udp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXIT_USAGE = 2,
    SOCKETS_MAX = 10000,
    RECEIVERS_MAX = 10000,
    MESSAGE_SIZE_BYTES_MAX = 16 * 1024 * 1024
};

static const double SECONDS_MAX = 600.0;

static const char USAGE[] = "usage: load tcp HOST PORT CONNECTIONS SIZE SECONDS\n"
                            "       load udp HOST PORT SOCKETS IN_FLIGHT SIZE SECONDS\n"
                            "       load broadcast {raw|irc|nats} HOST PORT RECEIVERS IN_FLIGHT "
                            "SECONDS\n"
                            "       load durable HOST PORT IN_FLIGHT SECONDS\n";

static double seconds_from(const char *text)
{
    char *rest = NULL;
    double seconds = strtod(text, &rest);
    if (rest == text || *rest != '\0' || !(seconds > 0.0 && seconds <= SECONDS_MAX)) {
        fprintf(stderr, "SECONDS is a number above 0, %.0f at most, not '%s'\n", SECONDS_MAX,
                text);
        exit(EXIT_USAGE);
    }
    return seconds;
}

static int main_tcp(char **words)
{
    static struct outcome outcome;
    struct sockaddr_in server = address_from(words[0], words[1]);
    long connections = number_from(words[2], 1, SOCKETS_MAX, "CONNECTIONS");
    long size_bytes = number_from(words[3], 1, MESSAGE_SIZE_BYTES_MAX, "SIZE");
    load_tcp(&server, (int)connections, (size_t)size_bytes, seconds_from(words[4]), &outcome);
    return outcome_print(&outcome, "tcp", (size_t)size_bytes);
}

static int main_udp(char **words)
{
    static struct outcome outcome;
    struct sockaddr_in server = address_from(words[0], words[1]);
    long sockets = number_from(words[2], 1, SOCKETS_MAX, "SOCKETS");
    long in_flight = number_from(words[3], 1, IN_FLIGHT_MAX, "IN_FLIGHT");
    long size_bytes =
        number_from(words[4], DATAGRAM_SIZE_BYTES_MIN, DATAGRAM_SIZE_BYTES_MAX, "SIZE");
    load_udp(&server, (int)sockets, (int)in_flight, (size_t)size_bytes, seconds_from(words[5]),
             &outcome);
    return outcome_print(&outcome, "udp", (size_t)size_bytes);
}

static int main_broadcast(char **words)
{
    static struct outcome outcome;
    const struct speech *speech = speech_named(words[0]);
    if (speech == NULL) {
        fprintf(stderr, "the speech is raw, irc or nats, not '%s'\n", words[0]);
        return EXIT_USAGE;
    }
    struct sockaddr_in server = address_from(words[1], words[2]);
    long receivers = number_from(words[3], 1, RECEIVERS_MAX, "RECEIVERS");
    long in_flight = number_from(words[4], 1, LINES_IN_FLIGHT_MAX, "IN_FLIGHT");
    load_broadcast(speech, &server, (int)receivers, (int)in_flight, seconds_from(words[5]),
                   &outcome);
    return outcome_print(&outcome, "broadcast", LINE_BYTES);
}

static int main_durable(char **words)
{
    static struct outcome outcome;
    struct sockaddr_in server = address_from(words[0], words[1]);
    long in_flight = number_from(words[2], 1, SAYINGS_IN_FLIGHT_MAX, "IN_FLIGHT");
    load_durable(&server, (int)in_flight, seconds_from(words[3]), &outcome);
    return outcome_print(&outcome, "durable", SAYING_BYTES);
}

int main(int argument_count, char **arguments)
{
    if (argument_count == 7 && strcmp(arguments[1], "tcp") == 0)
        return main_tcp(arguments + 2);
    if (argument_count == 8 && strcmp(arguments[1], "udp") == 0)
        return main_udp(arguments + 2);
    if (argument_count == 8 && strcmp(arguments[1], "broadcast") == 0)
        return main_broadcast(arguments + 2);
    if (argument_count == 6 && strcmp(arguments[1], "durable") == 0)
        return main_durable(arguments + 2);
    fputs(USAGE, stderr);
    return EXIT_USAGE;
}
