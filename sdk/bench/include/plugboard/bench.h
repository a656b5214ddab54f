/* SPDX-License-Identifier: MIT */
/* plugboard/bench.h - the device bench: a second host for the ABI, inside a test program.
 *
 * No machine, CPU or guest: the test is the bus master. One thread, one stepped clock, so
 * every run repeats. The bench checks the thread tags of abi.h: a service that is called
 * from the wrong place ends the program with a sentence. So does a device whose state does
 * not survive a reload.
 *
 *     pbt *b = pbt_new();
 *     pbt_load(b, "ns16550a");                    (from PLUGBOARD_PLUGIN_PATH)
 *     pbt_char_new(b, "c0");
 *     pb_dev *u = pbt_add(b, "ns16550a", "uart0", "chardev=c0");
 *     pbt_write(u, 0, 0, 'x', 1);                 (region 0, offset 0, one byte)
 *     CU_ASSERT_EQUAL(pbt_level(u, "irq", 0), 0);
 *     pbt_reload(b);
 *     pbt_free(b);
 *
 * When what runs: soon() calls, and lines into a busy device, at the end of the outermost
 * call into a device; workers, pool jobs, main_soon() and completions in pbt_settle();
 * timers in pbt_run_ns(), which settles too.
 */
#ifndef PLUGBOARD_BENCH_H
#define PLUGBOARD_BENCH_H

#include <plugboard/backend.h>
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>

#include <stdio.h>

typedef struct pbt pbt;

/* ---- The bench --------------------------------------------------------------------- */

pbt *pbt_new(void); /* clock at 0, no RAM, no devices */
void pbt_free(pbt *b); /* unrealizes what is left; aborts when a domain is still held */
const pb_host *pbt_host(pbt *b);
/* Opens plugin `name` (a path when it has a '/', else NAME.so of PLUGBOARD_PLUGIN_PATH)
 * and adds its classes. Ends the program with the reason on failure. */
const struct pb_plugin *pbt_load(pbt *b, const char *name);
void pbt_plugin(pbt *b, const struct pb_plugin *p); /* one that is linked into the program */
void pbt_class(pbt *b, const char *kind, const void *cls); /* a class of the test's own */
const char *pbt_error(pbt *b); /* text of the last fail(), "" when none */

/* ---- Devices ----------------------------------------------------------------------- */

/* Create, realize and cold-reset in one go; `props` is "key=value,key=value" (a comma in
 * a value is doubled) or NULL. Ends the program when it fails. */
pb_dev *pbt_add(pbt *b, const char *cls, const char *name, const char *props);
pb_dev *pbt_add_child(pb_dev *parent, uint32_t bus, const char *cls, const char *name,
                      const char *props);
/* The same in steps, for wiring in between and for what must fail. create() gives NULL
 * and pbt_error() for an unknown class or a bad property; realize() PB_E*. What a class
 * carries is made with it, as "NAME.inner". */
pb_dev *pbt_create(pbt *b, pb_dev *parent, uint32_t bus, const char *cls, const char *name,
                   const char *props);
int pbt_realize(pb_dev *d);
void pbt_reset(pb_dev *d, uint32_t kind); /* all three phases */
void pbt_reset_all(pbt *b, uint32_t kind); /* phase by phase over all devices */
void pbt_remove(pb_dev *d); /* drain, unrealize, free; children first */
/* Ask the bus as device_del does: PB_OK: removed; PB_EAGAIN: it goes in a later
 * pbt_settle(), when the guest lets go. */
int pbt_unplug(pb_dev *d);
int pbt_set_prop(pb_dev *d, const char *key, const char *value); /* runtime change */
void *pbt_self(pb_dev *d);
const void *pbt_provides(pb_dev *d, const char *id); /* table of an interface, or NULL */
pb_dev *pbt_find(pbt *b, const char *name);
uint32_t pbt_bus_index(pb_dev *d, const char *kind); /* first bus of `kind` it offers, else 0 */
/* Enter and leave the device's domain, to call a PB_PROVIDE table as another device of
 * the same domain would. */
void pbt_enter(pb_dev *d);
void pbt_leave(pb_dev *d);

/* ---- Memory ------------------------------------------------------------------------ */

uint8_t *pbt_ram(pbt *b, uint64_t gpa, uint64_t len); /* RAM for DMA; the host address */
uint8_t *pbt_rom(pbt *b, uint64_t gpa, uint64_t len); /* the same, read-only to DMA */
void pbt_map(pb_dev *d, uint32_t region, uint64_t gpa); /* place a published region */
uint64_t pbt_region_len(pb_dev *d, uint32_t region);
void pbt_remap(pbt *b); /* the memory map changed: every window is stale */
/* One access as a little-endian CPU makes it, to a published region. A bus error reads
 * as 0 and counts in pbt_faults(). */
uint64_t pbt_read(pb_dev *d, uint32_t region, uint64_t off, uint32_t bytes);
void pbt_write(pb_dev *d, uint32_t region, uint64_t off, uint64_t val, uint32_t bytes);
/* The accesses that follow are of this CPU or requester, PB_TXN_* (0 and 0 at first). */
void pbt_as(pbt *b, uint32_t requester, uint32_t attrs);
uint64_t pbt_read_at(pbt *b, uint64_t gpa, uint32_t bytes); /* the same by address */
void pbt_write_at(pbt *b, uint64_t gpa, uint64_t val, uint32_t bytes);
uint64_t pbt_faults(pbt *b);
/* Was any byte of [gpa, gpa+len) written by DMA since pbt_clean()? By page of 4 KiB. */
int pbt_dirty(pbt *b, uint64_t gpa, uint64_t len);
void pbt_clean(pbt *b);

/* ---- Lines ------------------------------------------------------------------------- */

/* Give array output `name` n elements; before realize. */
void pbt_outputs(pb_dev *d, const char *name, uint32_t n);
void pbt_outputs_all(pb_dev *d, uint32_t n); /* of every array output */
/* Wire an output to an input (an index as in pb_svc_line.level); before realize of both. */
void pbt_wire(pb_dev *d, const char *name, uint32_t i, pb_dev *sink, uint32_t input);
int32_t pbt_level(pb_dev *d, const char *name, uint32_t i); /* of an output, now */
uint64_t pbt_rises(pb_dev *d, const char *name, uint32_t i); /* edges since the start */
uint64_t pbt_falls(pb_dev *d, const char *name, uint32_t i);
void pbt_line(pb_dev *d, uint32_t input, int32_t level); /* drive an input */
int pbt_has_output(pb_dev *d, const char *name, uint32_t i); /* 1 or 0 */

/* ---- Time -------------------------------------------------------------------------- */

int64_t pbt_now(pbt *b);                 /* virtual ns */
void pbt_run_ns(pbt *b, int64_t ns);     /* settle, run every timer due, settle */
void pbt_settle(pbt *b);                 /* until nothing is pending; time stands still */
void pbt_set_host_ns(pbt *b, int64_t ns); /* what the wall clock says now */
void pbt_set_clock_hz(pb_dev *d, uint32_t input, uint64_t hz);
int64_t pbt_next_deadline(pbt *b); /* of armed timers, virtual ns; INT64_MAX: none */

/* ---- State ------------------------------------------------------------------------- */

/* Save every device, destroy, create anew, load, and compare what a second save gives. */
void pbt_reload(pbt *b);
/* Save the device, take out what an earlier version of its state did not have (fields of its table
 * that came later, and those of its save() whose names begin with `without`; NULL: none), reset
 * the device and load that. */
void pbt_load_version(pb_dev *d, uint32_t version, const char *without);

/* ---- Messages ---------------------------------------------------------------------- */

uint64_t pbt_guest_errors(pbt *b); /* PB_LOG_GUEST lines so far */
uint64_t pbt_logged(pbt *b, uint32_t level);
const char *pbt_last_log(pbt *b); /* text of the last line of any level, "" when none */
void pbt_quiet(pbt *b, uint32_t on); /* 1: nothing is formatted, for speed */

/* ---- Backends ---------------------------------------------------------------------- */

/* Each makes a node that a PB_T_LINK property of a device names. */
pb_dev *pbt_char_new(pbt *b, const char *name);
const uint8_t *pbt_char_sent(pb_dev *c, size_t *n); /* all the device wrote since clear */
void pbt_char_clear(pb_dev *c);
uint32_t pbt_char_type(pb_dev *c, const void *data, uint32_t n); /* to the device; taken */
void pbt_char_event(pb_dev *c, uint32_t ev);
/* Take only `room` more bytes, then refuse; UINT32_MAX: no limit, and drained() is told. */
void pbt_char_limit(pb_dev *c, uint32_t room);

/* Properties for a class whose table is `p`: `given`, and "NAME=NAME" for each other link to a
 * backend (bare: that must be set), with a loop-back one of that name made. free() it; NULL with
 * the property that only its author can give. */
char *pbt_loopbacks(pbt *b, const struct pb_prop *p, uint32_t n, const char *given, uint32_t bare,
                    const char **missing);

pb_dev *pbt_block_new(pbt *b, const char *name, uint64_t bytes, uint32_t read_only);
uint8_t *pbt_block_data(pb_dev *d);
void pbt_block_fail(pb_dev *d, uint32_t op, int32_t status); /* 0: no longer */
void pbt_block_hold(pb_dev *d, uint32_t on); /* completions wait, even for pbt_settle() */
/* Complete what is held, here and now, on any thread: for a device that waits for it inside
 * a reset while the test's main thread stands still. */
void pbt_block_finish(pb_dev *d);
/* Another medium of zeros, 0 bytes: none; what is held is completed and the device is told. */
void pbt_block_medium(pb_dev *d, uint64_t bytes);
uint32_t pbt_block_flags(pb_dev *d); /* PB_BLK_* flags of the last request performed */
uint32_t pbt_block_in_flight(pb_dev *d);
uint64_t pbt_block_count(pb_dev *d, uint32_t op); /* requests of that kind so far */

pb_dev *pbt_net_new(pbt *b, const char *name);
uint32_t pbt_net_sent(pb_dev *n); /* frames the device sent and not yet taken */
size_t pbt_net_take(pb_dev *n, void *buf, size_t max, uint32_t *flags); /* oldest; 0: none */
int pbt_net_inject(pb_dev *n, const void *frame, size_t len, uint32_t flags); /* to device */
void pbt_net_full(pb_dev *n, uint32_t on); /* the wire refuses with PB_EAGAIN
                                              after `on` - 1 more frames; 0: no longer */
void pbt_net_largest(pb_dev *n, uint32_t bytes); /* as pb_net_ops.largest of a backend */

/* A share whose answers the test makes: T-message in, R-message out; returns its length. */
pb_dev *pbt_fs_new(pbt *b, const char *name,
                   int32_t (*answer)(void *user, const uint8_t *t, uint32_t n, uint8_t *r,
                                     uint32_t max),
                   void *user);
/* A real backend plugin's class; its descriptors are polled in pbt_settle(). */
pb_dev *pbt_backend(pbt *b, const char *kind, const char *cls, const char *name,
                    const char *props);

/* The consumer's end of a node, for a test that uses a backend itself as a device would:
 * pbt_host(b)->get(PB_SVC_BLOCK)->submit(pbt_block_of(node), &req). */
pb_block *pbt_block_of(pb_dev *node);
pb_net *pbt_net_of(pb_dev *node);
pb_char *pbt_char_of(pb_dev *node);
pb_fs *pbt_fs_of(pb_dev *node);
void pbt_describe(pb_dev *node, char *buf, uint32_t n); /* as `info block` would; "" if not */

/* ---- Board (boot plugins) ---------------------------------------------------------- */

void pbt_option(pbt *b, const char *name, const char *value); /* "kernel", "append", … */
uint32_t pbt_option_used(pbt *b, const char *name);
void pbt_firmware(pbt *b, const char *name, const char *path);
pb_dev *pbt_cpu(pbt *b, const char *facts); /* "riscv,isa=rv64imafdc;mmu-type=…" */
void pbt_fdt(pb_dev *d, const char *key, const char *value); /* d NULL never */
int pbt_boot(pb_dev *boot); /* call the boot device's boot(), as [main] */
/* What was loaded at gpa: NULL when nothing begins there. */
const uint8_t *pbt_loaded(pbt *b, uint64_t gpa, uint64_t *len);
const uint8_t *pbt_loaded_named(pbt *b, const char *what, uint64_t *gpa, uint64_t *len);
int pbt_entry(pbt *b, uint32_t cpu, uint64_t *pc, uint64_t *args, uint32_t max);
/* Power of a CPU (PB_CPU_*, on at first); what cpu_start() asked for since: the number of its
 * arguments, -1 for nothing. Asking switches it on. */
void pbt_cpu_power(pb_dev *cpu, uint32_t power);
int pbt_cpu_started(pb_dev *cpu, uint64_t *pc, uint64_t *args, uint32_t max);
int pbt_requested(pbt *b, uint32_t *what, int32_t *code); /* last request(); 0: none */

/* ---- Scripts ------------------------------------------------------------------------ */

/* Run the register test in the file `path` (commands: bench.md) on `d`. 0, or -1 and a
 * sentence with file and line in why[why_len]. */
int pbt_script(pb_dev *d, const char *path, char *why, size_t why_len);

/* ---- Fuzzing ----------------------------------------------------------------------- */

uint64_t pbt_rand(uint64_t *seed);
/* `count` accesses to the regions of `d`, seeded by its register table: known registers
 * with likely and wild values and widths, wild offsets, time steps, line toggles, resets
 * and reloads between. Repeatable from `seed`. RAM added with pbt_ram() gets random bytes
 * and guest addresses. */
void pbt_fuzz(pb_dev *d, uint64_t seed, uint64_t count);
/* Its time steps are shorter than that (2^31 ns at first): for a device that is never done. */
void pbt_fuzz_step(pbt *b, int64_t ns);
/* The value after "--count" in argv; else `def`, or the long form's ten million when
 * PLUGBOARD_LONG is set in the environment. */
#define PBT_LONG_COUNT 10000000ull
uint64_t pbt_count_arg(int argc, char **argv, uint64_t def);
/* The value after "--seed", else `def`; says which. */
uint64_t pbt_seed_arg(int argc, char **argv, uint64_t def);

#endif
