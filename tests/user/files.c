/* SPDX-License-Identifier: MIT */
/* files.c - structures arrive in the program's layout, bad pointers are EFAULT, and /proc shows
 * the program, not who runs it. */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <poll.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define WILD ((void *)0x7ffff7000000) /* may be memory of whoever runs us */

static void stats(void)
{
    char name[] = "/tmp/user-files-XXXXXX";
    struct statx x;
    struct stat s;
    struct statfs fs;
    int fd = mkstemp(name);

    CHECK(fd >= 0 && write(fd, "hello", 5) == 5 && fchmod(fd, 0640) == 0);
    CHECK(fstat(fd, &s) == 0 && statx(AT_FDCWD, name, 0, STATX_BASIC_STATS, &x) == 0);
    CHECK(s.st_size == 5 && s.st_mode == (S_IFREG | 0640) && s.st_nlink == 1);
    CHECK(s.st_ino == x.stx_ino && s.st_mtim.tv_sec == x.stx_mtime.tv_sec &&
          s.st_mtim.tv_nsec == x.stx_mtime.tv_nsec && s.st_blocks == (blkcnt_t)x.stx_blocks);
    CHECK(s.st_uid == getuid() && s.st_blksize == (blksize_t)x.stx_blksize);
    CHECK(statfs("/tmp", &fs) == 0 && fs.f_bsize >= 512 && fs.f_namelen >= 14);
    CHECK(open(name, O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR);
    CHECK(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK) == 0);
    CHECK((fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 3};
    CHECK(fcntl(fd, F_SETLK, &l) == 0);
    close(fd);
    unlink(name);
    CHECK(open(name, O_RDONLY) == -1 && errno == ENOENT);
}

static void clocks(void)
{
    struct timespec was, now, cpu;
    struct timeval tv;
    unsigned on = ~0u;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &was) == 0 && clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    CHECK(now.tv_sec > was.tv_sec || (now.tv_sec == was.tv_sec && now.tv_nsec >= was.tv_nsec));
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0 && cpu.tv_nsec + cpu.tv_sec > 0);
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0 && gettimeofday(&tv, NULL) == 0);
    CHECK(tv.tv_sec - now.tv_sec >= 0 && tv.tv_sec - now.tv_sec < 60);
    CHECK(clock_gettime(99, &now) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_clock_gettime, CLOCK_REALTIME, WILD) == -1 && errno == EFAULT);
    CHECK(syscall(SYS_getcpu, &on, NULL, NULL) == 0 && on < 65536);
}

/* Addresses inside what an argument leads to are looked at, or the call is refused. */
static void nested_pointers(void)
{
    struct ifconf ifc = {.ifc_len = 4096, .ifc_buf = WILD};
    struct { int op, flags, bytes; void *data; } partition = {1, 0, 152, WILD};
    struct sock_filter all = {BPF_RET | BPF_K, 0, 0, 0xffff};
    struct sock_fprog filter = {1, WILD};
    struct ifreq r[64];
    int s = socket(AF_INET, SOCK_DGRAM, 0), p[2], n = 0;

    CHECK(s >= 0 && pipe(p) == 0 && write(p[1], "abc", 3) == 3);
    CHECK(ioctl(p[0], FIONREAD, &n) == 0 && n == 3);
    CHECK(ioctl(s, SIOCGIFCONF, &ifc) == -1 && errno == EFAULT);
    ifc.ifc_req = r;
    ifc.ifc_len = sizeof r;
    CHECK(ioctl(s, SIOCGIFCONF, &ifc) == 0 && ifc.ifc_len >= 0 &&
          (size_t)ifc.ifc_len <= sizeof r && ifc.ifc_req == r);
    CHECK(setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == -1 &&
          errno == EFAULT);
    filter.filter = &all;
    CHECK(setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0);
    CHECK(setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &filter, 3) == -1 && errno == EINVAL);
    CHECK(ioctl(s, 0x8946 /* SIOCETHTOOL */, r) == -1 && errno == ENOTTY);
    CHECK(ioctl(p[0], 0x1269 /* BLKPG */, &partition) == -1 && errno == ENOTTY);
    CHECK(ioctl(p[0], 0x2285 /* SG_IO */, r) == -1 && errno == ENOTTY);
    CHECK(syscall(SYS_keyctl, 11 /* READ */, -3, WILD, 4096) == -1 && errno == EFAULT);
    CHECK(syscall(SYS_keyctl, 23 /* DH_COMPUTE */, r, WILD, 9, 0) == -1 && errno == EOPNOTSUPP);
    CHECK(syscall(SYS_bpf, 0, r, sizeof r) == -1 && errno == ENOSYS);
    CHECK(syscall(425 /* io_uring_setup */, 8, r) == -1 && errno == ENOSYS);
    close(s), close(p[0]), close(p[1]);
}

static void bad_pointers(void)
{
    struct iovec v = {WILD, 4096};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    void *volatile low = NULL; /* the compiler shall not know */
    int p[2], s[2];
    char c;

    CHECK(pipe2(p, O_NONBLOCK) == 0 && write(p[1], "abc", 3) == 3);
    CHECK(read(p[0], WILD, 4096) == -1 && errno == EFAULT);
    CHECK(readv(p[0], &v, 1) == -1 && errno == EFAULT);
    CHECK(write(p[1], WILD, 16) == -1 && errno == EFAULT);
    CHECK(read(p[0], low, 1) == -1 && errno == EFAULT);
    CHECK(open(WILD, O_RDONLY) == -1 && errno == EFAULT);
    CHECK(stat("/", WILD) == -1 && errno == EFAULT);
    CHECK(ioctl(p[0], FIONREAD, WILD) == -1 && errno == EFAULT);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 && write(s[1], "x", 1) == 1);
    CHECK(recvmsg(s[0], &m, 0) == -1 && errno == EFAULT);
    CHECK(recv(s[0], &c, 1, 0) == 1 && c == 'x' && read(p[0], &c, 1) == 1 && c == 'a');
}

static void waiting(void)
{
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 0x1122334455667788}, got[4] = {0};
    int ep = epoll_create1(0), p[2];

    CHECK(ep >= 0 && pipe(p) == 0 && epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e) == 0);
    CHECK(epoll_wait(ep, got, 4, 0) == 0 && write(p[1], "x", 1) == 1);
    CHECK(epoll_wait(ep, got, 4, 1000) == 1);
    CHECK(got[0].data.u64 == 0x1122334455667788 && got[0].events == EPOLLIN);
    struct pollfd f = {.fd = p[0], .events = POLLIN};
    CHECK(poll(&f, 1, 0) == 1 && f.revents == POLLIN);
}

static void semaphores(void)
{
    int id = semget(IPC_PRIVATE, 3, 0600);
    union { int val; struct semid_ds *buf; } u;
    struct semid_ds ds;

    if (id < 0)
        return;
    u.val = 5;
    CHECK(semctl(id, 1, SETVAL, u) == 0 && semctl(id, 1, GETVAL) == 5);
    u.buf = &ds;
    CHECK(semctl(id, 0, IPC_STAT, u) == 0 && ds.sem_nsems == 3);
    CHECK(semctl(id, 0, IPC_RMID) == 0);
}

static void proc(const char *me)
{
    char line[4096], real[4096];
    struct utsname u;
    FILE *f = fopen("/proc/self/maps", "r");
    int mine = 0, ours = 0;

    CHECK(f);
    while (fgets(line, sizeof line, f)) {
        unsigned long lo, hi;

        CHECK(sscanf(line, "%lx-%lx", &lo, &hi) == 2);
        mine += lo <= (unsigned long)proc && (unsigned long)proc < hi && strstr(line, " r-xp ");
        ours += strstr(line, "plugboard") && strstr(line, ".so") ? 1 : 0;
    }
    fclose(f);
    CHECK(mine == 1 && ours == 0);
    CHECK(readlink("/proc/self/exe", line, sizeof line) > 0 && realpath(me, real) &&
          !strncmp(line, real, strlen(real)));
    f = fopen("/proc/self/cmdline", "r");
    CHECK(f && fread(line, 1, sizeof line, f) >= strlen(me) && !strcmp(line, me));
    fclose(f);
    f = fopen("/proc/self/auxv", "r");
    unsigned long aux[2];
    CHECK(f && fread(aux, sizeof aux, 1, f) == 1 && aux[0] == AT_SYSINFO_EHDR &&
          aux[1] == getauxval(AT_SYSINFO_EHDR));
    fclose(f);
    CHECK(uname(&u) == 0);
#if defined(__riscv)
    CHECK(!strcmp(u.machine, "riscv64"));
#else
    CHECK(!strcmp(u.machine, "aarch64"));
#endif
    CHECK(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_RANDOM) && getauxval(AT_HWCAP));
}

int main(int argc, char **argv)
{
    (void)argc;
    stats();
    bad_pointers();
    nested_pointers();
    clocks();
    waiting();
    semaphores();
    proc(argv[0]);
    return 0;
}
