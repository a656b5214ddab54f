/* SPDX-License-Identifier: MIT */
/* anchor.c - one object of every public struct, so that its debug information describes
 * the ABI. Compiled, never run. */
#define PB_USE_DRAFT 1
#include <plugboard/arm.h>
#include <plugboard/backend.h>
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/display.h>
#include <plugboard/dma.h>
#include <plugboard/draft/personality.h>
#include <plugboard/i2c.h>
#include <plugboard/input.h>
#include <plugboard/msi.h>
#include <plugboard/pack.h>
#include <plugboard/part.h>
#include <plugboard/query.h>
#include <plugboard/pci.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>
#include <plugboard/riscv.h>
#include <plugboard/scsi.h>
#include <plugboard/sd.h>
#include <plugboard/semihost.h>
#include <plugboard/spi.h>
#include <plugboard/usb.h>
#include <plugboard/virtio.h>

#define STRUCTS(X)                                                                             \
    X(pb_iov) X(pb_class_ref) X(pb_plugin) X(pb_host) X(pb_prop) X(pb_svc_prop) X(pb_txn)      \
    X(pb_region_ops) X(pb_window) X(pb_svc_mem) X(pb_line) X(pb_svc_line) X(pb_svc_time)       \
    X(pb_svc_thread) X(pb_field) X(pb_svc_state) X(pb_provide) X(pb_device_class)              \
    X(pb_svc_bus) X(pb_bus_parent) X(pb_counter) X(pb_regfield) X(pb_reg) X(pb_regs)           \
    X(pb_backend_class) X(pb_block_req) X(pb_block_info) X(pb_block_ops) X(pb_svc_block)       \
    X(pb_net_ops) X(pb_svc_net) X(pb_char_ops) X(pb_svc_char) X(pb_fs_ops) X(pb_svc_fs)        \
    X(pb_virtio_dev) X(pb_vchain) X(pb_virtio) X(pb_board_reg) X(pb_board_wire)                \
    X(pb_svc_board) X(pb_fw_files) X(pb_boot) X(pb_board_facts) X(pb_fdt_node) X(pb_span)        \
    X(pb_svc_cpu)                                                                              \
    X(pb_cpu_reg) X(pb_cpu_info) X(pb_cpu_model) X(pb_cpu_class) X(pb_msi_route) X(pb_msi)     \
    X(pb_arm_sysreg) X(pb_smccc) X(pb_semihost) X(pb_semihost_call)                           \
    X(pb_pci_info) X(pb_pci) X(pb_info) X(pb_query) X(pb_power_button)                         \
    X(pb_trap) X(pb_cpu_user) X(pb_user_space) X(pb_svc_user) X(pb_user_start) X(pb_personality_class)    \
    X(pb_usb_ep) X(pb_usb_interface) X(pb_usb_config) X(pb_usb_desc) X(pb_usb_setup)           \
    X(pb_usb_info) X(pb_usb) X(pb_input_event) X(pb_input) X(pb_sd_card) X(pb_sd_host)         \
    X(pb_sd_slot) X(pb_i2c_target) X(pb_spi_target) X(pb_dma_port) X(pb_display)               \
    X(pb_part_class) X(pb_svc_part) X(pb_svc_minor) X(pb_riscv_imsic) X(pb_pack_member)        \
    X(pb_pack) X(pb_arm_start) X(pb_boot_path) X(pb_scsi_req)                               \
    X(pb_scsi_target) X(pb_scsi_host) X(pb_media)

#define X(s) struct s anchor_##s;
STRUCTS(X)
