/* The few frames of enchufe that these programs need. A frame is the length of its
 * payload (4 bytes), its kind (1), its stream (4), the most significant byte first,
 * then the payload; a preface opens each direction (docs/en/frames.md). */
#ifndef FRAMES_H
#define FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_HEADER_BYTES = 9,
    FRAME_PAYLOAD_BYTES_MAX = 1024 * 1024,
    FRAME_ERROR = 2,
    FRAME_JOIN = 32,
    FRAME_JOINED = 33,
    FRAME_SAY = 34,
    FRAME_TAKEN = 35
};

extern const char PREFACE[];
enum { PREFACE_BYTES = 11 };

struct frame {
    uint8_t kind;
    uint32_t stream;
    const char *payload;
    size_t payload_bytes;
};

/* Writes `frame` to `room`; returns how many bytes that took. */
size_t frame_write(char *room, const struct frame *frame);

/* Reads the frame that `bytes` begin with; returns how many bytes it takes, 0 when it
 * is not whole yet. Nothing is copied: its payload is where it was. */
size_t frame_read(struct frame *frame, const char *bytes, size_t size_bytes);

/* Whether the length that `bytes` begin with is beyond the limit. */
bool frame_too_long(const char *bytes, size_t size_bytes);

#endif
