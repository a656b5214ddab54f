/* SPDX-License-Identifier: MIT */
/* local.h - the parts of the file share `local`: a 9P2000.L server over a host directory.
 *
 * Messages as the Linux kernel's documentation (filesystems/9p) and net/9p/9p.h number
 * them. A fid is an O_PATH descriptor, so a rename on either side never makes it stale;
 * names are single components, opened relative to such a descriptor without following any
 * link: there is no path to escape by.
 */
#ifndef FS_LOCAL_H
#define FS_LOCAL_H

#include <plugboard/backend.h>

#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>

/* Message types; the answer is one more. 9p.h */
enum {
    T_LERROR = 6, T_STATFS = 8, T_LOPEN = 12, T_LCREATE = 14, T_SYMLINK = 16, T_MKNOD = 18,
    T_RENAME = 20, T_READLINK = 22, T_GETATTR = 24, T_SETATTR = 26, T_XATTRWALK = 30,
    T_XATTRCREATE = 32, T_READDIR = 40, T_FSYNC = 50, T_LOCK = 52, T_GETLOCK = 54, T_LINK = 70,
    T_MKDIR = 72, T_RENAMEAT = 74, T_UNLINKAT = 76, T_VERSION = 100, T_AUTH = 102,
    T_ATTACH = 104, T_FLUSH = 108, T_WALK = 110, T_READ = 116, T_WRITE = 118, T_CLUNK = 120,
    T_REMOVE = 122
};

#define MSIZE_MAX (1u << 20)
#define NAME_BYTES 256u
#define NOFID 0xffffffffu
#define HEADER 7u /* size[4] type[1] tag[2] */

enum model { PASSTHROUGH, MAPPED_XATTR, MAPPED_FILE, NONE };

struct xattr { /* a fid of Txattrwalk or Txattrcreate */
    char name[NAME_BYTES];
    uint8_t *value;
    uint64_t size, have;
    uint32_t flags, write;
};

struct fid {
    struct fid *next;
    uint32_t id, users;  /* users: requests under way, plus one while it is in the table */
    int path;            /* O_PATH */
    int io;              /* opened by Tlopen or Tlcreate, or -1 */
    DIR *dir;            /* an opened directory */
    uint64_t dir_at;     /* where `dir` stands */
    struct xattr *xattr;
    pthread_mutex_t lock; /* dir, xattr */
};

struct share {
    pb_dev *node;
    const pb_host *h;
    const struct pb_svc_thread *thread;
    const char *path;
    int root; /* O_PATH */
    uint64_t root_dev, root_ino;
    enum model model;
    uint32_t read_only, fmode, dmode;
    uint32_t msize; /* atomic: negotiated */
    pthread_mutex_t lock; /* fids */
    struct fid *fids[1024];
};

/* A request being answered: a reader over the T-message, a writer of the R-message. */
struct msg {
    struct share *s;
    const struct pb_iov *out, *in;
    uint32_t n_out, n_in;
    void (*done)(void *user, int32_t n);
    void *user;
    uint32_t type, tag, size;
    /* the T-message, less the data of Twrite */
    uint8_t *t;
    uint32_t t_len, t_at, bad; /* bad: read past its end */
    /* the R-message, less the data of Rread and Rreaddir, which go straight to `in` */
    uint8_t r[HEADER + 4096];
    uint32_t r_len, data_len;
};

/* ---- message.c ------------------------------------------------------------------------- */

uint64_t get(struct msg *m, uint32_t bytes); /* little-endian; 0 and m->bad past the end */
/* A string of 1..255 bytes without '/' or NUL that is not "." or ".."; 0 when it is not. */
int get_name(struct msg *m, char name[NAME_BYTES]);
int get_string(struct msg *m, char *buf, uint32_t n); /* any string shorter than n */
void put(struct msg *m, uint64_t v, uint32_t bytes);
void put_string(struct msg *m, const char *s);
void put_qid(struct msg *m, const struct stat *st);
/* The data part of the answer: iovecs in guest memory behind `skip` bytes; how many. */
uint32_t answer_room(struct msg *m, uint32_t skip, uint32_t len, struct pb_iov *v, uint32_t max);
uint32_t message_data(struct msg *m, uint32_t skip, uint32_t len, struct pb_iov *v, uint32_t max);
void message_submit(void *self, const struct pb_iov *out, uint32_t n_out, const struct pb_iov *in,
                    uint32_t n_in, void (*done)(void *, int32_t), void *user);
/* Handlers: 0, or an errno for Rlerror. */
typedef int handler(struct msg *m);

/* ---- fid.c -------------------------------------------------------------------------------- */

/* Take, and afterwards put, the fid of that number; NULL: there is none. */
struct fid *fid_get(struct share *s, uint32_t id);
void fid_put(struct share *s, struct fid *f);
/* Enter a new fid that owns `path` (closed on failure). 0 or errno. */
int fid_add(struct share *s, uint32_t id, int path, struct fid **out);
int fid_drop(struct share *s, uint32_t id); /* 0 or EBADF */
void fid_drop_all(struct share *s);

/* ---- The groups of messages -------------------------------------------------------------- */

handler m_attach, m_walk, m_mkdir, m_symlink, m_mknod, m_link, m_readlink, m_rename, m_renameat,
    m_unlinkat, m_remove; /* namespace.c */
handler m_lopen, m_lcreate, m_read, m_write, m_readdir, m_fsync, m_lock, m_getlock,
    m_statfs; /* file.c */
handler m_getattr, m_setattr; /* attr.c */
handler m_xattrwalk, m_xattrcreate; /* xattr.c */
int xattr_read(struct msg *m, struct fid *f, uint64_t at, uint32_t n);
int xattr_write(struct msg *m, struct fid *f, uint64_t at, uint32_t n);
int xattr_commit(struct fid *f); /* at clunk; 0 or errno */

/* ---- security.c: who the guest's files belong to --------------------------------------------- */

/* Replace owner, mode and device of `st` by what the guest has been told to see. */
void sec_stat(struct share *s, int path_fd, struct stat *st);
/* After creating `name` in `dir`: give it the guest's owner and mode. 0 or errno. */
int sec_created(struct share *s, int dir, const char *name, uint32_t uid, uint32_t gid,
                uint32_t mode, uint64_t rdev);
/* Set what `valid` names (attr.c's bits); 0 or errno. */
int sec_set(struct share *s, int path_fd, uint32_t valid, uint32_t mode, uint32_t uid,
            uint32_t gid);
void sec_removed(struct share *s, int dir, const char *name);
void sec_renamed(struct share *s, int from, const char *old, int to, const char *new_);
/* Is this directory entry the share's own bookkeeping? */
int sec_hidden(struct share *s, const char *name);
/* Mode bits that host files and directories are created with. */
uint32_t sec_host_mode(struct share *s, uint32_t guest_mode, int is_dir);

/* "/proc/self/fd/N": a path that reopens or changes what an O_PATH descriptor names. */
void fd_path(int fd, char buf[32]);
/* `name` in `dir` as O_PATH, no link followed. -1 and errno. */
int open_path(int dir, const char *name);

#endif
