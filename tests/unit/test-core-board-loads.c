/* SPDX-License-Identifier: MIT */
/* Images that overlap or lie outside memory are refused in one sentence that names both;
 * place() finds the first free spot; firmware that is missing tells where it was sought;
 * an option that nothing uses is an error. */
#include "core-fixture.h"

static void test(void)
{
    struct pb_machine *m = fx_machine();
    const struct pb_svc_board *b = &pb_board_service;
    static uint8_t data[0x3000];
    pb_err e = {0};

    pb_machine_add_ram(m, "ram", 0x80000000, 0x10000, &e);
    struct fx_dev *f = fx_make(m, "fx-serial", "boot");
    pb_dev *d = f->d;
    CU_ASSERT_EQUAL(b->load(d, "firmware fw.bin", 0x80000000, data, 0x2000, &e), 0);
    CU_ASSERT_EQUAL(b->load(d, "kernel Image", 0x80001fff, data, 0x1000, &e), PB_EBUSY);
    CU_ASSERT_STRING_EQUAL(e.text, "kernel Image (0x80001fff to 0x80002ffe) overlaps firmware "
                                   "fw.bin (0x80000000 to 0x80001fff)");
    CU_ASSERT_PTR_NOT_NULL(e.hint);
    pb_err_clear(&e);
    CU_ASSERT_EQUAL(b->load(d, "kernel Image", 0x80002000, data, 0x1000, &e), 0);
    CU_ASSERT_EQUAL(b->load(d, "initrd", 0x8000f000, data, 0x1001, &e), PB_EFAULT);
    CU_ASSERT_STRING_EQUAL(e.text, "initrd (4097 bytes at 0x8000f000) does not fit: there is no "
                                   "memory at 0x80010000");
    pb_err_clear(&e);
    CU_ASSERT_EQUAL(b->load(d, "x", UINT64_MAX - 1, data, 8, &e), PB_EFAULT);
    pb_err_clear(&e);
    CU_ASSERT_EQUAL(b->place(d, 0, 0x1000, 0x1000), 0x80003000);
    CU_ASSERT_EQUAL(b->place(d, 0x80001000, 1, 0x4000), 0x80004000);
    CU_ASSERT_EQUAL(b->place(d, 0, 0xd000, 0x1000), 0x80003000);
    CU_ASSERT_EQUAL(b->place(d, 0, 0xd001, 0x1000), UINT64_MAX);
    CU_ASSERT_EQUAL(b->place(d, 0, 1, 3), UINT64_MAX);
    CU_ASSERT_PTR_NULL(b->find_firmware(d, "no-such-firmware.bin", &e));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "/usr/share/plugboard/firmware/no-such-firmware.bin"));
    /* Of the folders by architecture only the machine's own. */
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "/usr/lib/fx-cpu-*/no-such-firmware.bin"));
    CU_ASSERT_PTR_NULL(strstr(e.text, "/usr/lib/*"));
    pb_err_clear(&e);
    CU_ASSERT_PTR_NULL(b->find_firmware(d, "/nonexistent/fw", &e));
    CU_ASSERT_STRING_EQUAL(e.text, "could not find firmware '/nonexistent/fw': tried "
                                   "/nonexistent/fw");
    pb_err_clear(&e);
    CU_ASSERT_STRING_EQUAL(b->find_firmware(d, "/proc/self/exe", &e), "/proc/self/exe");
    struct pb_board_reg ram[2];
    CU_ASSERT_EQUAL(b->ram(d, ram, 2), 1);
    CU_ASSERT(ram[0].addr == 0x80000000 && ram[0].len == 0x10000);
    g_hash_table_insert(m->options, g_strdup("kernel"), g_strdup("Image"));
    CU_ASSERT_STRING_EQUAL(b->option(d, "kernel"), "Image");
    CU_ASSERT_EQUAL(pb_machine_ready(m, &e), PB_EINVAL);
    CU_ASSERT_STRING_EQUAL(e.text, "option 'kernel' has no effect on machine 'fx'");
    pb_err_clear(&e);
    b->used(d, "kernel");
    CU_ASSERT_EQUAL(pb_machine_ready(m, &e), 0);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "images find their place or say why not", test);
}
