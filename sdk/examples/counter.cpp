// SPDX-License-Identifier: MIT
// counter.cpp - counter.c in C++17. Designated initialisers came with C++20, so tables are made
// by constexpr functions; -fno-exceptions -fno-rtti, since nothing of C++ may cross the boundary.
//
// Not modelled: nothing more was ever promised.
#include <plugboard/device.h>
#include <plugboard/plugin.h>

#include <cstdint>
#include <type_traits>

namespace {

struct Counter {
    const pb_line *irq;
    std::uint32_t ctrl, count;

    std::uint64_t read(std::uint64_t off)
    {
        return off == 0 ? ctrl : off == 4 ? count++ : 0;
    }
    void write(std::uint64_t off, std::uint64_t val)
    {
        if (off == 0) {
            ctrl = static_cast<std::uint32_t>(val);
            pb_line_set(irq, ctrl & 1);
        }
    }
};
static_assert(std::is_standard_layout_v<Counter>, "the host allocates it, zeroed");

Counter *self_of(void *p)
{
    return static_cast<Counter *>(p);
}

constexpr pb_region_ops make_ops()
{
    pb_region_ops o{};
    o.read = [](void *p, std::uint64_t off, std::uint32_t) { return self_of(p)->read(off); };
    o.write = [](void *p, std::uint64_t off, std::uint64_t v, std::uint32_t) {
        self_of(p)->write(off, v);
    };
    o.min = o.max = o.impl_min = o.impl_max = 4;
    return o;
}
constexpr pb_region_ops ops = make_ops();

int realize(void *p, pb_dev *d, const pb_host *h, pb_err *e)
{
    auto *mem = static_cast<const pb_svc_mem *>(h->get(h, PB_SVC_MEM));
    auto *line = static_cast<const pb_svc_line *>(h->get(h, PB_SVC_LINE));

    self_of(p)->irq = line->out(d, "irq", 0);
    pb_region *r = mem->io(d, "regs", 0x1000, &ops, p, e);
    return r ? mem->publish(d, 0, r, e) : static_cast<int>(PB_ENOMEM);
}

void reset(void *p, std::uint32_t, std::uint32_t phase)
{
    if (phase == PB_RESET_ENTER)
        self_of(p)->ctrl = self_of(p)->count = 0;
    else if (phase == PB_RESET_HOLD)
        pb_line_set(self_of(p)->irq, 0);
}

constexpr pb_field state[] = {PB_FIELD(Counter, ctrl, PB_S_U32),
                              PB_FIELD(Counter, count, PB_S_U32)};
constexpr const char *lines_out[] = {"irq", nullptr};
constexpr const char *needs[] = {PB_SVC_MEM, PB_SVC_LINE, nullptr};

constexpr pb_device_class make_class()
{
    pb_device_class c{};
    c.size = sizeof c;
    c.id = "example-counter-cpp";
    c.title = "Read counter in C++";
    c.category = "misc";
    c.n_regions = 1;
    c.lines_out = lines_out;
    c.instance_size = sizeof(Counter);
    c.state_version = 1;
    c.state = state;
    c.n_state = 2;
    c.realize = realize;
    c.reset = reset;
    return c;
}
constexpr pb_device_class counter = make_class();
constexpr pb_class_ref classes[] = {{PB_CLASS_DEVICE, &counter}};

constexpr pb_plugin make_plugin()
{
    pb_plugin p{};
    p.size = sizeof p;
    p.epoch = PB_ABI_EPOCH;
    p.abi_minor = PB_ABI_MINOR;
    p.flags = PB_PLUGIN_UNLOADABLE;
    p.id = "org.example.counter-cpp";
    p.version = "1.0";
    p.license = "MIT";
    p.needs = needs;
    p.classes = classes;
    p.n_classes = 1;
    return p;
}

} // namespace

PB_PLUGIN_ENTRY = make_plugin();
