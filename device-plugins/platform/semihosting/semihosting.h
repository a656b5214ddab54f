/* SPDX-License-Identifier: MIT */
/* semihosting.h - a call that is being served, the files it opens, and the console. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include <plugboard/backend.h>
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/semihost.h>

#include <pthread.h>

#define HANDLES 64u
#define INPUT 256u
#define CHUNK 4096u      /* of a file or the console, moved at a time */
#define AT_ONCE 1048576u /* in one call: the vCPU must not be away for long */
#define PATH 4096u
#define CALLERS 64u

/* Operations, section "Semihosting operations". */
enum { SYS_OPEN = 0x01, SYS_CLOSE, SYS_WRITEC, SYS_WRITE0, SYS_WRITE, SYS_READ, SYS_READC,
       SYS_ISERROR, SYS_ISTTY, SYS_SEEK, SYS_FLEN = 0x0c, SYS_TMPNAM, SYS_REMOVE, SYS_RENAME,
       SYS_CLOCK, SYS_TIME, SYS_SYSTEM, SYS_ERRNO, SYS_GET_CMDLINE = 0x15, SYS_HEAPINFO,
       SYS_EXIT = 0x18, SYS_EXIT_EXTENDED = 0x20, SYS_ELAPSED = 0x30, SYS_TICKFREQ = 0x31 };

/* What a handle stands for. */
enum { H_FREE, H_FILE, H_IN, H_OUT, H_FEATURES };

struct semihosting {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_svc_board *board;
    const struct pb_svc_time *time;
    const struct pb_svc_char *chr;
    pb_char *c; /* NULL: the console is the process's standard error, and says nothing */
    const char *args, *kernel, *append;
    uint32_t user;
    uint64_t heap, heap_end;
    pthread_mutex_t lock; /* one call at a time */
    int fd[HANDLES];      /* of H_FILE */
    pthread_mutex_t in_lock;
    pthread_cond_t moved; /* input came, or the backend takes output again */
    /* saved */
    uint32_t kind[HANDLES], at[HANDLES]; /* H_*; of H_FEATURES, bytes read */
    int32_t err;                         /* of the last call that failed */
    struct {
        uint64_t va, n, done; /* of a call that comes again; n 0: none does */
    } progress[CALLERS]; /* by CPU */
    uint32_t in_n;
    uint8_t in[INPUT];
};

/* A call, and what it needs of the program. */
struct call {
    struct semihosting *s;
    struct pb_semihost_call *c;
    uint64_t word[4]; /* the block */
};

#define AGAIN INT64_MIN /* what a function below returns when the host is not ready */

/* ---- semihosting.c ---- */
int64_t failed(struct semihosting *s, int err); /* keeps it for SYS_ERRNO; -1 */
/* 1, or 0 when the program's memory does not reach. */
int get_bytes(const struct call *k, uint64_t va, void *buf, uint64_t n);
int put_bytes(const struct call *k, uint64_t va, const void *buf, uint64_t n);
/* A transfer of n bytes at va: what an earlier call did of it; and the end of this one, AGAIN. */
uint64_t transfer_begin(struct call *k, uint64_t va, uint64_t n);
int64_t transfer_later(struct call *k, uint64_t va, uint64_t n, uint64_t done);

/* ---- files.c ---- */
int64_t file_open(struct call *k);
int64_t file_close(struct call *k);
int64_t file_write(struct call *k);
int64_t file_read(struct call *k);
int64_t file_tty(struct call *k);
int64_t file_seek(struct call *k);
int64_t file_length(struct call *k);
int64_t file_remove(struct call *k);
int64_t file_rename(struct call *k);
int64_t file_temporary(struct call *k);
void files_close(struct semihosting *s);

/* ---- console.c ---- */
int console_open(struct semihosting *s, pb_err *e);
void console_close(struct semihosting *s);
/* n bytes of the program's at va; 0, AGAIN or, from failed(), -1. */
int64_t console_write(struct call *k, uint64_t va, uint64_t n);
/* 1 to n bytes; 0: there is no input. */
int64_t console_read(struct semihosting *s, uint8_t *buf, uint32_t n);

#endif
