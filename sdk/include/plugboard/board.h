/* SPDX-License-Identifier: MIT */
/* plugboard/board.h - what boot plugins need of the machine: its parts as the manifest
 * joined them, the user's boot options, and a way to put images into memory.
 *
 * Loads are recorded, checked against each other, and written at every cold reset after
 * the devices' HOLD phase, so a reset boots afresh.
 */
#ifndef PLUGBOARD_BOARD_H
#define PLUGBOARD_BOARD_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One placed region of a device. */
struct pb_board_reg {
    uint64_t addr, len;
};
/* One wired output: element `index` of `output` drives input `input` of `sink`. */
struct pb_board_wire {
    const char *output;
    uint32_t index, input;
    pb_dev *sink;
};

#define PB_SVC_BOARD "pb.board/1"
struct pb_svc_board { /* [main] */
    uint32_t size, reserved;
    /* The user's "kernel", "initrd", "append", "dtb", "bios", or a machine option
     * ("acpi"): NULL when not given. "pflash0", "serial1": the node's name when there is one. */
    const char *(*option)(pb_dev *d, const char *name);
    /* Report that an option was used; unused ones are an error at the end of start-up. */
    void (*used)(pb_dev *d, const char *name);
    /* Full path of a firmware file by the documented search path; NULL when not found, and
     * then `e` lists what was tried. Lives as long as the machine. */
    const char *(*find_firmware)(pb_dev *d, const char *name, pb_err *e);
    uint32_t (*ram)(pb_dev *d, struct pb_board_reg *v, uint32_t max); /* main memory banks */
    uint32_t (*n_cpus)(pb_dev *d);
    pb_dev *(*cpu)(pb_dev *d, uint32_t i);
    /* A CPU's own text, e.g. "riscv,isa"; NULL when it has none. See draft/cpu.h, fact(). */
    const char *(*cpu_fact)(pb_dev *d, uint32_t i, const char *name);
    /* The devices that the manifest placed, in its order. NULL past the end. */
    pb_dev *(*device)(pb_dev *d, uint32_t i);
    const char *(*dev_name)(pb_dev *d);  /* the manifest group's name: "uart0" */
    const char *(*dev_class)(pb_dev *d); /* class id */
    uint32_t (*dev_regs)(pb_dev *d, struct pb_board_reg *v, uint32_t max);
    uint32_t (*dev_wires)(pb_dev *d, struct pb_board_wire *v, uint32_t max);
    /* Manifest value of a "fdt.KEY" of that device or of group [fdt PATH] when d is the
     * boot device and key is "PATH KEY"; NULL when absent. n-th key by dev_fdt_key. */
    const char *(*dev_fdt)(pb_dev *d, const char *key);
    const char *(*dev_fdt_key)(pb_dev *d, uint32_t i);
    uint64_t (*dev_clock)(pb_dev *d, uint32_t input); /* Hz, 0: none */
    /* Record an image: copied. `what` names it in messages ("kernel vmlinuz"). Overlap with
     * an earlier load, or a place without memory, fails and names both. */
    int (*load)(pb_dev *d, const char *what, uint64_t gpa, const void *data, uint64_t len,
                pb_err *e);
    /* First address >= from, aligned, where `len` bytes fit in main memory clear of every
     * load so far; UINT64_MAX when there is none. */
    uint64_t (*place)(pb_dev *d, uint64_t from, uint64_t len, uint64_t align);
    /* Entry state of CPU `i` (UINT32_MAX: every CPU that was not given one of its own) after
     * reset: see draft/cpu.h. */
    int (*entry)(pb_dev *d, uint32_t i, uint64_t pc, const uint64_t *args, uint32_t n_args,
                 pb_err *e);
    /* Ask the machine to reset (0), power off (1), or stop as panicked (2); `code` becomes
     * the exit status of the process. [any] */
    void (*request)(pb_dev *d, uint32_t what, int32_t code);
    const char *(*machine)(pb_dev *d); /* name of the machine: "virt" */
    /* ABI 1.1. Firmware services that switch CPUs: [any]. After reset the CPUs are on that
     * the manifest's [cpu] start says; a CPU that is off executes nothing and keeps nothing.
     * Switch CPU `i` on: it is reset() with pc and args[n], n <= 8, see draft/cpu.h. PB_EBUSY:
     * it is not off; PB_EINVAL: there is no such CPU. */
    int (*cpu_start)(pb_dev *d, uint32_t i, uint64_t pc, const uint64_t *args, uint32_t n);
    /* Switch CPU `i` off as soon as it has left run(), which is asked for. A service that its
     * own CPU calls does so last: the CPU polls before its next instruction. */
    int (*cpu_stop)(pb_dev *d, uint32_t i);
    int (*cpu_power)(pb_dev *d, uint32_t i); /* PB_CPU_* now, or PB_EINVAL */
};

enum { PB_CPU_OFF, PB_CPU_ON, PB_CPU_STARTING };

/* Optional interface of a boot-time helper device (fw_cfg): takes named files. */
#define PB_FW_FILES "pb.fw-files/1"
struct pb_fw_files {
    uint32_t size, reserved;
    int (*add)(void *self, const char *name, const void *data, uint32_t n, pb_err *e);
    /* ABI 1.1. An item without a name, by its number below 0x20: the kernel that firmware is to
     * start, and what belongs to it. It replaces an earlier one. */
    int (*item)(void *self, uint32_t key, const void *data, uint32_t n, pb_err *e);
};

/* The way to a device in IEEE 1275's words, for firmware that is told an order to boot from. A
 * controller that is no plain board device offers it, and a function that has more below itself
 * than "disk@0,0" (a block device) or "ethernet-phy@0" (a network card). ABI 1.1. */
#define PB_BOOT_PATH "pb.boot-path/1"
struct pb_boot_path {
    uint32_t size, reserved;
    /* The element "scsi@1" of `d` on this controller's bus, or with `d` the device itself what is
     * below it; a controller on no bus puts its own before that. As snprintf(). [main] */
    int (*element)(void *self, pb_dev *d, char *buf, uint32_t n);
};

/* Interface of a device that is the machine's power button. */
#define PB_POWER_BUTTON "pb.power-button/1"
struct pb_power_button {
    uint32_t size, reserved;
    void (*press)(void *self); /* and release soon; [main] */
};

/* Interface of a boot plugin's device. After every device is realized, before the first
 * reset, the host calls boot() once on the machine's boot device. */
#define PB_BOOT "pb.boot/1"
struct pb_boot {
    uint32_t size, reserved;
    int (*boot)(void *self, pb_err *e); /* [main] */
};

/* Numbers of a board that its boot plugin tells the guest and another device does, too; that one
 * has them as properties and offers them. ABI 1.1. */
#define PB_BOARD_FACTS "pb.board-facts/1"
struct pb_board_facts {
    uint32_t size, reserved;
    int (*number)(void *self, const char *name, uint64_t *v); /* PB_OK or PB_ENOENT; [main] after
                                                                 every device is realized */
};

/* How a device wants to appear in a device tree, when the generic node will not do. The
 * generic node has compatible (fdt.compatible), reg, interrupts, clocks. The blob is a
 * libfdt tree being built in place; the plugin uses its own libfdt. */
#define PB_FDT_NODE "pb.fdt.node/1"
struct pb_fdt_node {
    uint32_t size, reserved;
    /* Cells of an interrupt specifier for input `n`; returns how many (0: `n` is no
     * interrupt). Offered by interrupt controllers. [main] */
    uint32_t (*interrupt)(void *self, uint32_t n, uint32_t cells[4]);
    /* Add properties and subnodes to the device's own node. PB_ENOSPC without a text when the
     * blob is full: it is called again with a larger one. [main] optional */
    int (*fill)(void *self, void *fdt, int32_t node, pb_err *e);
};

#ifdef __cplusplus
}
#endif
#endif
