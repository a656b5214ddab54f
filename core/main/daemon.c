/* SPDX-License-Identifier: MIT */
/* daemon.c - -daemonize: fork at the very start, stay with the terminal until ready. */
#include "main.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready_fd = -1;

int pb_daemon_start(pb_err *e)
{
    int fd[2];
    char byte;

    if (pipe2(fd, O_CLOEXEC) < 0)
        return pb_err_set(e, PB_EIO, "-daemonize: %s", g_strerror(errno));
    pid_t pid = fork();
    if (pid < 0)
        return pb_err_set(e, PB_EIO, "-daemonize: %s", g_strerror(errno));
    if (pid) {
        ssize_t n;
        close(fd[1]);
        while ((n = read(fd[0], &byte, 1)) < 0 && errno == EINTR)
            ;
        int status = 0;
        if (n != 1)
            waitpid(pid, &status, 0); /* it failed, and has said why */
        _exit(n == 1 ? 0 : 1);
    }
    close(fd[0]);
    ready_fd = fd[1];
    setsid();
    return PB_OK;
}

void pb_daemon_ready(void)
{
    if (ready_fd < 0)
        return;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        for (int i = 0; i < 3; i++)
            dup2(null, i);
        close(null);
    }
    ssize_t n = write(ready_fd, "1", 1);
    (void)n; /* the parent may have been killed: nobody waits then */
    close(ready_fd);
    ready_fd = -1;
}
