/* SPDX-License-Identifier: MIT */
/* unpack.h - packed images, as the part that boot plugins open for the first one. */
#ifndef BOOT_UNPACK_H
#define BOOT_UNPACK_H

#include "image.h"

#define UNPACK_PART "org.plugboard.unpack/1"

struct unpack_part {
    uint32_t size;
    /* Is it gzip, or an EFI zboot image (gzip or zstd)? Then replace it by what it holds. 0 also
     * when it is neither; -1 with the reason in text. */
    int (*image)(struct image *m, char *text);
};

int unpack_image(struct image *m, char *text);

#endif
