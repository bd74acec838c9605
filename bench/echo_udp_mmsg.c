/* echo_udp_mmsg PORT: UDP echo (RFC 862) by recvmmsg(2) and sendmmsg(2), up to 64
 * datagrams in a call: what batches can give on one core. */
#define _GNU_SOURCE
#include "listen.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
    BATCH = 64,
    /* The largest datagram and one cache line more: were the buffers a power of
     * two apart, the first bytes of all of them would share one cache set. */
    SLOT_SIZE_BYTES = 65536 + 64,
    EXIT_USAGE = 2
};

static char buffers[BATCH][SLOT_SIZE_BYTES];
static struct sockaddr_in peers[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

/* Makes every slot ready to take the largest datagram from anybody. */
static void prepare(int count)
{
    for (int index = 0; index < count; index++) {
        parts[index].iov_base = buffers[index];
        parts[index].iov_len = SLOT_SIZE_BYTES;
        messages[index].msg_hdr.msg_name = &peers[index];
        messages[index].msg_hdr.msg_namelen = sizeof peers[index];
        messages[index].msg_hdr.msg_iov = &parts[index];
        messages[index].msg_hdr.msg_iovlen = 1;
    }
}

/* Sends the batch back. One that cannot be sent is skipped: it is lost, as
 * datagrams may be, and those behind it still go. */
static void answer(int server, int count)
{
    for (int index = 0; index < count; index++)
        parts[index].iov_len = messages[index].msg_len;
    for (int from = 0; from < count;) { /* every turn goes on by one at least */
        int sent = sendmmsg(server, messages + from, (unsigned)(count - from), 0);
        from += sent > 0 ? sent : 1;
    }
}

static void serve(int server)
{
    prepare(BATCH);
    for (;;) { /* until a signal, or the alarm of loopback_server_socket */
        int received = recvmmsg(server, messages, BATCH, MSG_WAITFORONE, NULL);
        if (received <= 0)
            continue;
        answer(server, received);
        prepare(received);
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: echo_udp_mmsg PORT\n");
        return EXIT_USAGE;
    }
    serve(loopback_server_socket(SOCK_DGRAM, arguments[1]));
}
