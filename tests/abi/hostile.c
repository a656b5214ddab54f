/* SPDX-License-Identifier: MIT */
/* hostile.c - one plugin for each way to be wrong, by -DBAD=n; test-abi-hostile.sh has the
 * sentence that each must earn. Built by that test, since most would not survive the build.
 *
 * Not modelled: anything.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

#include <stdlib.h>

enum { GOOD, ENTRY_SIZE, EPOCH, NEEDS, NO_CLASSES, CLASS_SIZE, NO_REALIZE, INIT, CONSTRUCTOR,
       LEAVES, CRASH, STATE, PROPS, REGS, EXPORTS, NO_ID, INIT_DIES };

#if BAD >= 8 && BAD <= 10 /* the preprocessor knows no enumeration */
__attribute__((constructor)) static void early(void)
{
    if (BAD == CONSTRUCTOR)
        abort();
    if (BAD == LEAVES)
        exit(0);
    *(volatile int *)8 = 0;
}
#endif
#if BAD == 14
PB_EXPORT int helper(void);
int helper(void)
{
    return 1;
}
#endif

struct hostile {
    uint32_t a;
};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self, (void)d, (void)h, (void)e;
    return PB_OK;
}

static const struct pb_prop props[] = {
    {.name = "depth", .doc = "a number", .def = BAD == PROPS ? "deep" : "1", .type = PB_T_UINT}};
static const struct pb_field state[] = {
    {"a", PB_S_U32, BAD == STATE ? 4 : 0, 1, 1}};
static const struct pb_reg regs[] = {
    {.name = "ONE", .off = 0, .width = 4, .access = PB_R_RO},
    {.name = "TWO", .off = BAD == REGS ? 2 : 4, .width = 4, .access = PB_R_RO}};
static const struct pb_regs table = {sizeof table, 2, regs, "hostile", NULL, NULL};

static const struct pb_device_class device = {
    .size = BAD == CLASS_SIZE ? 16 : sizeof device, .id = "hostile", .category = "misc",
    .props = props, .n_props = 1, .instance_size = sizeof(struct hostile), .state_version = 1,
    .state = state, .n_state = 1, .regs = &table, .realize = BAD == NO_REALIZE ? NULL : realize};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &device}};
static const char *const needs[] = {BAD == NEEDS ? "pb.nobody-has-this/1" : "pb.mem/1", NULL};

static int init(const pb_host *h, pb_err *e)
{
    if (BAD == INIT_DIES)
        abort();
    return BAD == INIT ? h->fail(e, PB_ENOTSUP, "not on Mondays") : PB_OK;
}

PB_PLUGIN_ENTRY = {.size = BAD == ENTRY_SIZE ? 32 : sizeof(struct pb_plugin),
                   .epoch = BAD == EPOCH ? PB_ABI_EPOCH + 1 : PB_ABI_EPOCH,
                   .abi_minor = PB_ABI_MINOR, .id = BAD == NO_ID ? NULL : "test.hostile",
                   .version = "1", .license = "MIT", .needs = needs,
                   .classes = BAD == NO_CLASSES ? NULL : classes, .n_classes = 1, .init = init};
