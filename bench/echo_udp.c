/* echo_udp PORT: UDP echo (RFC 862), one recvfrom(2) and one sendto(2) for each
 * datagram: the plainest server there is, and the one the aim is set against. */
#include "listen.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

enum { DATAGRAM_SIZE_BYTES_MAX = 65536, EXIT_USAGE = 2 };

static void serve(int server)
{
    static char datagram[DATAGRAM_SIZE_BYTES_MAX];
    for (;;) { /* until a signal, or the alarm of loopback_server_socket */
        struct sockaddr_in peer;
        socklen_t peer_size_bytes = sizeof peer;
        ssize_t received = recvfrom(server, datagram, sizeof datagram, 0,
                                    (struct sockaddr *)&peer, &peer_size_bytes);
        if (received < 0)
            continue; /* an interrupted call; there is nothing to answer */
        /* An answer that cannot be sent is lost, as datagrams may be. */
        (void)sendto(server, datagram, (size_t)received, 0, (struct sockaddr *)&peer,
                     peer_size_bytes);
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: echo_udp PORT\n");
        return EXIT_USAGE;
    }
    serve(loopback_server_socket(SOCK_DGRAM, arguments[1]));
}
