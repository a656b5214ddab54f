/* SPDX-License-Identifier: MIT */
/* pci-bus.h - what the files of the PCI bus share.
 *
 * A fabric is all buses below one host bridge. Its `lock` guards configuration bytes, BARs and
 * the topology; `access` is held around a whole configuration access, so that a function's
 * hooks run one at a time; `irq_lock` guards the count of drivers of each interrupt line. A
 * function's message vectors have a lock of their own, as messages are sent from anywhere.
 * Order: access, lock, irq_lock or vector lock. No lock is held while the memory map's readers
 * or another device could wait for it.
 */
#ifndef PCI_BUS_H
#define PCI_BUS_H

#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/msi.h>
#include <plugboard/pci.h>
#include <plugboard/query.h>

#include <pthread.h>

#define CFG_MAX 4096u
#define CFG_OLD 256u
#define N_LINES 4u
#define CHASSIS_SET 0x80000000u

/* Header, 6.1 and PCI-to-PCI Bridge Architecture 1.2, 3.2. */
enum {
    C_COMMAND = 0x04, C_STATUS = 0x06, C_REVISION = 0x08, C_CLASS = 0x09, C_HEADER = 0x0e,
    C_BAR = 0x10, C_PRIMARY = 0x18, C_SECONDARY = 0x19, C_SUBORDINATE = 0x1a, C_IO_BASE = 0x1c,
    C_IO_LIMIT = 0x1d, C_SEC_STATUS = 0x1e, C_MEM_BASE = 0x20, C_MEM_LIMIT = 0x22,
    C_PREF_BASE = 0x24, C_PREF_LIMIT = 0x26, C_PREF_BASE_HI = 0x28, C_PREF_LIMIT_HI = 0x2c,
    C_SUBSYSTEM = 0x2c, C_ROM = 0x30, C_IO_BASE_HI = 0x30, C_IO_LIMIT_HI = 0x32, C_CAPS = 0x34,
    C_BRIDGE_ROM = 0x38, C_INT_LINE = 0x3c, C_INT_PIN = 0x3d, C_BRIDGE_CTL = 0x3e
};
#define CMD_IO 0x1u
#define CMD_MEM 0x2u
#define CMD_MASTER 0x4u
#define CMD_INTX_OFF 0x400u
#define STATUS_INTX 0x8u
#define STATUS_CAPS 0x10u
#define BRIDGE_RESET 0x40u

enum { CAP_SLOT = 0x04, CAP_VENDOR = 0x09, CAP_MSI = 0x05, CAP_EXPRESS = 0x10, CAP_MSIX = 0x11 };

struct fabric;
struct pbus;

struct bar {
    pb_region *alias; /* of the function's region, in the fabric's space */
    uint64_t size, at;
    uint32_t flags, off, shown;
};

struct vector {
    uint64_t addr;
    uint32_t data, control; /* bit 0: masked */
    uint32_t known, rid;    /* the route is of this requester and still right */
    struct pb_msi_route route;
};

struct pb_pci_fn {
    struct pbus *bus;
    pb_dev *dev;
    struct pb_pci_fn *next; /* of the bus's functions not yet attached */
    struct pb_pci_info info;
    uint32_t devfn, live, cfg_len;
    uint8_t cfg[CFG_MAX], wmask[CFG_MAX], w1c[CFG_MAX], first[CFG_MAX]; /* first: after reset */
    uint32_t cap_end, express; /* next free byte for a capability; offset of PCI Express */
    struct bar bar[7];
    pb_as *gate;
    struct pbus *below; /* a bridge's other side */
    uint32_t chassis;   /* chassis << 16 | slot | CHASSIS_SET when the user numbered both */
    /* interrupt pin */
    uint32_t level, driven, line; /* level atomic; the others under irq_lock */
    /* messages */
    pthread_mutex_t vec_lock;
    struct vector *vec;
    uint8_t *pending;
    uint32_t n_msi, n_msix, msi, msix; /* vectors; offsets of the capabilities */
};

/* The first member of every class here that offers a bus. */
struct pbus {
    struct fabric *fab;
    pb_dev *dev; /* the controller */
    const pb_host *h;
    uint32_t where;      /* PB_PCI_AT_* */
    pb_pci_fn *bridge;   /* the controller as a function of the bus above; NULL: the root */
    pb_pci_fn *slot[256];
    pb_pci_fn *pending;  /* added, not yet attached */
    uint32_t powered;    /* 0: nothing answers there (a slot that is switched off) */
    /* A slot hears of what comes and goes. [main], no lock held */
    void (*changed)(struct pbus *b);
};

struct fabric {
    const pb_host *h;
    pb_dev *dev; /* the host bridge */
    const struct pb_svc_mem *mem;
    const struct pb_svc_bus *bus;
    const struct pb_svc_prop *prop;
    const struct pb_svc_time *time;
    struct pbus *root;
    pthread_mutex_t access, lock, irq_lock;
    pb_region *mem_space, *io_space; /* containers: bus addresses */
    const struct pb_line *line[N_LINES];
    uint32_t drivers[N_LINES];
    const struct pb_msi *msi; /* NULL: messages are stores */
    void *msi_self;
};

/* ---- function.c: what functions are made of; PB_PCI ---- */
extern const struct pb_pci pci_service;
void pbus_init(struct pbus *b, pb_dev *d, const pb_host *h);
void pbus_fini(struct pbus *b); /* frees what is left */
pb_pci_fn *fn_new(struct pbus *b, pb_dev *d, const struct pb_pci_info *i, uint32_t devfn,
                  pb_err *e);
void fn_free(pb_pci_fn *f);
int fn_attach(struct pbus *b, pb_dev *child, pb_err *e); /* now the guest sees it */
void fn_attach_fn(pb_pci_fn *f);
void fn_detach(struct pbus *b, pb_dev *child);
pb_as *fn_as(struct pbus *b, pb_dev *child);
int fn_express(pb_pci_fn *f, uint32_t type, pb_err *e);
int fn_cap(pb_pci_fn *f, uint32_t id, const void *body, const void *wmask, uint32_t len,
           pb_err *e);
void fn_reset_below(struct pbus *b); /* lock is held */
void bus_reset(struct pbus *b);      /* machine reset: configuration of its functions */
void bus_lines(struct pbus *b);      /* and then their pins */
extern const struct pb_bus_parent plain_parent; /* of buses without slots */
extern const struct pb_boot_path pci_boot_path;

/* ---- bridge.c: `b` is the bus that `d` bears; adds `d` to the bus above ---- */
pb_pci_fn *bridge_add(struct pbus *b, pb_dev *d, const struct pb_pci_info *i, pb_err *e);

extern const struct pb_device_class gpex_class, port_class, bridge_class;

/* ---- config.c ---- */
uint32_t cfg_get(const pb_pci_fn *f, uint32_t off, uint32_t n); /* the stored bytes */
void cfg_put(pb_pci_fn *f, uint32_t off, uint32_t v, uint32_t n);
void cfg_init(pb_pci_fn *f, uint32_t off, uint32_t v, uint32_t wmask, uint32_t n);
void cfg_reset(pb_pci_fn *f); /* lock is held */
uint32_t config_read(struct fabric *fab, uint32_t bus, uint32_t devfn, uint32_t off, uint32_t n);
void config_write(struct fabric *fab, uint32_t bus, uint32_t devfn, uint32_t off, uint32_t v,
                  uint32_t n);
int config_save(struct pbus *b, pb_state *s, pb_err *e);
int config_load(struct pbus *b, pb_state *s, pb_err *e);

/* ---- map.c: what BARs, bridges' windows and bus mastering let through. lock is held ---- */
void map_function(pb_pci_fn *f);
void map_bus(struct pbus *b); /* all functions on it and below */
uint32_t map_master(const pb_pci_fn *f);
uint32_t pbus_number(const struct pbus *b); /* as the guest numbered it */

/* ---- info.c: bytes that the whole text takes, as snprintf says it. [main] ---- */
uint32_t fabric_text(struct fabric *fab, char *buf, uint32_t n);
struct text {
    char *buf;
    uint32_t n, at;
};
void say(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *pci_class_name(uint32_t class_code); /* or NULL */

/* ---- query.c: the same as JSON. [main] ---- */
uint32_t fabric_json(struct fabric *fab, char *buf, uint32_t n);

/* ---- irq.c: pins and messages ---- */
void irq_update(pb_pci_fn *f); /* the pin's line follows level and command */
void fn_intx(pb_pci_fn *f, uint32_t level);
int fn_msi(pb_pci_fn *f, uint32_t n, pb_err *e);
int fn_msix(pb_pci_fn *f, uint32_t n, uint32_t bar, pb_region *box, uint32_t off, pb_err *e);
void fn_send(pb_pci_fn *f, uint32_t n);
uint32_t fn_messages(pb_pci_fn *f);
void msg_written(pb_pci_fn *f, uint32_t off, uint32_t n); /* configuration changed */
void msg_reset(pb_pci_fn *f);
int msg_save(pb_pci_fn *f, pb_state *s, pb_err *e);
int msg_load(pb_pci_fn *f, pb_state *s, pb_err *e);
/* Bits of byte `i` of configuration space that tell which MSI wait behind their masks. */
uint8_t msg_waits(const pb_pci_fn *f, uint32_t i);

static inline uint32_t min32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

#endif
