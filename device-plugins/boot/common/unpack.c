/* SPDX-License-Identifier: MIT */
/* unpack.c - packed images, by the part that links the libraries for them. */
#include "boot.h"

#include "../unpack/unpack.h"

#include <plugboard/part.h>

int boot_unpack(struct boot *b, struct image *m, char *text, pb_err *e)
{
    const struct pb_svc_part *parts = b->h->get(b->h, PB_SVC_PART);
    const struct unpack_part *u;

    if (!image_is_packed(m))
        return 0;
    u = parts ? parts->open(b->dev, UNPACK_PART, e) : NULL;
    if (u)
        return u->image(m, text);
    snprintf(text, IMAGE_TEXT, "packed, and nothing here unpacks it");
    return -1;
}
