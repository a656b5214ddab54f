/* SPDX-License-Identifier: MIT */
/* sense.c - how a command fails, and what a unit tells before the next one. SPC-4, 4.5 (sense
 * data); SAM-5, 5.14 (unit attention).
 */
#include "scsi.h"

#include <string.h>

void scsi_clear(struct scsi_task *t)
{
    t->status = SCSI_GOOD;
    t->sense = SENSE_NONE;
    t->in = t->out = t->moved = t->len = t->at = t->op = t->flags = 0;
    t->own = t->compare = t->range = t->ranges = t->has_info = 0;
    t->left = 0;
}

void scsi_fail(struct scsi_task *t, uint32_t sense)
{
    t->sense = sense;
    t->status = SCSI_CHECK;
    t->op = t->own = t->ranges = t->range = 0;
    t->left = 0;
    t->len = t->at = 0;
}

void scsi_sense(const struct scsi_task *t, uint32_t sense, uint8_t *b)
{
    memset(b, 0, 18);
    b[0] = 0x70;
    b[2] = (uint8_t)(sense >> 16);
    b[7] = 10;
    b[12] = (uint8_t)(sense >> 8);
    b[13] = (uint8_t)sense;
    if (t->has_info && t->info <= UINT32_MAX) { /* INFORMATION: where it happened */
        b[0] |= 0x80;
        put_be(b + 3, t->info, 4);
    }
}

void scsi_attend(struct scsi_unit *u, uint32_t attention)
{
    if (attention <= ATTENTION_RESET)
        u->attention = 0;
    if (!(u->attention & (1u << ATTENTION_POWER | 1u << ATTENTION_RESET)))
        u->attention |= 1u << attention;
}

uint32_t scsi_attended(struct scsi_unit *u)
{
    static const uint32_t sense[ATTENTIONS] = {0x062900, 0x062902, 0x062800, 0x062a09, 0x063f0e};

    for (uint32_t i = 0; i < ATTENTIONS; i++) {
        if (!(u->attention >> i & 1))
            continue;
        u->attention &= ~(1u << i);
        return sense[i];
    }
    return SENSE_NONE;
}
