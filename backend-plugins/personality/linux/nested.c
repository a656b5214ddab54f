/* SPDX-License-Identifier: MIT */
/* nested.c - calls whose arguments hold further addresses: ioctl, keyctl, getsockopt.
 * ioctl(2), ioctl_list(2), netdevice(7), keyctl(2), tcp(7); Linux include/uapi/linux/{fs,sockios,
 * wireless,ethtool}.h.
 *
 * The kernel would follow a wild address in there into the emulator's own memory. What is known
 * to hold none goes to the host, what holds some is checked in a copy, and the rest is refused
 * as by a driver, or a kernel, that does not have it; -d unimp names it. io_uring, bpf and
 * userfaultfd take addresses from memory that the program may change at any time, and are as in
 * a kernel without them (calls.def).
 *
 * Not modelled: ioctls of other devices (USB, SCSI, DRM, V4L, KVM, sound).
 */
#include "linux.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* ---- ioctl ------------------------------------------------------------------------------- */

/* In families that are otherwise without: a partition's record, proofs of a file's contents, a
 * network interface's packet filters. */
static int has_addresses(uint32_t request)
{
    static const uint16_t odd[] = {0x1269, 0x6685, 0x6687, 0x54d5, 0x54d6, 0x54db};

    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if ((request & 0xffff) == odd[i])
            return 1;
    return 0;
}

/* Families by their type, the second byte of a request, without addresses in their structures. */
static int is_flat(uint32_t request)
{
    if (has_addresses(request))
        return 0;
    switch (request >> 8 & 0xff) {
    case 0x12: /* block devices */
    case 0x15: /* FS_IOC_GETUUID and its like */
    case 'L':  /* loop devices */
    case 'R':  /* random */
    case 'T':  /* terminals, timerfd, network interfaces that programs make */
    case 'f':  /* flags and extents of files */
    case 'p':  /* clocks */
    case 'u':  /* flock's neighbours of UDF */
    case 'v':  /* versions of files */
    case 0xb7: /* name spaces */
    case 0xff: /* pidfd */
        return 1;
    case 'X': /* of XFS, too */
        return request == FIFREEZE || request == FITHAW || request == FITRIM ||
               request == FS_IOC_FSGETXATTR || request == FS_IOC_FSSETXATTR;
    case 0x94: /* of btrfs only what all file systems take */
        return request == FICLONE || request == FICLONERANGE || request == FIDEDUPERANGE;
    default: return 0;
    }
}

/* A list of interfaces: struct ifconf has the address of a buffer. */
static int64_t interfaces(struct lx_thread *t, const struct lx_call *c, uint64_t *a)
{
    uint64_t at = a[2];
    struct ifconf ifc;
    int64_t r;

    if (lx_get(&ifc, at, sizeof ifc) < 0 || lx_bad((uint64_t)(uintptr_t)ifc.ifc_buf))
        return -EFAULT;
    a[2] = (uint64_t)(uintptr_t)&ifc;
    r = lx_host(t, c->host, a);
    return r < 0 || lx_put(at, &ifc.ifc_len, sizeof ifc.ifc_len) == 0 ? r : -EFAULT;
}

/* Of sockets: most have a struct ifreq that holds values, some of them an address. */
static int64_t of_socket(struct lx_thread *t, const struct lx_call *c, uint64_t *a)
{
    uint32_t request = (uint32_t)a[1];

    switch (request) {
    case SIOCGIFCONF: return interfaces(t, c, a);
    case SIOCGIFNAME: case SIOCGIFFLAGS: case SIOCSIFFLAGS: case SIOCGIFADDR: case SIOCSIFADDR:
    case SIOCGIFDSTADDR: case SIOCSIFDSTADDR: case SIOCGIFBRDADDR: case SIOCSIFBRDADDR:
    case SIOCGIFNETMASK: case SIOCSIFNETMASK: case SIOCGIFMETRIC: case SIOCSIFMETRIC:
    case SIOCGIFMTU: case SIOCSIFMTU: case SIOCSIFNAME: case SIOCGIFHWADDR: case SIOCSIFHWADDR:
    case SIOCADDMULTI: case SIOCDELMULTI: case SIOCGIFINDEX: case SIOCGIFTXQLEN:
    case SIOCSIFTXQLEN: case SIOCGIFCOUNT: case SIOCSPGRP: case SIOCGPGRP: case FIOSETOWN:
    case FIOGETOWN: case SIOCATMARK: case SIOCGSTAMP_OLD: case SIOCGSTAMPNS_OLD:
        return lx_pass(t, c, a);
    default: return -ENOTTY;
    }
}

LX_HANDLER(ioctl)
{
    uint32_t request = (uint32_t)a[1];
    int64_t r = -ENOTTY;

    a[1] = request;
    if (lx_bad(a[2]) && a[2] < (uint64_t)1 << 47) /* it may be a number */
        return -EFAULT;
    if (is_flat(request))
        return lx_pass(t, c, a);
    if ((request >> 8 & 0xff) == 0x89)
        r = of_socket(t, c, a);
    if (r == -ENOTTY && L.host->log_on[PB_LOG_UNIMP])
        lx_log("Unsupported ioctl: cmd=0x%04x\n", request);
    return r;
}

/* ---- keyctl ------------------------------------------------------------------------------ */

/* Which of its arguments are addresses, bit 1 for the second; -1: such as hold others. */
static int key_addresses(uint64_t op)
{
    switch (op) {
    case KEYCTL_GET_KEYRING_ID: case KEYCTL_REVOKE: case KEYCTL_CHOWN: case KEYCTL_SETPERM:
    case KEYCTL_CLEAR: case KEYCTL_LINK: case KEYCTL_UNLINK: case KEYCTL_NEGATE:
    case KEYCTL_SET_REQKEY_KEYRING: case KEYCTL_SET_TIMEOUT: case KEYCTL_ASSUME_AUTHORITY:
    case KEYCTL_SESSION_TO_PARENT: case KEYCTL_REJECT: case KEYCTL_INVALIDATE:
    case KEYCTL_GET_PERSISTENT: case KEYCTL_MOVE:
        return 0;
    case KEYCTL_JOIN_SESSION_KEYRING: return 1 << 1;
    case KEYCTL_UPDATE: case KEYCTL_DESCRIBE: case KEYCTL_READ: case KEYCTL_INSTANTIATE:
    case KEYCTL_GET_SECURITY:
        return 1 << 2;
    case KEYCTL_SEARCH: return 1 << 2 | 1 << 3;
    default: return -1;
    }
}

LX_HANDLER(keyctl)
{
    int which = key_addresses(a[0]);

    if (which < 0)
        return -EOPNOTSUPP;
    for (int i = 1; i < 5; i++)
        if ((which & 1 << i) && lx_bad(a[i]))
            return -EFAULT;
    return lx_pass(t, c, a);
}

/* ---- getsockopt -------------------------------------------------------------------------- */

#define ZEROCOPY_RECEIVE 35 /* TCP: a structure with addresses to receive at */

LX_HANDLER(getsockopt)
{
    if ((int)a[1] == IPPROTO_TCP && (int)a[2] == ZEROCOPY_RECEIVE)
        return -ENOPROTOOPT;
    return lx_pass(t, c, a);
}
