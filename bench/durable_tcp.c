/* durable_tcp PORT FILE: acknowledges lines once they are on disk.
 *
 * The practical limit of the disk: what one read has brought is appended to FILE by
 * one write, then one fdatasync(2), then one send acknowledges all of it. With one line
 * in flight that is a synchronisation for every line, with many one for every group. It
 * speaks as many frames as load_durable.c needs, with one client at a time. */
#define _GNU_SOURCE
#include "frames.h"
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    INBOX_BYTES = 1024 * 1024,
    SAYINGS_MAX = INBOX_BYTES / FRAME_HEADER_BYTES,
    EXIT_USAGE = 2
};

static int file;
static char inbox[INBOX_BYTES];
static size_t inbox_bytes;
static char lines[INBOX_BYTES]; /* a frame is longer than its line with an end */
static size_t lines_bytes;
static char outbox[PREFACE_BYTES + FRAME_HEADER_BYTES * (SAYINGS_MAX + 1)];
static size_t outbox_bytes;
static bool prefaced;

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static void answer(uint8_t kind, uint32_t stream)
{
    struct frame frame = {kind, stream, "", 0};
    outbox_bytes += frame_write(outbox + outbox_bytes, &frame);
}

static void take_frame(const struct frame *frame)
{
    if (frame->kind == FRAME_JOIN)
        answer(FRAME_JOINED, 0);
    if (frame->kind != FRAME_SAY)
        return;
    memcpy(lines + lines_bytes, frame->payload, frame->payload_bytes);
    lines_bytes += frame->payload_bytes;
    lines[lines_bytes++] = '\n';
    answer(FRAME_TAKEN, frame->stream);
}

static size_t take_preface(void)
{
    if (inbox_bytes < PREFACE_BYTES)
        return 0;
    memcpy(outbox, PREFACE, PREFACE_BYTES);
    outbox_bytes = PREFACE_BYTES;
    prefaced = true;
    return PREFACE_BYTES;
}

static void take_frames(void)
{
    struct frame frame;
    size_t from_bytes = prefaced ? 0 : take_preface();
    size_t used_bytes = 1;
    while (prefaced && used_bytes > 0) {
        used_bytes = frame_read(&frame, inbox + from_bytes, inbox_bytes - from_bytes);
        if (used_bytes > 0)
            take_frame(&frame);
        from_bytes += used_bytes;
    }
    inbox_bytes -= from_bytes;
    memmove(inbox, inbox + from_bytes, inbox_bytes);
}

static void write_lines(void)
{
    if (lines_bytes == 0)
        return;
    if (write(file, lines, lines_bytes) != (ssize_t)lines_bytes)
        fail("write");
    if (fdatasync(file) < 0)
        fail("fdatasync");
    lines_bytes = 0;
}

static void converse(int descriptor)
{
    const int yes = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    prefaced = false;
    inbox_bytes = 0;
    ssize_t received;
    while (inbox_bytes < sizeof inbox &&
           (received = recv(descriptor, inbox + inbox_bytes, sizeof inbox - inbox_bytes, 0)) > 0) {
        inbox_bytes += (size_t)received;
        take_frames();
        write_lines();
        ssize_t sent = send(descriptor, outbox, outbox_bytes, MSG_NOSIGNAL);
        if (sent != (ssize_t)outbox_bytes)
            return;
        outbox_bytes = 0;
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 3) {
        fprintf(stderr, "usage: durable_tcp PORT FILE\n");
        return EXIT_USAGE;
    }
    file = open(arguments[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0)
        fail("open");
    int listener = loopback_server_socket(SOCK_STREAM, arguments[1]);
    for (;;) { /* until a signal, or the alarm of loopback_server_socket */
        int descriptor = accept(listener, NULL, NULL);
        if (descriptor < 0 && errno != EINTR && errno != ECONNABORTED)
            fail("accept");
        if (descriptor >= 0) {
            converse(descriptor);
            close(descriptor);
        }
    }
}
