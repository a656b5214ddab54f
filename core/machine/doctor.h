/* SPDX-License-Identifier: MIT */
/* doctor.h - what a guest says on a console, watched for boots that go nowhere. */
#ifndef PB_CORE_DOCTOR_H
#define PB_CORE_DOCTOR_H

#include "../object/dev.h"

struct pb_doctor { /* of one console */
    char line[200];
    guint n;
};

/* `d` is the console's backend. [any], one at a time */
void pb_doctor_text(struct pb_doctor *o, pb_dev *d, const uint8_t *buf, uint32_t len);

#endif
