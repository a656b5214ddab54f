/* SPDX-License-Identifier: MIT */
/* plugboard/host.h - the root table: how a plugin finds every service, fails and logs. */
#ifndef PLUGBOARD_HOST_H
#define PLUGBOARD_HOST_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PB_LOG_ERROR,
    PB_LOG_WARN,
    PB_LOG_INFO,
    PB_LOG_DEBUG,
    PB_LOG_GUEST, /* the guest broke a rule of the hardware (-d guest_errors) */
    PB_LOG_UNIMP  /* the guest touched what is not modelled (-d unimp) */
};

struct pb_host {
    uint32_t size;
    uint32_t abi_minor;         /* what this host offers, within PB_ABI_EPOCH */
    const char *name, *version; /* "plugboard", "0.1.0" */
    /* The table of service `id`, or NULL. Valid until the plugin is unloaded. [any] */
    const void *(*get)(const pb_host *h, const char *id);
    /* Record a failure and return `code`: `return h->fail(e, PB_EINVAL, "…")`. The host
     * adds device and manifest place. The first call wins; `text` is copied. [any] */
    int (*fail)(pb_err *err, int code, const char *text);
    /* One line without a newline. GUEST and UNIMP are off unless asked for, counted
     * always, and rate-limited per device. `dev` may be NULL. [any] */
    void (*log)(const pb_host *h, pb_dev *dev, uint32_t level, const char *text);
    /* log_on[level] != 0: would a line of that level be seen? Read it before formatting. */
    const volatile uint8_t *log_on;
    /* Number of a trace point; `name` is "class.event". Costs one load and a branch when
     * off. [main] */
    uint32_t (*trace_id)(const pb_host *h, const char *name, const char *fmt);
    void (*trace)(const pb_host *h, pb_dev *dev, uint32_t id, const uint64_t *args,
                  uint32_t n_args); /* [any] */
    const volatile uint8_t *trace_on; /* trace_on[id] */
};

#ifdef __cplusplus
}
#endif
#endif
