/* SPDX-License-Identifier: MIT */
/* init.c - the only program of kvm-initrd.sh: as a kernel's init, it runs guest.S under KVM, says what
 * came of it in a line "PB-KVM gic VERSION ticks N spi N", and switches off.
 * Linux Documentation/virt/kvm/api.rst, virt/kvm/devices/arm-vgic.rst and -v3.rst. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#define RAM 0x40000000ull
#define RAM_LEN (1u << 20)

extern const char guest[], guest_end[];
static uint32_t ticks, spis, version;
static int vm;

static int fail(const char *what)
{
    printf("PB-KVM %s: %s\n", what, strerror(errno));
    return -1;
}

static int attribute(int dev, uint32_t group, uint64_t attr, uint64_t value)
{
    struct kvm_device_attr a = {.group = group, .attr = attr, .addr = (uintptr_t)&value};

    return ioctl(dev, KVM_SET_DEVICE_ATTR, &a);
}

/* The version that the host's has: a GICv3 without the older interface offers no other. */
static int make_gic(void)
{
    struct kvm_create_device d = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};

    version = 3;
    if (ioctl(vm, KVM_CREATE_DEVICE, &d) < 0) {
        version = 2;
        d.type = KVM_DEV_TYPE_ARM_VGIC_V2;
        if (ioctl(vm, KVM_CREATE_DEVICE, &d) < 0)
            return fail("a GIC");
    }
    if (attribute((int)d.fd, KVM_DEV_ARM_VGIC_GRP_ADDR,
                  version == 3 ? KVM_VGIC_V3_ADDR_TYPE_DIST : KVM_VGIC_V2_ADDR_TYPE_DIST,
                  0x8000000) < 0 ||
        attribute((int)d.fd, KVM_DEV_ARM_VGIC_GRP_ADDR,
                  version == 3 ? KVM_VGIC_V3_ADDR_TYPE_REDIST : KVM_VGIC_V2_ADDR_TYPE_CPU,
                  version == 3 ? 0x80a0000 : 0x8010000) < 0 ||
        attribute((int)d.fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0) < 0)
        return fail("the GIC's place");
    return 0;
}

static int set_register(int cpu, uint64_t id, uint64_t value)
{
    struct kvm_one_reg r = {.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | id,
                            .addr = (uintptr_t)&value};

    return ioctl(cpu, KVM_SET_ONE_REG, &r);
}

static int make_cpu(void)
{
    struct kvm_vcpu_init init;
    int cpu = ioctl(vm, KVM_CREATE_VCPU, 0);

    if (cpu < 0 || ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init) < 0)
        return fail("a CPU");
    init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
    if (ioctl(cpu, KVM_ARM_VCPU_INIT, &init) < 0 || make_gic() < 0 ||
        set_register(cpu, KVM_REG_ARM_CORE_REG(regs.pc), RAM) < 0 ||
        set_register(cpu, KVM_REG_ARM_CORE_REG(regs.regs[0]), version) < 0)
        return fail("the CPU's start");
    return cpu;
}

static void store(const struct kvm_run *run)
{
    uint32_t v;

    memcpy(&v, run->mmio.data, sizeof v);
    struct kvm_irq_level line = {.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | 32,
                                 .level = run->mmio.phys_addr == 0xa000004};
    switch (run->mmio.phys_addr) {
    case 0xa000000:
        ticks = v;
        break;
    case 0xa000004:
    case 0xa000008:
        if (ioctl(vm, KVM_IRQ_LINE, &line) < 0)
            fail("the line");
        break;
    default:
        spis = v;
    }
}

static int run_guest(void)
{
    int kvm = open("/dev/kvm", O_RDWR), cpu, size;
    void *ram = mmap(NULL, RAM_LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct kvm_userspace_memory_region slot = {.guest_phys_addr = RAM, .memory_size = RAM_LEN,
                                               .userspace_addr = (uintptr_t)ram};

    if (kvm < 0)
        return fail("/dev/kvm");
    memcpy(ram, guest, (size_t)(guest_end - guest));
    vm = ioctl(kvm, KVM_CREATE_VM, 0);
    if (vm < 0 || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
        return fail("a machine");
    cpu = make_cpu();
    size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (cpu < 0 || size < 0)
        return -1;
    struct kvm_run *run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
    for (;;) {
        if (ioctl(cpu, KVM_RUN, 0) < 0)
            return fail("KVM_RUN");
        if (run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write) {
            store(run);
        } else if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT) {
            return 0;
        } else {
            printf("PB-KVM exit %u\n", run->exit_reason);
            return -1;
        }
    }
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    if (run_guest() == 0)
        printf("PB-KVM gic %u ticks %u spi %u\n", version, ticks, spis);
    sync();
    reboot(RB_POWER_OFF);
    return 1;
}
