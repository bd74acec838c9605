/* How one speaks with a server that spreads lines: as plain text, as with an IRC
 * server (RFC 2812), or as with NATS. */
#ifndef SPEECH_H
#define SPEECH_H

#include <stdbool.h>
#include <stddef.h>

enum { LINE_BYTES = 64 }; /* of what is said, its end among them */

struct speech {
    const char *name;
    const char *hello;     /* printf format; gets the number of the connection */
    const char *before;    /* in front of every line that is said */
    const char *end;       /* behind it */
    const char *complaint; /* how a line begins in which the server refuses something */
    bool asks;             /* whether the server sends PING and waits for PONG */
};

/* The speech called `name`, or NULL. */
const struct speech *speech_named(const char *name);

/* Whether a line of `size_bytes` begins with `word`. */
bool begins_with(const char *line, size_t size_bytes, const char *word);

#endif
