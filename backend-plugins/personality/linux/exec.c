/* SPDX-License-Identifier: MIT */
/* exec.c - execve: the next program runs in the same way.
 * execve(2): interpreter scripts, limits.
 *
 * A program of our architecture is started by this emulator again, with our options; the host's
 * own by the host. Where the emulator cannot be found, as in a chroot without /proc, the host is
 * asked for both: its binfmt_misc may know. Strings stay where they are in the program's memory;
 * only the array of pointers is new. Scripts are resolved here, so that -L finds their interpreter.
 */
#include "linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_SCRIPTS 5
#define HEAD 256u

static int self_fd = -1;

void lx_exec_init(void)
{
    int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);

    self_fd = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, LX_FD_FIRST);
    if (self_fd >= 0)
        close(fd);
    else
        self_fd = fd;
}

int lx_exec_fd(void)
{
    return self_fd;
}

struct exec {
    char path[LX_PATH];              /* of the program */
    char interp[MAX_SCRIPTS][2][HEAD]; /* of scripts on the way: interpreter, argument */
    char script[MAX_SCRIPTS][LX_PATH];
    int n_scripts;
    enum lx_kind kind;
};

/* ---- What is to be run ------------------------------------------------------------------- */

/* "#! INTERP [ARG]" */
static int parse_script(const char *head, char *interp, char *arg)
{
    const char *p = head + 2, *end = strchr(head, '\n'), *q;

    if (!end)
        end = head + strlen(head);
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    for (q = p; q < end && *q != ' ' && *q != '\t';)
        q++;
    if (q == p)
        return -ENOEXEC;
    snprintf(interp, HEAD, "%.*s", (int)(q - p), p);
    while (q < end && (*q == ' ' || *q == '\t'))
        q++;
    while (end > q && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    snprintf(arg, HEAD, "%.*s", (int)(end - q), q);
    return 0;
}

static int look(struct exec *x, char *head)
{
    struct stat st;
    int fd = open(x->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t n;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
        syscall(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0) {
        close(fd);
        return -EACCES;
    }
    n = pread(fd, head, HEAD - 1, 0);
    close(fd);
    head[n > 0 ? n : 0] = 0;
    x->kind = lx_elf_kind((const uint8_t *)head, n > 0 ? (size_t)n : 0);
    return 0;
}

static int resolve(struct exec *x)
{
    char head[HEAD], real[LX_PATH];
    int r;

    for (;;) {
        if (lx_proc_is_exe(x->path))
            memcpy(x->path, L.exe, sizeof x->path);
        if (lx_prefix(x->path, real) == real)
            memcpy(x->path, real, sizeof x->path);
        if ((r = look(x, head)) < 0 || x->kind != LX_SCRIPT)
            return r;
        if (x->n_scripts == MAX_SCRIPTS)
            return -ELOOP;
        memcpy(x->script[x->n_scripts], x->path, LX_PATH);
        r = parse_script(head, x->interp[x->n_scripts][0], x->interp[x->n_scripts][1]);
        if (r < 0)
            return r;
        memcpy(x->path, x->interp[x->n_scripts][0], HEAD);
        x->n_scripts++;
    }
}

/* ---- Arguments --------------------------------------------------------------------------- */

/* Entries of the program's array of strings, up to its end. */
static int64_t count(uint64_t v)
{
    uint64_t p;

    if (!v)
        return 0;
    for (int64_t n = 0; n < 1 << 20; n++) {
        if (lx_get(&p, v + (uint64_t)n * 8, 8) < 0 || lx_bad(p))
            return -EFAULT;
        if (!p)
            return n;
    }
    return -E2BIG;
}

static uint64_t text(const char *s)
{
    return (uint64_t)(uintptr_t)s;
}

/* What the interpreter of script `i` gets between its name and the script's arguments. */
static uint64_t *script_args(struct exec *x, uint64_t *to)
{
    for (int i = x->n_scripts - 1; i >= 0; i--) {
        if (x->interp[i][1][0])
            *to++ = text(x->interp[i][1]);
        *to++ = text(x->script[i]);
    }
    return to;
}

static int build(struct exec *x, uint64_t argv, uint64_t n, uint64_t *v)
{
    uint64_t first = 0, *at = v;

    if (n && lx_get(&first, argv, 8) < 0)
        return -EFAULT;
    if (x->n_scripts)
        first = text(x->interp[x->n_scripts - 1][0]);
    if (x->kind == LX_OURS && self_fd >= 0) {
        for (char **p = L.start->again; *p; p++)
            *at++ = text(*p);
        *at++ = text("-0");
        *at++ = first ? first : text("");
        *at++ = text("--");
        *at++ = text(x->path);
    } else if (first || n) {
        *at++ = first;
    }
    if (x->n_scripts)
        at = script_args(x, at);
    if (n > 1 && lx_get(at, argv + 8, (n - 1) * 8) < 0)
        return -EFAULT;
    if (n > 1)
        at += n - 1;
    *at = 0;
    return 0;
}

static int64_t execute(struct lx_thread *t, struct exec *x, uint64_t argv, uint64_t envp)
{
    int64_t n = count(argv), m = count(envp);
    uint64_t *v;
    size_t again = 0;
    int r;

    if (n < 0 || m < 0)
        return n < 0 ? n : m;
    while (L.start->again[again])
        again++;
    v = malloc(((size_t)n + again + 8 + 2 * MAX_SCRIPTS + (size_t)m) * sizeof *v);
    if (!v)
        return -ENOMEM;
    free(t->exec_args);
    t->exec_args = v;
    r = build(x, argv, (uint64_t)n, v);
    if (r < 0)
        return r;
    char *const *env = (char *const *)(uintptr_t)(envp ? envp : text((const char *)&(uint64_t){0}));
    lx_block_all();
    if (t->pending) { /* it would be lost */
        lx_set_mask(t, t->mask);
        return LX_RESTART;
    }
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &t->mask, NULL, 8);
    if (x->kind == LX_OURS && self_fd >= 0) {
        syscall(SYS_execveat, self_fd, "", v, env, AT_EMPTY_PATH);
        if (errno == EBADF) /* the program has put something else in its place */
            syscall(SYS_execve, "/proc/self/exe", v, env);
    } else {
        syscall(SYS_execve, x->path, v, env);
    }
    r = errno;
    lx_set_mask(t, t->mask);
    return -r;
}

LX_HANDLER(execve)
{
    struct exec exec = {.n_scripts = 0}, *x = &exec;
    int64_t r;

    (void)c;
    r = lx_string(x->path, a[0], sizeof x->path);
    if (r >= 0)
        r = resolve(x);
    if (r >= 0)
        r = execute(t, x, a[1], a[2]);
    return r;
}

LX_HANDLER(execveat)
{
    struct exec exec = {.n_scripts = 0}, *x = &exec;
    char name[LX_PATH];
    int64_t r;

    (void)c;
    r = lx_string(name, a[1], sizeof name);
    if (r >= 0 && (name[0] == '/' || (int)a[0] == AT_FDCWD))
        snprintf(x->path, sizeof x->path, "%s", name);
    else if (r == 0 && !(a[4] & AT_EMPTY_PATH))
        r = -ENOENT;
    else if (r >= 0 && snprintf(x->path, sizeof x->path, "/proc/self/fd/%d%s%s", (int)a[0],
                                *name ? "/" : "", name) >= (int)sizeof x->path)
        r = -ENAMETOOLONG;
    if (r >= 0 && *name && (a[4] & AT_SYMLINK_NOFOLLOW)) {
        struct stat st;

        if (lstat(x->path, &st) == 0 && S_ISLNK(st.st_mode))
            r = -ELOOP;
    }
    if (r >= 0)
        r = resolve(x);
    if (r >= 0)
        r = execute(t, x, a[2], a[3]);
    return r;
}
