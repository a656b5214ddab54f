/* SPDX-License-Identifier: MIT */
/* property.c - a message with property tags.
 * Raspberry Pi firmware wiki, "Mailbox property interface".
 *
 *     size, code, { tag, bytes of its value buffer, request or answer, value … } …, 0
 *
 * All of it is the guest's: the message must fit its own size and ours, a tag its message.
 * The answer replaces the request; a tag that is not known keeps its request code.
 *
 * Not modelled: messages of more than 4096 bytes.
 */
#include "mbox.h"

#include <string.h>

#define ANSWERED 0x80000000u
#define MALFORMED 0x80000001u
enum { HEADER = 8, TAG_HEADER = 12 };

static uint32_t get32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (uint32_t i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* The tag at `p`, whose value buffer has `room` bytes. */
static void answer(struct mbox *m, uint8_t *p, uint32_t room)
{
    uint32_t v[TAG_WORDS] = {0}, tag = get32(p);

    for (uint32_t i = 0; i < room / 4 && i < TAG_WORDS; i++)
        v[i] = get32(p + TAG_HEADER + 4 * i);
    int n = mbox_tag(m, tag, v);
    if (n < 0) {
        char text[80];
        snprintf(text, sizeof text, "bcm2835-mbox: property tag 0x%08x is not modelled", tag);
        soc_unmodelled(&m->b, text);
        return;
    }
    /* An answer that does not fit is cut off, and says how long it is. */
    for (uint32_t i = 0; i < (uint32_t)n && i < room; i++)
        p[TAG_HEADER + i] = (uint8_t)(v[i / 4] >> i % 4 * 8);
    put32(p + 8, ANSWERED | (uint32_t)n);
}

static uint32_t answer_all(struct mbox *m, uint32_t size)
{
    uint32_t at = HEADER;

    while (size - at >= 4 && get32(m->message + at) != 0) {
        if (size - at < TAG_HEADER)
            return MALFORMED;
        uint32_t room = get32(m->message + at + 4);
        if (room > size - at - TAG_HEADER)
            return MALFORMED;
        answer(m, m->message + at, room);
        at += TAG_HEADER + ((room + 3) & ~3u);
        if (at > size)
            return MALFORMED;
    }
    return ANSWERED;
}

void mbox_property(struct mbox *m, uint32_t at)
{
    uint64_t gpa = at & BUS_MASK;
    uint8_t head[HEADER];

    if (m->mem->read(m->as, gpa, head, sizeof head) < 0) {
        soc_guest_error(&m->b, "bcm2835-mbox: a message that is not in memory");
        return;
    }
    uint32_t size = get32(head), code = MALFORMED;
    if (size >= HEADER + 4 && size <= MESSAGE_MAX &&
        m->mem->read(m->as, gpa, m->message, size) == PB_OK) {
        code = answer_all(m, size);
    } else {
        size = HEADER;
        memcpy(m->message, head, sizeof head);
    }
    if (code == MALFORMED)
        soc_guest_error(&m->b, "bcm2835-mbox: a message whose sizes are wrong");
    put32(m->message + 4, code);
    m->mem->write(m->as, gpa, m->message, size);
}
