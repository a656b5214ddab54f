/* SPDX-License-Identifier: MIT */
/* aml.c - AML as it is written: names, packages, resource descriptors.
 * ACPI 6.5, chapter 20 (AML), 6.4 (resource descriptors), 19.6.55 (GPIO). */
#include "acpi.h"

#include <stdlib.h>
#include <string.h>

/* ---- Terms (20.2) ------------------------------------------------------------------ */

void aml_op(struct acpi_buf *b, uint32_t op)
{
    if (op > 0xff)
        acpi_num(b, op >> 8, 1);
    acpi_num(b, op, 1);
}

uint32_t aml_open(struct acpi_buf *b, uint32_t op)
{
    aml_op(b, op);
    return b->len;
}

/* PkgLength (20.2.4) counts itself: it is put in when the length is known. */
void aml_close(struct acpi_buf *b, uint32_t mark)
{
    uint8_t code[4];
    uint32_t body = b->len - mark, extra = 0;

    if (body + 1 > 0x3f)
        extra = body + 2 <= 0xfff ? 1 : body + 3 <= 0xfffff ? 2 : 3;
    uint32_t n = body + 1 + extra;
    code[0] = (uint8_t)(extra ? extra << 6 | (n & 0xf) : n);
    for (uint32_t i = 1; i <= extra; i++)
        code[i] = (uint8_t)(n >> (8 * i - 4));
    acpi_put(b, code, 1 + extra); /* makes room, too */
    if (b->failed)
        return;
    memmove(b->data + mark + 1 + extra, b->data + mark, body);
    memcpy(b->data + mark, code, 1 + extra);
}

void aml_seg(struct acpi_buf *b, const char *name)
{
    size_t n = strlen(name);

    acpi_put(b, name, (uint32_t)n);
    acpi_put(b, "____", n < 4 ? 4 - (uint32_t)n : 0);
}

uint32_t aml_device(struct acpi_buf *b, const char *name)
{
    uint32_t mark = aml_open(b, AML_DEVICE);

    aml_seg(b, name);
    return mark;
}

void aml_name(struct acpi_buf *b, const char *name)
{
    aml_op(b, AML_NAME);
    aml_seg(b, name);
}

void aml_int(struct acpi_buf *b, uint64_t v)
{
    static const uint8_t prefix[] = {0x0a, 0x0b, 0x0c, 0x0e};
    unsigned k = v > UINT32_MAX ? 3 : v > UINT16_MAX ? 2 : v > UINT8_MAX ? 1 : 0;

    if (v > 1)
        acpi_num(b, prefix[k], 1);
    acpi_num(b, v, 1u << k); /* 0 and 1 are operators of their own */
}

void aml_string(struct acpi_buf *b, const char *s)
{
    acpi_num(b, 0x0d, 1);
    acpi_put(b, s, (uint32_t)strlen(s) + 1);
}

void aml_name_int(struct acpi_buf *b, const char *name, uint64_t v)
{
    aml_name(b, name);
    aml_int(b, v);
}

void aml_name_string(struct acpi_buf *b, const char *name, const char *s)
{
    aml_name(b, name);
    aml_string(b, s);
}

void aml_buffer(struct acpi_buf *b, const void *data, uint32_t n)
{
    uint32_t mark = aml_open(b, AML_BUFFER);

    aml_int(b, n);
    acpi_put(b, data, n);
    aml_close(b, mark);
}

/* ---- Resources (6.4) --------------------------------------------------------------- */

void aml_resources(struct acpi_buf *b, const char *name, const struct acpi_buf *res)
{
    struct acpi_buf all = {0};

    acpi_put(&all, res->data, res->len);
    acpi_put(&all, "\x79", 2); /* end tag; checksum 0 is "not used" */
    aml_name(b, name);
    aml_buffer(b, all.data, all.len);
    b->failed |= all.failed | res->failed;
    free(all.data);
}

void acpi_res_memory(struct acpi_buf *r, uint32_t base, uint32_t len)
{
    acpi_put(r, "\x86\x09\x00\x01", 4); /* 32-bit fixed, writable */
    acpi_num(r, base, 4);
    acpi_num(r, len, 4);
}

void acpi_res_irq(struct acpi_buf *r, uint32_t gsi, uint32_t flags)
{
    acpi_put(r, "\x89\x06", 3);
    acpi_num(r, 1 | flags, 1); /* consumer */
    acpi_num(r, 1, 1);
    acpi_num(r, gsi, 4);
}

void acpi_res_window(struct acpi_buf *r, uint8_t space, uint64_t min, uint64_t len, uint64_t at)
{
    /* of the space: memory is writable and not cached; ports are the whole range, and translated */
    static const uint8_t flags[] = {0x01, 0x13, 0x00};
    /* buses have words only: there is no wider form in the language (19.6) */
    const unsigned size = space == ACPI_SPACE_BUS ? 2 : 8;

    acpi_num(r, size == 2 ? 0x88 : 0x8a, 1);
    acpi_num(r, 3 + 5 * size, 2);
    acpi_num(r, space, 1);
    acpi_num(r, 0x0c, 1); /* minimum and maximum fixed, positive decode, producer */
    acpi_num(r, flags[space], 1);
    acpi_num(r, 0, size);
    acpi_num(r, min, size);
    acpi_num(r, min + (len - 1), size);
    acpi_num(r, at - min, size);
    acpi_num(r, len, size);
}

/* GPIO interrupt connection (6.4.3.8.1): rising edge, exclusive, wakes. */
void acpi_res_gpio_irq(struct acpi_buf *r, uint16_t pin, const char *controller)
{
    const uint16_t pins = 23, source = 25; /* offsets in the descriptor */
    uint16_t end = (uint16_t)(source + strlen(controller) + 1);

    acpi_num(r, 0x8c, 1);
    acpi_num(r, end - 3u, 2);
    acpi_num(r, 1, 1);    /* revision */
    acpi_num(r, 0, 1);    /* an interrupt */
    acpi_num(r, 1, 2);    /* consumer */
    acpi_num(r, 0x11, 2); /* edge, active high, exclusive, wakes */
    acpi_num(r, 1, 1);    /* pulled up */
    acpi_num(r, 0, 4);    /* drive, debounce */
    acpi_num(r, pins, 2);
    acpi_num(r, 0, 1);
    acpi_num(r, source, 2);
    acpi_num(r, end, 2); /* vendor data: none */
    acpi_num(r, 0, 2);
    acpi_num(r, pin, 2);
    acpi_put(r, controller, (uint32_t)strlen(controller) + 1);
}

/* ---- _OSC of a PCI host bridge (6.2.11.3) -------------------------------------------- */

static void dword_field(struct acpi_buf *b, uint64_t at, const char *name)
{
    aml_op(b, AML_DWORD_FIELD);
    aml_op(b, AML_ARG3);
    aml_int(b, at);
    aml_seg(b, name);
}

static void or_status(struct acpi_buf *b, uint64_t bits)
{
    aml_op(b, AML_OR);
    aml_seg(b, "CDW1");
    aml_int(b, bits);
    aml_seg(b, "CDW1");
}

/*  Local0 = CDW3 & grant
 *  If (Arg1 != 1) { CDW1 |= 0x08 }       unknown revision
 *  If (CDW3 != Local0) { CDW1 |= 0x10 }  bits were masked
 *  CDW3 = Local0 */
static void osc_pci(struct acpi_buf *b, uint32_t grant)
{
    dword_field(b, 4, "CDW2");
    dword_field(b, 8, "CDW3");
    aml_op(b, AML_AND);
    aml_seg(b, "CDW3");
    aml_int(b, grant);
    aml_op(b, AML_LOCAL0);
    uint32_t revision = aml_open(b, AML_IF);
    aml_op(b, AML_NOT);
    aml_op(b, AML_EQUAL);
    aml_op(b, AML_ARG1);
    aml_int(b, 1);
    or_status(b, 0x08);
    aml_close(b, revision);
    uint32_t masked = aml_open(b, AML_IF);
    aml_op(b, AML_NOT);
    aml_op(b, AML_EQUAL);
    aml_seg(b, "CDW3");
    aml_op(b, AML_LOCAL0);
    or_status(b, 0x10);
    aml_close(b, masked);
    aml_op(b, AML_STORE);
    aml_op(b, AML_LOCAL0);
    aml_seg(b, "CDW3");
}

void acpi_pci_osc(struct acpi_buf *b, uint32_t grant)
{
    /* 33db4d5b-1ff7-401c-9657-7441c03dd766 */
    static const uint8_t uuid[16] = {0x5b, 0x4d, 0xdb, 0x33, 0xf7, 0x1f, 0x1c, 0x40,
                                     0x96, 0x57, 0x74, 0x41, 0xc0, 0x3d, 0xd7, 0x66};
    uint32_t method = aml_open(b, AML_METHOD);

    aml_seg(b, "_OSC");
    acpi_num(b, 4, 1); /* arguments */
    dword_field(b, 0, "CDW1");
    uint32_t pci = aml_open(b, AML_IF);
    aml_op(b, AML_EQUAL);
    aml_op(b, AML_ARG0);
    aml_buffer(b, uuid, sizeof uuid);
    osc_pci(b, grant);
    aml_close(b, pci);
    uint32_t other = aml_open(b, AML_ELSE);
    or_status(b, 0x04); /* not a UUID of ours */
    aml_close(b, other);
    aml_op(b, AML_RETURN);
    aml_op(b, AML_ARG3);
    aml_close(b, method);
}
