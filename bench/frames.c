#include "frames.h"

#include <arpa/inet.h>
#include <string.h>

const char PREFACE[] = "\0enchufe/1\n";

static uint32_t number_at(const char *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, sizeof number);
    return ntohl(number);
}

static void put_number(char *room, uint32_t number)
{
    uint32_t ordered = htonl(number);
    memcpy(room, &ordered, sizeof ordered);
}

size_t frame_write(char *room, const struct frame *frame)
{
    put_number(room, (uint32_t)frame->payload_bytes);
    room[4] = (char)frame->kind;
    put_number(room + 5, frame->stream);
    memcpy(room + FRAME_HEADER_BYTES, frame->payload, frame->payload_bytes);
    return FRAME_HEADER_BYTES + frame->payload_bytes;
}

size_t frame_read(struct frame *frame, const char *bytes, size_t size_bytes)
{
    if (size_bytes < FRAME_HEADER_BYTES)
        return 0;
    size_t payload_bytes = number_at(bytes);
    if (size_bytes - FRAME_HEADER_BYTES < payload_bytes)
        return 0;
    frame->kind = (uint8_t)bytes[4];
    frame->stream = number_at(bytes + 5);
    frame->payload = bytes + FRAME_HEADER_BYTES;
    frame->payload_bytes = payload_bytes;
    return FRAME_HEADER_BYTES + payload_bytes;
}

bool frame_too_long(const char *bytes, size_t size_bytes)
{
    return size_bytes >= FRAME_HEADER_BYTES && number_at(bytes) > FRAME_PAYLOAD_BYTES_MAX;
}
