#include "speech.h"

#include <string.h>

/* NATS is told how long the text is that follows (docs.nats.io, "Client Protocol"):
 * LINE_BYTES without an end of line. */
static const struct speech SPEECHES[] = {
    {.name = "raw", .hello = "", .before = "", .end = "\n", .complaint = NULL, .asks = false},
    {.name = "irc",
     .hello = "NICK b%d\r\nUSER bench 0 * :bench\r\nJOIN #bench\r\n",
     .before = "PRIVMSG #bench :",
     .end = "\r\n",
     .complaint = "ERROR",
     .asks = true},
    {.name = "nats",
     .hello = "CONNECT {\"verbose\":false,\"echo\":false,\"name\":\"b%d\"}\r\nSUB bench 1\r\n",
     .before = "PUB bench 63\r\n",
     .end = "\r\n",
     .complaint = "-ERR",
     .asks = true},
};

const struct speech *speech_named(const char *name)
{
    for (size_t index = 0; index < sizeof SPEECHES / sizeof *SPEECHES; index++)
        if (strcmp(SPEECHES[index].name, name) == 0)
            return &SPEECHES[index];
    return NULL;
}

bool begins_with(const char *line, size_t size_bytes, const char *word)
{
    size_t word_bytes = strlen(word);
    return size_bytes >= word_bytes && memcmp(line, word, word_bytes) == 0;
}
