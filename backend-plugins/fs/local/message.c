/* SPDX-License-Identifier: MIT */
/* message.c - from a T-message in guest memory to an R-message there.
 *
 * The head of a message is copied out once, so the guest cannot change it while it is
 * being checked; only the data of Twrite, Rread and Rreaddir stay in the guest's buffers.
 * Work is done on the host's I/O pool, several messages at once.
 */
#include "local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX (64u * 1024u) /* longest message but for Twrite's data: a full Twalk */

/* ---- Reading ------------------------------------------------------------------------------ */

uint64_t get(struct msg *m, uint32_t bytes)
{
    uint64_t v = 0;

    if (bytes > m->t_len - m->t_at) {
        m->bad = 1;
        return 0;
    }
    memcpy(&v, m->t + m->t_at, bytes);
    m->t_at += bytes;
    return v;
}

int get_string(struct msg *m, char *buf, uint32_t n)
{
    uint32_t len = (uint32_t)get(m, 2);

    if (m->bad || len > m->t_len - m->t_at || len >= n || memchr(m->t + m->t_at, 0, len)) {
        m->bad = 1;
        buf[0] = 0;
        return 0;
    }
    memcpy(buf, m->t + m->t_at, len);
    buf[len] = 0;
    m->t_at += len;
    return 1;
}

int get_name(struct msg *m, char name[NAME_BYTES])
{
    return get_string(m, name, NAME_BYTES) && name[0] && !strchr(name, '/') &&
           strcmp(name, ".") && strcmp(name, "..");
}

/* Bytes [skip, skip+len) of iov[n], as iovecs. */
static uint32_t slice(const struct pb_iov *iov, uint32_t n, uint64_t skip, uint64_t len,
                      struct pb_iov *v, uint32_t max)
{
    uint32_t k = 0;

    for (uint32_t i = 0; i < n && len && k < max; i++) {
        if (skip >= iov[i].len) {
            skip -= iov[i].len;
            continue;
        }
        uint64_t take = iov[i].len - skip < len ? iov[i].len - skip : len;
        v[k++] = (struct pb_iov){(char *)iov[i].base + skip, (size_t)take};
        len -= take;
        skip = 0;
    }
    return k;
}

uint32_t answer_room(struct msg *m, uint32_t skip, uint32_t len, struct pb_iov *v, uint32_t max)
{
    return slice(m->in, m->n_in, skip, len, v, max);
}

uint32_t message_data(struct msg *m, uint32_t skip, uint32_t len, struct pb_iov *v, uint32_t max)
{
    return slice(m->out, m->n_out, skip, len, v, max);
}

/* ---- Writing --------------------------------------------------------------------------------- */

void put(struct msg *m, uint64_t v, uint32_t bytes)
{
    if (m->r_len + bytes <= sizeof m->r) {
        memcpy(m->r + m->r_len, &v, bytes);
        m->r_len += bytes;
    }
}

void put_string(struct msg *m, const char *s)
{
    uint32_t n = (uint32_t)strlen(s);

    if (m->r_len + 2 + n > sizeof m->r)
        n = 0;
    put(m, n, 2);
    memcpy(m->r + m->r_len, s, n);
    m->r_len += n;
}

void put_qid(struct msg *m, const struct stat *st)
{
    put(m, S_ISDIR(st->st_mode) ? 0x80 : S_ISLNK(st->st_mode) ? 0x02 : 0, 1);
    put(m, (uint32_t)(st->st_mtim.tv_sec ^ st->st_size << 8 ^ st->st_mtim.tv_nsec), 4);
    /* Inodes of another device under the root must not look like the root's own. */
    put(m, st->st_ino ^ (st->st_dev == m->s->root_dev ? 0 : (uint64_t)st->st_dev << 48), 8);
}

/* Copy the R-message's head into guest memory; the length, or PB_ENOSPC. */
static int32_t finish(struct msg *m)
{
    uint32_t total = m->r_len + m->data_len, at = 0;

    memcpy(m->r, &total, 4);
    for (uint32_t i = 0; i < m->n_in && at < m->r_len; i++) {
        uint32_t n = m->in[i].len < m->r_len - at ? (uint32_t)m->in[i].len : m->r_len - at;
        memcpy(m->in[i].base, m->r + at, n);
        at += n;
    }
    return at == m->r_len ? (int32_t)total : PB_ENOSPC;
}

/* ---- Session messages -------------------------------------------------------------------- */

static int m_version(struct msg *m)
{
    uint32_t msize = (uint32_t)get(m, 4);
    char version[32];

    if (!get_string(m, version, sizeof version) || m->bad)
        return EINVAL;
    fid_drop_all(m->s);
    if (msize > MSIZE_MAX)
        msize = MSIZE_MAX;
    if (msize < 4096)
        return EMSGSIZE;
    __atomic_store_n(&m->s->msize, msize, __ATOMIC_RELEASE);
    put(m, msize, 4);
    put_string(m, strcmp(version, "9P2000.L") ? "unknown" : "9P2000.L");
    return 0;
}

static int m_flush(struct msg *m)
{
    get(m, 2); /* requests are short and answered anyway: nothing to cut off */
    return 0;
}

static int m_clunk(struct msg *m)
{
    uint32_t id = (uint32_t)get(m, 4);
    struct fid *f = fid_get(m->s, id);
    int rc;

    if (!f)
        return EBADF;
    rc = f->xattr ? xattr_commit(f) : 0;
    fid_put(m->s, f);
    fid_drop(m->s, id);
    return rc;
}

static int m_auth(struct msg *m)
{
    (void)m;
    return ENOENT; /* no authentication is wanted */
}

/* ---- Dispatch ---------------------------------------------------------------------------- */

static handler *find(uint32_t type)
{
    static handler *const table[128] = {
        [T_VERSION] = m_version,   [T_AUTH] = m_auth,         [T_ATTACH] = m_attach,
        [T_FLUSH] = m_flush,       [T_WALK] = m_walk,         [T_CLUNK] = m_clunk,
        [T_STATFS] = m_statfs,     [T_LOPEN] = m_lopen,       [T_LCREATE] = m_lcreate,
        [T_SYMLINK] = m_symlink,   [T_MKNOD] = m_mknod,       [T_RENAME] = m_rename,
        [T_READLINK] = m_readlink, [T_GETATTR] = m_getattr,   [T_SETATTR] = m_setattr,
        [T_XATTRWALK] = m_xattrwalk, [T_XATTRCREATE] = m_xattrcreate,
        [T_READDIR] = m_readdir,   [T_FSYNC] = m_fsync,       [T_LOCK] = m_lock,
        [T_GETLOCK] = m_getlock,   [T_LINK] = m_link,         [T_MKDIR] = m_mkdir,
        [T_RENAMEAT] = m_renameat, [T_UNLINKAT] = m_unlinkat, [T_READ] = m_read,
        [T_WRITE] = m_write,       [T_REMOVE] = m_remove,
    };
    return type < 128 ? table[type] : NULL;
}

/* Does the message change the share? */
static int changes(uint32_t type)
{
    switch (type) {
    case T_LCREATE: case T_SYMLINK: case T_MKNOD: case T_RENAME: case T_SETATTR:
    case T_XATTRCREATE: case T_LINK: case T_MKDIR: case T_RENAMEAT: case T_UNLINKAT:
    case T_WRITE: case T_REMOVE:
        return 1;
    default:
        return 0;
    }
}

static void begin_answer(struct msg *m, uint32_t type)
{
    m->r_len = 0;
    m->data_len = 0;
    put(m, 0, 4);
    put(m, type, 1);
    put(m, m->tag, 2);
}

static void run(void *opaque)
{
    struct msg *m = opaque;
    handler *h;
    int rc;

    m->size = (uint32_t)get(m, 4);
    m->type = (uint32_t)get(m, 1);
    m->tag = (uint32_t)get(m, 2);
    h = find(m->type);
    begin_answer(m, m->type + 1);
    if (m->bad || m->size < HEADER)
        rc = EINVAL;
    else if (!h)
        rc = EOPNOTSUPP;
    else if (m->s->read_only && changes(m->type))
        rc = EROFS;
    else
        rc = h(m);
    if (rc == 0 && m->bad)
        rc = EINVAL;
    if (rc) {
        begin_answer(m, T_LERROR + 1);
        put(m, (uint32_t)rc, 4);
    }
}

static void run_done(void *opaque)
{
    struct msg *m = opaque;
    int32_t n = finish(m);
    void (*done)(void *, int32_t) = m->done;
    void *user = m->user;

    free(m->t);
    free(m);
    done(user, n);
}

void message_submit(void *self, const struct pb_iov *out, uint32_t n_out, const struct pb_iov *in,
                    uint32_t n_in, void (*done)(void *, int32_t), void *user)
{
    struct share *s = self;
    struct msg *m = calloc(1, sizeof *m);
    uint64_t total = 0;

    for (uint32_t i = 0; i < n_out; i++)
        total += out[i].len;
    if (total > HEAD_MAX)
        total = HEAD_MAX;
    if (m)
        m->t = malloc(total ? total : 1);
    if (!m || !m->t) {
        free(m);
        abort(); /* done() cannot be called from here, and nobody could answer */
    }
    m->s = s;
    m->out = out;
    m->n_out = n_out;
    m->in = in;
    m->n_in = n_in;
    m->done = done;
    m->user = user;
    for (uint32_t i = 0; i < n_out && m->t_len < total; i++) {
        uint32_t n = out[i].len < total - m->t_len ? (uint32_t)out[i].len
                                                   : (uint32_t)total - m->t_len;
        /* Of a Twrite only the head: 4+1+2 fid[4] offset[8] count[4] */
        memcpy(m->t + m->t_len, out[i].base, n);
        m->t_len += n;
        if (m->t_len >= 5 && m->t[4] == T_WRITE && m->t_len >= HEADER + 16)
            break;
    }
    s->thread->pool(s->node, run, run_done, m);
}
