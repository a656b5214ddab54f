/* SPDX-License-Identifier: MIT */
/* file.h - the parts of the block driver `file`. */
#ifndef BLOCK_FILE_H
#define BLOCK_FILE_H

#include <plugboard/backend.h>

#define DIRECT_ALIGN 4096u /* enough for O_DIRECT on any disk */

struct uring;

struct file {
    pb_dev *node;
    const pb_host *h;
    const struct pb_svc_thread *thread;
    const char *path;
    int fd, cached_fd; /* cached_fd: with O_DIRECT, for what is not aligned; else -1 */
    uint32_t read_only, no_flush, unmap, is_block;
    uint64_t bytes;
    struct uring *ring; /* NULL: the I/O pool does it */
};

/* Do `r` with system calls, here and now; the status. Short reads past the end give zeros. */
int file_do(struct file *f, const struct pb_block_req *r);
/* The descriptor that a READ or WRITE may use. */
int file_fd(const struct file *f, const struct pb_block_req *r);

/* ---- lock.c: image locks --------------------------------------------------------- */

/* Lock `fd` as QEMU's tools do (open-file-description locks on bytes 100 and 200 on), so
 * that either program sees the other. 0, or -1 with errno EAGAIN when someone else holds
 * it; ENOTSUP-like failures of the file system count as locked. */
int image_lock(int fd, int write);
/* "pid 123 (name)" of a process that has `fd`'s file locked; empty when not to be found. */
void image_holder(int fd, char *buf, unsigned n);

/* ---- uring.c: asynchronous reads, writes and syncs ------------------------------- */

struct uring *uring_new(struct file *f); /* NULL: the kernel has none for us */
/* 1 when `r` was taken: done() follows on the ring's thread. 0: do it another way. */
int uring_submit(struct uring *u, struct pb_block_req *r);
void uring_free(struct uring *u);

#endif
