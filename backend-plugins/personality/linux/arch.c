/* SPDX-License-Identifier: MIT */
/* arch.c - the architectures there are, and what they share.
 * Linux include/uapi/asm-generic/stat.h.
 */
#include "linux.h"

#include <string.h>
#include <sys/stat.h>

struct generic_stat {
    uint64_t dev, ino;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev, pad1;
    int64_t size;
    int32_t blksize, pad2;
    int64_t blocks;
    int64_t atime;
    uint64_t atime_nsec;
    int64_t mtime;
    uint64_t mtime_nsec;
    int64_t ctime;
    uint64_t ctime_nsec;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct generic_stat) == 128, "as in the kernel");

void lx_generic_stat(void *out, const void *host)
{
    const struct stat *s = host;
    struct generic_stat *o = out;

    *o = (struct generic_stat){
        .dev = s->st_dev, .ino = s->st_ino, .mode = s->st_mode, .nlink = (uint32_t)s->st_nlink,
        .uid = s->st_uid, .gid = s->st_gid, .rdev = s->st_rdev, .size = s->st_size,
        .blksize = (int32_t)s->st_blksize, .blocks = s->st_blocks, .atime = s->st_atim.tv_sec,
        .atime_nsec = (uint64_t)s->st_atim.tv_nsec, .mtime = s->st_mtim.tv_sec,
        .mtime_nsec = (uint64_t)s->st_mtim.tv_nsec, .ctime = s->st_ctim.tv_sec,
        .ctime_nsec = (uint64_t)s->st_ctim.tv_nsec};
}

const struct lx_arch *lx_arch_find(const char *id)
{
    static const struct lx_arch *const all[] = {&lx_riscv64, &lx_aarch64};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i]->id, id))
            return all[i];
    return NULL;
}
