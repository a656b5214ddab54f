/* SPDX-License-Identifier: MIT */
/* forward.c - hostfwd and guestfwd rules of the user network.
 * Not modelled: see user.c.
 *
 * Reasons in brackets are worded as QEMU words them; a busy port names who has it.
 */
#include "user.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct forward {
    struct forward *next;
    int udp;
    struct in_addr host;
    int host_port;
};

static int bad(struct user *u, pb_err *e, const char *kind, const char *rule, const char *why)
{
    char text[500];

    snprintf(text, sizeof text, "Invalid %s forwarding rule '%s' (%s)", kind, rule, why);
    return u->h->fail(e, PB_EINVAL, text);
}

/* The part of *p up to `end`; 0 when `end` does not come. */
static int part(const char **p, char end, char *out, size_t n)
{
    const char *q = strchr(*p, end);

    if (!q || (size_t)(q - *p) >= n)
        return 0;
    memcpy(out, *p, (size_t)(q - *p));
    out[q - *p] = 0;
    *p = q + 1;
    return 1;
}

static int port_number(const char *s, int min, int *port)
{
    char *end;
    long v = strtol(s, &end, 10);

    if (!isdigit((unsigned char)*s) || *end || v < min || v > 65535)
        return 0;
    *port = (int)v;
    return 1;
}

/* "[tcp|udp]:" and why not. */
static const char *protocol(const char **p, int *udp)
{
    char word[16];

    if (!part(p, ':', word, sizeof word))
        return "No : separators";
    *udp = !strcmp(word, "udp");
    return !*udp && *word && strcmp(word, "tcp") ? "Bad protocol name" : NULL;
}

/* ---- Who holds a port ----------------------------------------------------------------------- */

/* Inode of the socket bound to `port` in /proc/net/{tcp,udp,tcp6,udp6}; 0: none seen. */
static unsigned long port_inode(const char *table, int port)
{
    char path[64], line[512];
    unsigned long inode = 0;

    snprintf(path, sizeof path, "/proc/net/%s", table);
    FILE *f = fopen(path, "re");
    while (f && !inode && fgets(line, sizeof line, f)) {
        unsigned local, state;
        unsigned long ino;
        if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu",
                   &local, &state, &ino) == 3 &&
            (int)local == port && (table[0] == 'u' || state == 10))
            inode = ino;
    }
    if (f)
        fclose(f);
    return inode;
}

static int has_socket(const char *pid, unsigned long inode)
{
    char path[300], want[64], got[64];
    struct dirent *d;
    int found = 0;

    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    snprintf(want, sizeof want, "socket:[%lu]", inode);
    DIR *dir = opendir(path);
    while (dir && !found && (d = readdir(dir))) {
        ssize_t n = readlinkat(dirfd(dir), d->d_name, got, sizeof got - 1);
        if (n > 0) {
            got[n] = 0;
            found = !strcmp(got, want);
        }
    }
    if (dir)
        closedir(dir);
    return found;
}

static void port_holder(int udp, int port, char *buf, size_t n)
{
    unsigned long inode = port_inode(udp ? "udp" : "tcp", port);
    struct dirent *d;

    buf[0] = 0;
    if (!inode)
        inode = port_inode(udp ? "udp6" : "tcp6", port);
    DIR *proc = inode ? opendir("/proc") : NULL;
    while (proc && !buf[0] && (d = readdir(proc))) {
        char path[300], name[64] = "?";
        if (!isdigit((unsigned char)d->d_name[0]) || !has_socket(d->d_name, inode))
            continue;
        snprintf(path, sizeof path, "/proc/%s/comm", d->d_name);
        FILE *f = fopen(path, "re");
        if (f) {
            if (fgets(name, sizeof name, f))
                name[strcspn(name, "\n")] = 0;
            fclose(f);
        }
        snprintf(buf, n, " (held by pid %.20s %s)", d->d_name, name);
    }
    if (proc)
        closedir(proc);
}

/* ---- hostfwd ----------------------------------------------------------------------------- */

/* Parse "[hostaddr]:hostport" up to `end`. NULL or why not. */
static const char *host_part(const char **p, char end, struct in_addr *a, int *port)
{
    char word[256];

    if (!part(p, ':', word, sizeof word))
        return "Missing : separator";
    a->s_addr = INADDR_ANY;
    if (*word && !inet_aton(word, a))
        return "Bad host address";
    if (end ? !part(p, end, word, sizeof word) : snprintf(word, sizeof word, "%s", *p) < 0)
        return "Bad host port separator";
    return port_number(word, 0, port) ? NULL : "Bad host port";
}

/* A port that nobody has now; 0 when none is to be had. */
static int free_port(int udp, struct in_addr host)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = host};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    int ok = fd >= 0 && !bind(fd, (struct sockaddr *)&a, n) &&
             !getsockname(fd, (struct sockaddr *)&a, &n);

    if (fd >= 0)
        close(fd);
    return ok ? ntohs(a.sin_port) : 0;
}

/* hostport 0: choose, and say what was chosen. */
static void choose_port(struct user *u, struct forward *f, int guest_port)
{
    char text[120];

    f->host_port = free_port(f->udp, f->host);
    snprintf(text, sizeof text, "%s port %d of the host leads to port %d of the guest",
             f->udp ? "UDP" : "TCP", f->host_port, guest_port);
    u->h->log(u->h, u->node, PB_LOG_INFO, text);
}

int forward_add(struct user *u, const char *rule, pb_err *e)
{
    struct forward f = {0};
    struct in_addr guest = u->dhcp;
    const char *p = rule, *why = protocol(&p, &f.udp);
    char word[256], text[600], who[128];
    int guest_port = 0, rc;

    if (!why)
        why = host_part(&p, '-', &f.host, &f.host_port);
    if (!why && !part(&p, ':', word, sizeof word))
        why = "Missing guest address";
    if (!why && *word && !inet_aton(word, &guest))
        why = "Bad guest address";
    if (!why && !port_number(p, 1, &guest_port))
        why = "Bad guest port";
    if (why)
        return bad(u, e, "host", rule, why);
    if (!f.host_port)
        choose_port(u, &f, guest_port);
    if (user_need_slirp(u, e) < 0)
        return PB_ENOENT;
    pthread_mutex_lock(&u->lock);
    rc = u->part->add_hostfwd(u->slirp, f.udp, f.host, f.host_port, guest, guest_port);
    int err = errno;
    pthread_mutex_unlock(&u->lock);
    if (rc < 0) {
        port_holder(f.udp, f.host_port, who, sizeof who);
        snprintf(text, sizeof text,
                 "Could not set up host forwarding rule '%s': port %d: %s%s; choose another port",
                 rule, f.host_port, strerror(err), who);
        return u->h->fail(e, PB_EBUSY, text);
    }
    struct forward *keep = malloc(sizeof *keep);
    if (keep) {
        *keep = f;
        keep->next = u->forwards;
        u->forwards = keep;
    }
    if (loop_start(u) < 0)
        return u->h->fail(e, PB_ENOMEM, "user network: no thread");
    loop_wake(u);
    return PB_OK;
}

int forward_remove(struct user *u, const char *rule, pb_err *e)
{
    struct forward want = {0};
    const char *p = rule, *why = protocol(&p, &want.udp);
    char text[400];

    if (!why)
        why = host_part(&p, 0, &want.host, &want.host_port);
    if (why)
        return bad(u, e, "host", rule, why);
    for (struct forward **f = &u->forwards; *f; f = &(*f)->next) {
        struct forward *x = *f;
        if (x->udp != want.udp || x->host.s_addr != want.host.s_addr ||
            x->host_port != want.host_port)
            continue;
        *f = x->next;
        pthread_mutex_lock(&u->lock);
        u->part->remove_hostfwd(u->slirp, x->udp, x->host, x->host_port);
        pthread_mutex_unlock(&u->lock);
        loop_wake(u); /* a closed socket listens on for as long as it is polled */
        free(x);
        return PB_OK;
    }
    snprintf(text, sizeof text, "host forwarding rule for %s not found", rule);
    return u->h->fail(e, PB_ENOENT, text);
}

void forward_free(struct user *u)
{
    while (u->forwards) {
        struct forward *f = u->forwards;
        u->forwards = f->next;
        free(f);
    }
}

/* ---- guestfwd: "[tcp]:server:port-cmd:COMMAND" or "-unix:PATH" --------------------------- */

int forward_guest(struct user *u, const char *rule, pb_err *e)
{
    struct in_addr server;
    const char *p = rule, *why;
    char word[256];
    int udp, port = 0, rc;

    why = protocol(&p, &udp);
    if (!why && udp)
        why = "Bad protocol name";
    if (!why && (!part(&p, ':', word, sizeof word) || !inet_aton(word, &server)))
        why = "Bad server address";
    if (!why && (!part(&p, '-', word, sizeof word) || !port_number(word, 1, &port)))
        why = "Bad port";
    if (!why && strncmp(p, "cmd:", 4) && strncmp(p, "unix:", 5))
        why = "the target must be cmd:COMMAND or unix:PATH";
    if (why)
        return bad(u, e, "guest", rule, why);
    if (user_need_slirp(u, e) < 0)
        return PB_ENOENT;
    pthread_mutex_lock(&u->lock);
    rc = p[0] == 'c' ? u->part->add_exec(u->slirp, p + 4, &server, port)
                     : u->part->add_unix(u->slirp, p + 5, &server, port);
    pthread_mutex_unlock(&u->lock);
    return rc < 0 ? bad(u, e, "guest", rule, "conflicting or outside the guest's network")
                  : PB_OK;
}
