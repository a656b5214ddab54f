/* SPDX-License-Identifier: MIT */
/* ds1307.c - DS1307 real-time clock with 56 bytes of RAM, on I2C.
 * Maxim DS1307 data sheet: "Clock and Calendar", "Control Register", "I2C Data Bus".
 *
 * It shows the host's time plus an offset that the guest sets by writing the clock's registers,
 * from power on, as if its battery had kept it. START copies the time into the registers, so that
 * a read of several bytes is of one moment; what was written to them counts from STOP on.
 *
 * Not modelled: the square wave output (SQW/OUT; its control bits are kept), losing time without a
 * battery.
 */
#include <plugboard/device.h>
#include <plugboard/i2c.h>
#include <plugboard/plugin.h>

#define SECOND 1000000000ull
#define DAY 86400u
#define SIZE 64u
#define CENTURY 36525u /* days of 2000 to 2099 */
#define TO_2000 10957u /* days from 1970 */
enum { SECONDS, MINUTES, HOURS, WEEKDAY, DATE, MONTH, YEAR, CONTROL };
enum { CH = 0x80, HOURS_12 = 0x40, HOURS_PM = 0x20 };
enum { P_ADDRESS };

struct ds1307 {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_time *time;
    uint32_t address;
    uint64_t offset;  /* seconds, to the host's; modulo 2^64 */
    uint64_t stopped; /* the time that shows while CH is set */
    uint32_t weekday; /* days to add to the day of 2000 for the register: the guest's own count */
    uint32_t at, first, set; /* register; its number comes next; the clock was written */
    uint8_t reg[SIZE];
};

static uint8_t bcd(uint32_t v)
{
    return (uint8_t)(v / 10 << 4 | v % 10);
}

/* Digits that are none count for what their bits say, within `most`. */
static uint32_t number(uint32_t v, uint32_t most)
{
    v = (v >> 4 & 15) * 10 + (v & 15);
    return v < most ? v : most;
}

static uint32_t month_days(uint32_t month, uint32_t year)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && year % 4 == 0);
}

static uint64_t host_seconds(struct ds1307 *c)
{
    return (uint64_t)c->time->now(c->h, PB_CLK_HOST) / SECOND;
}

/* ---- Time and registers ---------------------------------------------------------------- */

static uint8_t show_hours(uint32_t h, uint32_t mode)
{
    if (!(mode & HOURS_12))
        return bcd(h);
    return (uint8_t)(HOURS_12 | (h >= 12 ? HOURS_PM : 0) | bcd(h % 12 ? h % 12 : 12));
}

static uint32_t hours(uint32_t v)
{
    if (!(v & HOURS_12))
        return number(v & 0x3f, 23);
    return number(v & 0x1f, 12) % 12 + (v & HOURS_PM ? 12 : 0);
}

static void show(struct ds1307 *c)
{
    uint64_t t = c->reg[SECONDS] & CH ? c->stopped : host_seconds(c) + c->offset;
    uint32_t day = (uint32_t)(t / DAY % CENTURY), s = (uint32_t)(t % DAY), year = 0, month = 1;

    c->reg[SECONDS] = (uint8_t)((c->reg[SECONDS] & CH) | bcd(s % 60));
    c->reg[MINUTES] = bcd(s / 60 % 60);
    c->reg[HOURS] = show_hours(s / 3600, c->reg[HOURS]);
    c->reg[WEEKDAY] = (uint8_t)((t / DAY + c->weekday) % 7 + 1);
    for (; day >= 365u + (year % 4 == 0); year++)
        day -= 365u + (year % 4 == 0);
    for (; day >= month_days(month, year); month++)
        day -= month_days(month, year);
    c->reg[DATE] = bcd(day + 1);
    c->reg[MONTH] = bcd(month);
    c->reg[YEAR] = bcd(year);
}

static void set(struct ds1307 *c)
{
    uint32_t year = number(c->reg[YEAR], 99), month = number(c->reg[MONTH] & 0x1f, 12);
    uint32_t date = number(c->reg[DATE] & 0x3f, 31), day = year * 365 + (year + 3) / 4;

    for (uint32_t m = 1; m < month; m++)
        day += month_days(m, year);
    day = (day + (date ? date - 1 : 0)) % CENTURY;
    c->weekday = ((c->reg[WEEKDAY] & 7) + 6 + 7 - day % 7) % 7;
    c->stopped = (uint64_t)day * DAY + hours(c->reg[HOURS]) * 3600 +
                 number(c->reg[MINUTES] & 0x7f, 59) * 60 + number(c->reg[SECONDS] & 0x7f, 59);
    c->offset = c->stopped - host_seconds(c);
}

/* ---- The bus --------------------------------------------------------------------------- */

static void stop(void *self)
{
    struct ds1307 *c = self;

    if (c->set)
        set(c);
    c->set = 0;
}

static uint32_t start(void *self, uint32_t address, uint32_t read)
{
    struct ds1307 *c = self;

    if (address != c->address)
        return 0;
    stop(c);
    show(c);
    c->first = !read;
    return 1;
}

static uint32_t write(void *self, uint8_t byte)
{
    struct ds1307 *c = self;

    if (c->first) {
        c->at = byte % SIZE;
        c->first = 0;
        return 1;
    }
    c->reg[c->at] = c->at == CONTROL ? byte & 0x93 : byte;
    c->set |= c->at <= YEAR;
    c->at = (c->at + 1) % SIZE;
    return 1;
}

static uint8_t read(void *self)
{
    struct ds1307 *c = self;
    uint8_t v = c->reg[c->at];

    c->at = (c->at + 1) % SIZE;
    return v;
}

/* ---- The class ------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct ds1307 *c = self;

    (void)e;
    c->h = h;
    c->dev = d;
    c->time = h->get(h, PB_SVC_TIME);
    c->address = (uint32_t)prop->get_int(d, P_ADDRESS);
    c->offset = 0 - (uint64_t)TO_2000 * DAY;
    c->weekday = 6; /* 2000 began on a Saturday; Sunday is 1 */
    c->reg[CONTROL] = 3;
    return PB_OK;
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct ds1307 *c = self;

    (void)s;
    if (c->at >= SIZE || c->weekday > 6)
        return c->h->fail(e, PB_EINVAL, "ds1307: the saved state cannot be of this clock");
    return PB_OK;
}

static const struct pb_prop props[] = {
    {.name = "address", .doc = "On the bus", .type = PB_T_UINT, .def = "0x68", .min = 8,
     .max = 0x77},
};
static const struct pb_field state[] = {
    PB_FIELD(struct ds1307, offset, PB_S_U64), PB_FIELD(struct ds1307, stopped, PB_S_U64),
    PB_FIELD(struct ds1307, weekday, PB_S_U32), PB_FIELD(struct ds1307, at, PB_S_U32),
    PB_FIELD(struct ds1307, first, PB_S_U32), PB_FIELD(struct ds1307, set, PB_S_U32),
    PB_FIELD_ARRAY(struct ds1307, reg, PB_S_BYTES, SIZE),
};
static const struct pb_i2c_target target = {sizeof target, 0, start, write, read, stop};
static const struct pb_provide provides[] = {{PB_I2C_TARGET, &target}};

static const struct pb_device_class ds1307 = {
    .size = sizeof ds1307, .id = "ds1307", .title = "DS1307 real-time clock", .category = "misc",
    .spec = "Maxim DS1307", .bus = "i2c-bus", .props = props,
    .n_props = sizeof props / sizeof *props, .provides = provides, .n_provides = 1,
    .instance_size = sizeof(struct ds1307), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .realize = realize, .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &ds1307}};
static const char *const needs[] = {PB_SVC_TIME, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.ds1307",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard", .doc = "DS1307 real-time clock",
    .needs = needs, .classes = classes, .n_classes = 1};
