/* SPDX-License-Identifier: MIT */
/* semihosting.c - the host's files, console, clock and arguments for bare programs.
 * Arm, "Semihosting for AArch32 and AArch64" (2023), "Semihosting operations".
 *
 * Calls come from the vCPUs, one is served at a time. Files are opened with the rights of the
 * process, wherever the program wants: it is off unless the user asks for it.
 *
 * Not modelled: SYS_SYSTEM (a guest runs nothing on the host), files by way of a debugger, heaps in
 * more than one bank of memory; open files of the host are not saved.
 */
#include "semihosting.h"

#include <plugboard/plugin.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { P_CHARDEV, P_ARGS, P_USERSPACE };
#define APPLICATION_EXIT 0x20026 /* ADP_Stopped_ApplicationExit */
#define POWER_OFF 1u
#define CMDLINE 4096u

int64_t failed(struct semihosting *s, int err)
{
    s->err = err;
    return -1;
}

int get_bytes(const struct call *k, uint64_t va, void *buf, uint64_t n)
{
    return k->c->copy(k->c->cpu_self, va, buf, n, 0) == PB_OK;
}

int put_bytes(const struct call *k, uint64_t va, const void *buf, uint64_t n)
{
    uint8_t *from = (uint8_t *)(uintptr_t)buf; /* copy() only reads it */

    return k->c->copy(k->c->cpu_self, va, from, n, 1) == PB_OK;
}

uint64_t transfer_begin(struct call *k, uint64_t va, uint64_t n)
{
    uint32_t i = k->c->cpu % CALLERS;
    uint64_t done = 0;

    if (k->s->progress[i].va == va && k->s->progress[i].n == n)
        done = k->s->progress[i].done;
    k->s->progress[i].n = 0; /* else it is of a call that was given up */
    return done;
}

int64_t transfer_later(struct call *k, uint64_t va, uint64_t n, uint64_t done)
{
    uint32_t i = k->c->cpu % CALLERS;

    k->s->progress[i].va = va;
    k->s->progress[i].n = n;
    k->s->progress[i].done = done;
    return AGAIN;
}

/* ---- Text ---------------------------------------------------------------------------------- */

/* Up to the zero, which may be far. */
static int64_t write0(struct call *k)
{
    uint8_t buf[64];
    uint64_t n = 0;

    for (;; n++) {
        if (n % sizeof buf == 0 && !get_bytes(k, k->c->arg + n, buf, sizeof buf)) {
            for (uint32_t i = 0; i < sizeof buf; i++) /* the end of memory may be nearer */
                if (!get_bytes(k, k->c->arg + n + i, buf + i, 1))
                    return failed(k->s, EFAULT);
                else if (!buf[i])
                    break;
        }
        if (!buf[n % sizeof buf])
            return console_write(k, k->c->arg, n);
        if (n == 1 << 24)
            return failed(k->s, EINVAL);
    }
}

static int64_t readc(struct call *k)
{
    uint8_t v;
    int64_t got = console_read(k->s, &v, 1);

    return got == AGAIN ? AGAIN : got ? v : failed(k->s, EIO);
}

/* ---- What the program is told of its surroundings ------------------------------------------ */

/* The words of the command line, which is the kernel's name and -append when none are given. */
static int64_t command_line(struct call *k)
{
    struct semihosting *s = k->s;
    char text[CMDLINE];
    int n = s->args ? snprintf(text, sizeof text, "%s", s->args)
                    : snprintf(text, sizeof text, "%s%s%s", s->kernel ? s->kernel : "",
                               s->append ? " " : "", s->append ? s->append : "");
    uint64_t len = (uint64_t)n;

    if (n < 0 || len >= sizeof text || len >= k->word[1])
        return failed(s, E2BIG);
    if (!put_bytes(k, k->word[0], text, len + 1) ||
        !put_bytes(k, k->c->arg + k->c->word, &len, k->c->word))
        return failed(s, EFAULT);
    return 0;
}

/* The largest run of memory that nothing was loaded into: heap from below, stack from above. */
static int64_t heap_info(struct call *k)
{
    struct semihosting *s = k->s;
    const uint64_t v[] = {s->heap, s->heap_end, s->heap_end, s->heap};

    for (uint32_t i = 0; i < 4; i++) /* the argument is the address of the block's address */
        if (!put_bytes(k, k->word[0] + i * k->c->word, &v[i], k->c->word))
            return failed(s, EFAULT);
    return 0;
}

static void find_heap(struct semihosting *s)
{
    struct pb_board_reg bank[1];
    uint64_t have = 0;

    if (!s->board->ram(s->dev, bank, 1))
        return;
    for (uint64_t step = 1ull << 40; step >= 4096; step >>= 1)
        if (have + step <= bank->len &&
            s->board->place(s->dev, bank->addr, have + step, 4096) != UINT64_MAX)
            have += step;
    s->heap = s->board->place(s->dev, bank->addr, have, 4096);
    s->heap_end = s->heap + have;
}

static int64_t elapsed(struct call *k)
{
    int64_t now = k->s->time->now(k->s->h, PB_CLK_VIRTUAL);

    return put_bytes(k, k->c->arg, &now, sizeof now) ? 0 : failed(k->s, EFAULT);
}

/* The exit status is the subcode when the reason is that the program ended by itself. */
static int64_t leave(struct call *k)
{
    struct semihosting *s = k->s;
    int extended = k->c->op == SYS_EXIT_EXTENDED || k->c->word == 8;
    uint64_t reason = extended ? k->word[0] : k->c->arg;
    int32_t code = reason != APPLICATION_EXIT ? 1 : extended ? (int32_t)k->word[1] : 0;

    s->board->request(s->dev, POWER_OFF, code);
    return 0;
}

/* ---- Calls --------------------------------------------------------------------------------- */

/* Words of an operation's block. */
static uint32_t block_words(const struct pb_semihost_call *c)
{
    switch (c->op) {
    case SYS_RENAME: return 4;
    case SYS_OPEN: case SYS_WRITE: case SYS_READ: case SYS_TMPNAM: return 3;
    case SYS_SEEK: case SYS_REMOVE: case SYS_GET_CMDLINE: case SYS_EXIT_EXTENDED: return 2;
    case SYS_EXIT: return c->word == 8 ? 2 : 0;
    case SYS_CLOSE: case SYS_ISERROR: case SYS_ISTTY: case SYS_FLEN: case SYS_HEAPINFO: return 1;
    default: return 0;
    }
}

static int64_t unknown(struct call *k)
{
    struct semihosting *s = k->s;
    char text[80];

    snprintf(text, sizeof text, "semihosting: operation 0x%llx is not there%s",
             (unsigned long long)k->c->op,
             k->c->op == SYS_SYSTEM ? ": a guest runs nothing on the host" : "");
    if (s->h->log_on[PB_LOG_UNIMP])
        s->h->log(s->h, s->dev, PB_LOG_UNIMP, text);
    return failed(s, ENOSYS);
}

static int64_t is_error(const struct call *k)
{
    return k->c->word == 8 ? (int64_t)k->word[0] < 0 : (int32_t)k->word[0] < 0;
}

static int64_t serve(struct call *k)
{
    struct semihosting *s = k->s;

    switch (k->c->op) {
    case SYS_OPEN: return file_open(k);
    case SYS_CLOSE: return file_close(k);
    case SYS_WRITEC: return console_write(k, k->c->arg, 1);
    case SYS_WRITE0: return write0(k);
    case SYS_WRITE: return file_write(k);
    case SYS_READ: return file_read(k);
    case SYS_READC: return readc(k);
    case SYS_ISERROR: return is_error(k);
    case SYS_ISTTY: return file_tty(k);
    case SYS_SEEK: return file_seek(k);
    case SYS_FLEN: return file_length(k);
    case SYS_TMPNAM: return file_temporary(k);
    case SYS_REMOVE: return file_remove(k);
    case SYS_RENAME: return file_rename(k);
    case SYS_CLOCK: return s->time->now(s->h, PB_CLK_VIRTUAL) / 10000000;
    case SYS_TIME: return s->time->now(s->h, PB_CLK_HOST) / 1000000000;
    case SYS_ERRNO: return s->err;
    case SYS_GET_CMDLINE: return command_line(k);
    case SYS_HEAPINFO: return heap_info(k);
    case SYS_EXIT: case SYS_EXIT_EXTENDED: return leave(k);
    case SYS_ELAPSED: return elapsed(k);
    case SYS_TICKFREQ: return 1000000000;
    default: return unknown(k);
    }
}

static uint32_t call(void *self, struct pb_semihost_call *c)
{
    struct semihosting *s = self;
    struct call k = {.s = s, .c = c};
    int64_t rc = 0;

    if (c->user && !s->user)
        return PB_SEMIHOST_PASS;
    for (uint32_t i = 0; rc == 0 && i < block_words(c); i++)
        rc = get_bytes(&k, c->arg + i * c->word, &k.word[i], c->word) ? 0 : -1;
    pthread_mutex_lock(&s->lock);
    rc = rc < 0 ? failed(s, EFAULT) : serve(&k);
    pthread_mutex_unlock(&s->lock);
    if (rc == AGAIN)
        return PB_SEMIHOST_AGAIN;
    c->result = (uint64_t)rc;
    return PB_SEMIHOST_DONE;
}

/* ---- The class ----------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct semihosting *s = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);

    s->dev = d;
    s->h = h;
    s->board = h->get(h, PB_SVC_BOARD);
    s->time = h->get(h, PB_SVC_TIME);
    s->chr = h->get(h, PB_SVC_CHAR);
    s->c = prop->get_char(d, P_CHARDEV);
    s->args = prop->get_str(d, P_ARGS);
    s->kernel = s->board->option(d, "kernel");
    s->append = s->board->option(d, "append");
    s->user = (uint32_t)prop->get_int(d, P_USERSPACE);
    pthread_mutex_init(&s->lock, NULL);
    return console_open(s, e);
}

static void unrealize(void *self)
{
    struct semihosting *s = self;

    files_close(s);
    if (s->c)
        s->chr->attach(s->c, NULL, NULL);
    console_close(s);
    pthread_mutex_destroy(&s->lock);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct semihosting *s = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        files_close(s);
        memset(s->progress, 0, sizeof s->progress);
        s->err = 0;
    } else if (phase == PB_RESET_EXIT && !s->heap_end) {
        find_heap(s); /* what is loaded is known by then */
    }
}

static int save(void *self, pb_state *st, pb_err *e)
{
    struct semihosting *s = self;

    (void)st;
    for (uint32_t n = 0; n < HANDLES; n++)
        if (s->kind[n] == H_FILE)
            return s->h->fail(e, PB_EBUSY, "semihosting: the guest has files of the host open, "
                                           "which are no part of a state");
    return PB_OK;
}

static int load(void *self, pb_state *st, pb_err *e)
{
    struct semihosting *s = self;
    uint32_t bad = s->in_n > INPUT;

    (void)st;
    for (uint32_t n = 0; n < HANDLES; n++)
        bad |= s->kind[n] > H_FEATURES || s->kind[n] == H_FILE || s->at[n] > 5;
    if (!bad)
        return PB_OK;
    memset(s->kind, 0, sizeof s->kind);
    s->in_n = 0;
    return s->h->fail(e, PB_EINVAL, "semihosting: the saved state is damaged");
}

static const char *const char_iface[] = {PB_IF_CHAR, NULL};
static const struct pb_prop props[] = {
    {.name = "chardev", .doc = "the console; without one it is the standard error",
     .type = PB_T_LINK, .choices = char_iface, .qemu_type = "str"},
    {.name = "args", .doc = "command line of the program; default: the kernel and -append",
     .type = PB_T_STR},
    {.name = "userspace", .doc = "unprivileged programs may call, too", .def = "off",
     .type = PB_T_BOOL},
};
static const struct pb_field state[] = {
    PB_FIELD_ARRAY(struct semihosting, kind, PB_S_U32, HANDLES),
    PB_FIELD_ARRAY(struct semihosting, at, PB_S_U32, HANDLES),
    PB_FIELD(struct semihosting, err, PB_S_U32),
    PB_FIELD_ARRAY(struct semihosting, progress, PB_S_U64, 3 * CALLERS),
    PB_FIELD(struct semihosting, in_n, PB_S_U32),
    PB_FIELD_ARRAY(struct semihosting, in, PB_S_BYTES, INPUT),
};
static const struct pb_semihost semihost = {sizeof semihost, 0, call};
static const struct pb_provide provides[] = {{PB_SEMIHOST, &semihost}};

static const struct pb_device_class semihosting = {
    .size = sizeof semihosting, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL, .id = "semihosting",
    .title = "Semihosting", .category = "misc",
    .spec = "Arm, Semihosting for AArch32 and AArch64", .props = props,
    .n_props = sizeof props / sizeof *props, .provides = provides, .n_provides = 1,
    .instance_size = sizeof(struct semihosting), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .realize = realize,
    .unrealize = unrealize, .reset = reset, .save = save, .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &semihosting}};
static const char *const needs[] = {PB_SVC_BOARD, PB_SVC_TIME, PB_SVC_CHAR, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.semihosting", .version = "1.0", .license = "MIT",
    .vendor = "Plugboard", .doc = "Semihosting", .needs = needs, .classes = classes,
    .n_classes = 1};
