/* SPDX-License-Identifier: MIT */
/* test-scsi-pieces.c - claim: a controller without a scatter list, which gives a unit its memory
 * piece by piece, moves the same data as one that has; and a unit never calls back from inside. */
#include "scsi-bus.h"
#include "suite.h"

#include <string.h>

#define DISK (1u << 20)

struct host { /* the smallest controller: seven targets, and itself */
    struct scsi_bus bus;
};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct host *c = self;

    (void)e;
    c->bus.max_target = c->bus.own_target = 7;
    c->bus.max_lun = 7;
    scsi_bus_init(&c->bus, d, h);
    return PB_OK;
}

static void unrealize(void *self)
{
    scsi_bus_fini(self);
}

static const struct pb_provide provides[] = {{PB_BUS_PARENT, &scsi_bus_parent},
                                             {PB_SCSI_HOST, &scsi_host}};
static const char *const buses[] = {PB_SCSI_BUS, NULL};
static const struct pb_device_class host_class = {
    .size = sizeof host_class, .id = "piece-host", .buses_out = buses, .provides = provides,
    .n_provides = 2, .instance_size = sizeof(struct host), .realize = realize,
    .unrealize = unrealize};

struct call {
    struct pb_scsi_req r; /* first */
    uint32_t who, inside, callbacks;
};

static pbt *b;
static pb_dev *host;
static const struct scsi_unit_at *u;

static void called(struct call *c, uint32_t who)
{
    CU_ASSERT_EQUAL(c->inside, 0);
    CU_ASSERT_EQUAL(c->who, PB_SCSI_LATER);
    c->who = who;
    c->callbacks++;
}

static void moved(struct pb_scsi_req *r)
{
    called((struct call *)r, PB_SCSI_MORE);
}

static void done(struct pb_scsi_req *r)
{
    called((struct call *)r, PB_SCSI_OVER);
}

static void plug(void)
{
    b = pbt_new();
    pbt_class(b, PB_CLASS_DEVICE, &host_class);
    pbt_load(b, "scsi-disk");
    host = pbt_add(b, "piece-host", "h", NULL);
    pbt_block_new(b, "k", DISK, 0);
    pbt_add_child(host, 0, "scsi-hd", "d", "drive=k");
    u = scsi_bus_find(pbt_self(host), 0, 0, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(u);
}

static void start(struct call *c, const uint8_t *cdb)
{
    *c = (struct call){.r = {.size = sizeof c->r, .cdb_len = 16, .moved = moved, .done = done}};
    memcpy(c->r.cdb, cdb, 16);
    c->inside = 1;
    c->who = u->ops->start(u->self, &c->r);
    c->inside = 0;
    pbt_settle(b);
}

/* `most` bytes at a time, each piece in two parts. */
static void run(struct call *c, const uint8_t *cdb, uint8_t *data, uint32_t most)
{
    uint64_t at = 0;

    start(c, cdb);
    while (c->who == PB_SCSI_MORE) {
        uint64_t n = c->r.length - at < most ? c->r.length - at : most;
        struct pb_iov iov[2] = {{data + at, (size_t)(n / 2)},
                                {data + at + n / 2, (size_t)(n - n / 2)}};
        CU_ASSERT_TRUE_FATAL(n != 0);
        c->inside = 1;
        c->who = u->ops->move(u->self, &c->r, iov, 2, n);
        c->inside = 0;
        pbt_settle(b);
        at += n;
    }
    CU_ASSERT_EQUAL(c->who, PB_SCSI_OVER);
    CU_ASSERT_EQUAL(c->r.gone, at);
}

static const uint8_t tur[16] = {0}, inquiry[16] = {0x12, 0, 0, 0, 96},
                     write40[16] = {0x2a, 0, 0, 0, 0, 3, 0, 0, 40},
                     read40[16] = {0x28, 0, 0, 0, 0, 3, 0, 0, 40},
                     verify40[16] = {0x2f, 2, 0, 0, 0, 3, 0, 0, 40},
                     same40[16] = {0x41, 0, 0, 0, 0, 60, 0, 0, 40};

static void any_size_of_piece(void)
{
    static uint8_t w[40 * 512], r[40 * 512];
    struct call c;

    plug();
    run(&c, tur, NULL, 1);
    CU_ASSERT_EQUAL(c.r.status, PB_SCSI_CHECK); /* power on */
    for (uint32_t most = 512; most <= 64 * 512; most *= 2) {
        for (uint32_t i = 0; i < sizeof w; i++)
            w[i] = (uint8_t)(i * 3 + i / 512 + most / 512);
        run(&c, write40, w, most);
        CU_ASSERT_EQUAL(c.r.status, PB_SCSI_GOOD);
        CU_ASSERT_EQUAL(c.r.unit, 512);
        CU_ASSERT_EQUAL(c.callbacks, (40 * 512 + most - 1) / most);
        CU_ASSERT_EQUAL(memcmp(pbt_block_data(pbt_find(b, "k")) + 3 * 512, w, sizeof w), 0);
        memset(r, 0, sizeof r);
        run(&c, read40, r, most);
        CU_ASSERT_EQUAL(memcmp(r, w, sizeof w), 0);
        run(&c, verify40, w, most);
        CU_ASSERT_EQUAL(c.r.status, PB_SCSI_GOOD);
        w[20000] ^= 1;
        start(&c, verify40);
        w[20000] ^= 1;
        u->ops->cancel(u->self, &c.r);
        CU_ASSERT_EQUAL(c.r.status, PB_SCSI_ABORTED);
    }
    for (uint32_t most = 1; most < 100; most += 7) { /* answers and lists by any bytes */
        memset(r, 0xee, sizeof r);
        run(&c, inquiry, r, most);
        CU_ASSERT_EQUAL(c.r.length, 36);
        CU_ASSERT_EQUAL(memcmp(r + 8, "PLUGBRD HARDDISK", 16), 0);
        CU_ASSERT_EQUAL(r[36], 0xee);
        memset(w, (int)most, 512);
        run(&c, same40, w, most);
        CU_ASSERT_EQUAL(c.r.status, PB_SCSI_GOOD);
        CU_ASSERT_EQUAL(pbt_block_data(pbt_find(b, "k"))[99 * 512 + 511], most);
    }
    pbt_free(b);
}

static void an_error_ends_it(void)
{
    static uint8_t data[40 * 512];
    struct call c;

    plug();
    run(&c, tur, NULL, 1);
    start(&c, read40);
    struct pb_iov iov = {data, 2048};
    c.who = u->ops->move(u->self, &c.r, &iov, 1, 2048);
    pbt_settle(b);
    CU_ASSERT_EQUAL(c.who, PB_SCSI_MORE);
    pbt_block_fail(pbt_find(b, "k"), PB_BLK_READ, PB_EIO);
    c.who = u->ops->move(u->self, &c.r, &iov, 1, 2048);
    pbt_settle(b);
    CU_ASSERT_EQUAL(c.who, PB_SCSI_OVER);
    CU_ASSERT_EQUAL(c.r.status, PB_SCSI_CHECK);
    CU_ASSERT_EQUAL(c.r.gone, 2048);
    CU_ASSERT_EQUAL(c.r.sense[2], 3);
    CU_ASSERT_EQUAL(c.r.sense[6], 3 + 4); /* INFORMATION: the second piece */
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"any size of piece", any_size_of_piece},
        {"an error ends it", an_error_ends_it},
    };

    return SUITE_RUN("SCSI by pieces", tests);
}
