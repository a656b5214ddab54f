/* SPDX-License-Identifier: MIT */
/* fdt-patch.c - what the firmware writes into the user's device tree, and what it takes out.
 * Raspberry Pi documentation, "Device trees, overlays and parameters"; Linux
 * Documentation/devicetree/bindings (serial-number, local-mac-address).
 *
 * Memory, command line, initial RAM disk and seeds are boot/common's. A chip that the machine
 * lacks is taken out: with its node, the kernel would give the UART or the SD host below it to a
 * driver that waits for the chip, and nobody could log in on that UART.
 */
#include "raspi-boot.h"

#include <libfdt.h>
#include <string.h>

/* Page 0 has the spin table. */
static int reserve_page0(void *fdt)
{
    uint64_t at, len;

    for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
        if (fdt_get_mem_rsv(fdt, i, &at, &len) == 0 && at == 0 && len >= 0x1000)
            return 0;
    }
    return fdt_add_mem_rsv(fdt, 0, 0x1000);
}

static int set_serial(struct raspi_boot *b, void *fdt)
{
    char text[20];

    snprintf(text, sizeof text, "%016llx", (unsigned long long)b->serial);
    return fdt_setprop_string(fdt, 0, "serial-number", text);
}

static int set_mac(struct raspi_boot *b, void *fdt)
{
    const char *path = fdt_get_alias(fdt, "ethernet0");
    int node = path ? fdt_path_offset(fdt, path) : -FDT_ERR_NOTFOUND;
    uint8_t mac[6];

    if (node < 0)
        return 0; /* a board without the card, or a tree without the alias */
    for (uint32_t i = 0; i < 6; i++)
        mac[i] = (uint8_t)(b->mac >> (40 - 8 * i));
    return fdt_setprop(fdt, node, "local-mac-address", mac, sizeof mac);
}

/* The vendor's kernels have a USB driver of their own, whose fast interrupt handler needs to be
 * told that the controller is no real one. Mainline's trees name another compatible. */
static int usb_argument(struct raspi_boot *b, void *fdt)
{
    static const char argument[] = "dwc_otg.fiq_fsm_enable=0";
    char line[4096];
    int len = 0, chosen = fdt_path_offset(fdt, "/chosen");

    if (chosen < 0 || fdt_node_offset_by_compatible(fdt, -1, "brcm,bcm2708-usb") < 0)
        return 0;
    const char *args = fdt_getprop(fdt, chosen, "bootargs", &len);
    if (len < 0 || !args)
        args = "";
    if (strstr(args, "dwc_otg.fiq_fsm_enable") || strlen(args) + sizeof argument + 1 > sizeof line)
        return 0;
    snprintf(line, sizeof line, "%s%s%s", args, *args ? " " : "", argument);
    pi_say(b, PB_LOG_INFO, "'%s' added to the command line, which this kernel's USB driver needs",
           argument);
    return fdt_setprop_string(fdt, chosen, "bootargs", line);
}

/* ---- The picture ----------------------------------------------------------------------- */

/* What bcm2835-mbox shows after reset: it begins the VideoCore's memory. */
#define FB_WIDTH 640u
#define FB_HEIGHT 480u

static int framebuffer(struct raspi_boot *b, void *fdt)
{
    uint32_t at = (uint32_t)b->split, bytes = FB_WIDTH * FB_HEIGHT * 4;
    fdt32_t reg[2] = {cpu_to_fdt32(at), cpu_to_fdt32(bytes)};
    int rc, node, chosen = fdt_path_offset(fdt, "/chosen");
    char name[32];

    if (chosen < 0 || fdt_node_offset_by_compatible(fdt, -1, "simple-framebuffer") >= 0)
        return chosen < 0 ? chosen : 0;
    if ((rc = fdt_setprop_u32(fdt, chosen, "#address-cells", 1)) ||
        (rc = fdt_setprop_u32(fdt, chosen, "#size-cells", 1)) ||
        (rc = fdt_setprop(fdt, chosen, "ranges", NULL, 0)))
        return rc;
    snprintf(name, sizeof name, "framebuffer@%x", at);
    if ((node = fdt_add_subnode(fdt, chosen, name)) < 0)
        return node;
    if ((rc = fdt_setprop_string(fdt, node, "compatible", "simple-framebuffer")) ||
        (rc = fdt_setprop(fdt, node, "reg", reg, sizeof reg)) ||
        (rc = fdt_setprop_u32(fdt, node, "width", FB_WIDTH)) ||
        (rc = fdt_setprop_u32(fdt, node, "height", FB_HEIGHT)) ||
        (rc = fdt_setprop_u32(fdt, node, "stride", FB_WIDTH * 4)))
        return rc;
    return fdt_setprop_string(fdt, node, "format", "a8b8g8r8");
}

/* ---- Chips that the machine lacks ------------------------------------------------------ */

static const char *const absent[][2] = {
    {"brcm,bcm43438-bt", "bluetooth"},
    {"brcm,bcm4329-fmac", "wifi"},
};

static int remove_absent(struct raspi_boot *b, void *fdt)
{
    char said[64] = "";

    for (uint32_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        int node, rc;
        while ((node = fdt_node_offset_by_compatible(fdt, -1, absent[i][0])) >= 0) {
            if ((rc = fdt_del_node(fdt, node)))
                return rc;
            if (!strstr(said, absent[i][1]))
                snprintf(said + strlen(said), sizeof said - strlen(said), "%s%s",
                         *said ? ", " : "", absent[i][1]);
        }
    }
    if (*said)
        pi_say(b, PB_LOG_INFO, "device tree: no such chip here, node removed: %s "
               "(-M raspi3b,dtb-patch=off keeps it)", said);
    return 0;
}

int pi_patch(struct boot *c, void *fdt)
{
    struct raspi_boot *b = (struct raspi_boot *)c;
    int rc;

    if ((rc = reserve_page0(fdt)) || (rc = set_serial(b, fdt)) || (rc = set_mac(b, fdt)) ||
        (rc = usb_argument(b, fdt)) || (rc = framebuffer(b, fdt)))
        return rc;
    return b->patch ? remove_absent(b, fdt) : 0;
}

const char *pi_wrong_tree(const void *fdt)
{
    if (fdt_node_check_compatible(fdt, 0, "brcm,bcm2837") != 0 &&
        fdt_node_check_compatible(fdt, 0, "brcm,bcm2710") != 0)
        return "a device tree for another board (its root is not compatible with brcm,bcm2837)";
    if (fdt_node_offset_by_compatible(fdt, -1, "brcm,bcm2836-l1-intc") < 0)
        return "a device tree without the cores' interrupt controller (brcm,bcm2836-l1-intc)";
    return NULL;
}
