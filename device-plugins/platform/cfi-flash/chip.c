/* SPDX-License-Identifier: MIT */
/* chip.c - the command interface of one x16 chip of the Intel/Sharp command set.
 * Intel StrataFlash Embedded Memory (P30) data sheet, 306666: chapters 9 to 14 (commands,
 * status register, read identifier, CFI); JEDEC JESD68.01 (CFI query structure).
 *
 * Operations end at once: the status register is always ready. Programming clears bits
 * only, erasing sets a block's. */
#include "cfi-flash.h"

enum { BLOCK_LOCK = 0x01, READ_CONFIG = 0x03, PROGRAM_ALT = 0x10, ERASE = 0x20,
       LOCK_DOWN = 0x2f, PROGRAM = 0x40, CLEAR_STATUS = 0x50, LOCK_SETUP = 0x60,
       READ_STATUS = 0x70, READ_ID = 0x90, READ_CFI = 0x98, SUSPEND = 0xb0, CONFIRM = 0xd0,
       BUFFERED = 0xe8, READ_ARRAY = 0xff };

#define SEQUENCE_ERROR (SR_ERASE | SR_PROGRAM)

static uint32_t log2_of(uint64_t v)
{
    uint32_t n = 0;

    while (v >>= 1)
        n++;
    return n;
}

/* JESD68.01, tables 1 to 4; the extended table is the command set's own. */
static uint16_t query(const struct cfi_flash *f, uint32_t w)
{
    static const uint8_t fixed[] = {
        'Q', 'R', 'Y',          /* 0x10 */
        0x01, 0x00, 0x31, 0x00, /* 0x13 Intel/Sharp extended, its table at 0x31 */
        0, 0, 0, 0,             /* 0x17 no other command set */
        0x17, 0x20, 0x85, 0x95, /* 0x1b Vcc 1.7 to 2.0 V, Vpp 8.5 to 9.5 V */
        6, 9, 10, 0,            /* 0x1f 64 us a word, 512 us a buffer, 1 s a block */
        2, 2, 2, 0,             /* 0x23 at most 4 times that */
    };
    static const uint8_t extended[] = {
        'P', 'R', 'I', '1', '3', /* 0x31 */
        0x20, 0, 0, 0,           /* 0x36 blocks are locked one by one, at once */
        0,                       /* 0x3a nothing while suspended */
        1, 0,                    /* 0x3b lock status: bit 0 */
        0x18, 0x90,              /* 0x3d best Vcc 1.8 V, Vpp 9.0 V */
        0,                       /* 0x3f no protection registers */
    };
    uint32_t bytes = f->block_words * 2;

    if (w >= 0x10 && w < 0x10 + sizeof fixed)
        return fixed[w - 0x10];
    if (w >= 0x31 && w < 0x31 + sizeof extended)
        return extended[w - 0x31];
    switch (w) {
    case 0x27:
        return (uint16_t)log2_of(f->store.size / CHIPS);
    case 0x28:
        return 1; /* x16, asynchronous */
    case 0x2a:
        return (uint16_t)log2_of(BUFFER_WORDS * 2);
    case 0x2c:
        return 1; /* one region of equal blocks */
    case 0x2d:
        return (f->blocks - 1) & 0xff;
    case 0x2e:
        return (uint16_t)((f->blocks - 1) >> 8);
    case 0x2f:
        return bytes >> 8 & 0xff;
    case 0x30:
        return bytes >> 16 & 0xff;
    default:
        return 0;
    }
}

static uint16_t identifier(const struct cfi_flash *f, const struct chip *c, uint32_t w)
{
    uint32_t block = w / f->block_words;

    switch (w % f->block_words) {
    case 0:
        return 0x89; /* Intel */
    case 1:
        return 0x18;
    case 2:
        return block < f->blocks ? c->locked[block] : 0;
    default:
        return 0;
    }
}

static uint8_t *cell(struct cfi_flash *f, uint32_t c, uint32_t w)
{
    return f->store.host + (uint64_t)w * 2 * CHIPS + 2 * c;
}

uint16_t chip_read(struct cfi_flash *f, uint32_t c, uint32_t w)
{
    const struct chip *k = &f->chip[c];
    const uint8_t *p = cell(f, c, w);

    switch (k->mode) {
    case MODE_STATUS:
        return k->status;
    case MODE_ID:
        return identifier(f, k, w);
    case MODE_CFI:
        return query(f, w & 0xff);
    default:
        return (uint16_t)(p[0] | p[1] << 8);
    }
}

/* May block of word `w` change? Sets the error bits when not. */
static int writable(struct cfi_flash *f, struct chip *k, uint32_t w, uint8_t error)
{
    if (f->store.read_only) {
        k->status |= error | SR_VPP;
        return 0;
    }
    if (k->locked[w / f->block_words]) {
        k->status |= error | SR_LOCKED;
        return 0;
    }
    return 1;
}

static void program(struct cfi_flash *f, uint32_t c, uint32_t w, uint16_t v)
{
    uint8_t *p = cell(f, c, w);

    if (!writable(f, &f->chip[c], w, SR_PROGRAM))
        return;
    p[0] &= (uint8_t)v;
    p[1] &= (uint8_t)(v >> 8);
    flash_store_touch(&f->store, (uint64_t)(p - f->store.host), 2);
}

static void erase(struct cfi_flash *f, uint32_t c, uint32_t w)
{
    uint32_t first = w - w % f->block_words;

    if (!writable(f, &f->chip[c], w, SR_ERASE))
        return;
    for (uint32_t i = 0; i < f->block_words; i++)
        memset(cell(f, c, first + i), 0xff, 2);
    flash_store_touch(&f->store, (uint64_t)first * 2 * CHIPS, (uint64_t)f->block_words * 2 * CHIPS);
}

static void program_buffer(struct cfi_flash *f, uint32_t c)
{
    struct chip *k = &f->chip[c];

    for (uint32_t i = 0; i < k->got; i++) {
        if (k->addr[i] / f->block_words != k->addr[0] / f->block_words) {
            k->status |= SEQUENCE_ERROR; /* a buffer stays within one block (11.3) */
            return;
        }
    }
    for (uint32_t i = 0; i < k->got; i++)
        program(f, c, k->addr[i], k->data[i]);
}

static void lock(struct cfi_flash *f, struct chip *k, uint32_t w, uint8_t cmd)
{
    if (cmd == BLOCK_LOCK || cmd == LOCK_DOWN)
        k->locked[w / f->block_words] = 1;
    else if (cmd == CONFIRM)
        k->locked[w / f->block_words] = 0;
    else if (cmd != READ_CONFIG)
        k->status |= SEQUENCE_ERROR;
}

static void first_cycle(struct cfi_flash *f, struct chip *k, uint8_t cmd)
{
    static const struct {
        uint8_t cmd, mode, setup;
    } table[] = {
        {READ_ARRAY, MODE_ARRAY, SETUP_NONE},   {READ_ID, MODE_ID, SETUP_NONE},
        {READ_CFI, MODE_CFI, SETUP_NONE},       {READ_STATUS, MODE_STATUS, SETUP_NONE},
        {PROGRAM, MODE_STATUS, SETUP_PROGRAM},  {PROGRAM_ALT, MODE_STATUS, SETUP_PROGRAM},
        {ERASE, MODE_STATUS, SETUP_ERASE},      {LOCK_SETUP, MODE_STATUS, SETUP_LOCK},
        {BUFFERED, MODE_STATUS, SETUP_COUNT},   {SUSPEND, MODE_STATUS, SETUP_NONE},
        {CONFIRM, MODE_STATUS, SETUP_NONE}, /* resume: nothing was suspended */
    };
    char text[80];

    if (cmd == CLEAR_STATUS) {
        k->status = SR_READY;
        return;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].cmd == cmd) {
            k->mode = table[i].mode;
            k->setup = table[i].setup;
            return;
        }
    }
    k->mode = MODE_ARRAY;
    if (f->store.h->log_on[PB_LOG_GUEST]) {
        snprintf(text, sizeof text, "cfi-flash: unknown command 0x%02x, chapter 9", cmd);
        f->store.h->log(f->store.h, f->store.dev, PB_LOG_GUEST, text);
    }
}

static void count_cycle(struct chip *k, uint16_t v)
{
    k->wanted = (uint16_t)(v + 1u);
    k->got = 0;
    k->setup = SETUP_DATA;
    if (v >= BUFFER_WORDS) {
        k->status |= SEQUENCE_ERROR;
        k->setup = SETUP_NONE;
    }
}

void chip_write(struct cfi_flash *f, uint32_t c, uint32_t w, uint16_t v)
{
    struct chip *k = &f->chip[c];
    uint8_t setup = k->setup, cmd = (uint8_t)v;

    k->setup = SETUP_NONE;
    switch (setup) {
    case SETUP_PROGRAM:
        program(f, c, w, v);
        break;
    case SETUP_ERASE:
        if (cmd == CONFIRM)
            erase(f, c, w);
        else
            k->status |= SEQUENCE_ERROR;
        break;
    case SETUP_LOCK:
        lock(f, k, w, cmd);
        break;
    case SETUP_COUNT:
        count_cycle(k, v);
        break;
    case SETUP_DATA:
        k->addr[k->got] = w;
        k->data[k->got++] = v;
        k->setup = k->got == k->wanted ? SETUP_CONFIRM : SETUP_DATA;
        break;
    case SETUP_CONFIRM:
        if (cmd == CONFIRM)
            program_buffer(f, c);
        else
            k->status |= SEQUENCE_ERROR;
        break;
    default:
        first_cycle(f, k, cmd);
    }
}

void chip_reset(struct chip *c)
{
    memset(c, 0, sizeof *c);
    c->status = SR_READY;
}
