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

/* ---- The command line ------------------------------------------------------------------ */

#define LINE 4096u /* characters that a kernel takes, with the 0 behind them */

/* What the kernel calls the UART that the tree's alias serial0 names. */
static const char *serial0(const void *fdt)
{
    const char *path = fdt_get_alias(fdt, "serial0");
    int node = path ? fdt_path_offset(fdt, path) : -FDT_ERR_NOTFOUND;

    return node >= 0 && fdt_node_check_compatible(fdt, node, "brcm,bcm2835-aux-uart") == 0
               ? "ttyS0" : "ttyAMA0";
}

/* The firmware writes the UART's name for "console=serial0". */
static void name_console(const void *fdt, char *line)
{
    static const char wanted[] = "console=serial0";
    char *at = strstr(line, wanted);
    char rest[LINE];

    if (!at || (at != line && at[-1] != ' ') || strlen(line) + 8 > LINE)
        return;
    strcpy(rest, at + sizeof wanted - 1);
    snprintf(at, LINE - (size_t)(at - line), "console=%s%s", serial0(fdt), rest);
}

/* The vendor's kernels have a USB driver of their own, whose fast interrupt handler needs to be
 * told that the controller is no real one. Mainline's trees name another compatible. */
static void usb_argument(struct raspi_boot *b, const void *fdt, char *line)
{
    static const char argument[] = "dwc_otg.fiq_fsm_enable=0";
    size_t n = strlen(line);

    if (fdt_node_offset_by_compatible(fdt, -1, "brcm,bcm2708-usb") < 0 ||
        strstr(line, "dwc_otg.fiq_fsm_enable") || n + sizeof argument + 1 > LINE)
        return;
    snprintf(line + n, LINE - n, "%s%s", n ? " " : "", argument);
    pi_say(b, PB_LOG_INFO, "'%s' added to the command line, which this kernel's USB driver needs",
           argument);
}

static int command_line(struct raspi_boot *b, void *fdt)
{
    int len = 0, chosen = fdt_path_offset(fdt, "/chosen");
    const char *args = chosen < 0 ? NULL : fdt_getprop(fdt, chosen, "bootargs", &len);
    char line[LINE] = "";

    if (chosen < 0 || len < 0 || (uint32_t)len > LINE)
        return 0;
    snprintf(line, sizeof line, "%.*s", args ? len : 0, args ? args : "");
    name_console(fdt, line);
    usb_argument(b, fdt, line);
    return *line ? fdt_setprop_string(fdt, chosen, "bootargs", line) : 0;
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
    {"brcm,bcm2835-vc4", "display"}, /* its driver would take the simple framebuffer away */
    {"brcm,bcm2835-hvs", "display"},
    {"brcm,bcm2835-hdmi", "display"},
    {"brcm,bcm2835-v3d", "display"},
    {"brcm,bcm2835-vec", "display"},
    {"brcm,bcm2835-txp", "display"},
    {"brcm,bcm2835-pixelvalve0", "display"},
    {"brcm,bcm2835-pixelvalve1", "display"},
    {"brcm,bcm2835-pixelvalve2", "display"},
    {"brcm,bcm2835-vchiq", "vchiq"},
};

/* Without the chip the PL011 is the board's console, as the overlay "disable-bt" has it. */
static int console_uart(void *fdt)
{
    const char *first = fdt_get_alias(fdt, "serial0"), *second = fdt_get_alias(fdt, "serial1");
    int aliases = fdt_path_offset(fdt, "/aliases"), rc;
    char mini[128], pl011[128];

    if (!first || !second || strlen(first) >= sizeof mini || strlen(second) >= sizeof pl011 ||
        strcmp(serial0(fdt), "ttyS0") != 0)
        return 0;
    strcpy(mini, first); /* writing moves what the two point to */
    strcpy(pl011, second);
    if ((rc = fdt_setprop_string(fdt, aliases, "serial0", pl011)))
        return rc;
    return fdt_setprop_string(fdt, aliases, "serial1", mini);
}

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
    return strstr(said, "bluetooth") ? console_uart(fdt) : 0;
}

int pi_patch(struct boot *c, void *fdt)
{
    struct raspi_boot *b = (struct raspi_boot *)c;
    int rc;

    if ((rc = reserve_page0(fdt)) || (rc = set_serial(b, fdt)) || (rc = set_mac(b, fdt)) ||
        (rc = framebuffer(b, fdt)) || (rc = b->patch ? remove_absent(b, fdt) : 0))
        return rc;
    return command_line(b, fdt);
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
