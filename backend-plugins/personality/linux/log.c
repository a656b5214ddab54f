/* SPDX-License-Identifier: MIT */
/* log.c - lines of text to -D's file or stderr, a write each, so that threads and processes do
 * not mix and nothing is lost when the process ends.
 */
#include "linux.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static void out(int fd, const char *text, size_t n)
{
    while (n) {
        ssize_t k = write(fd, text, n);

        if (k <= 0)
            return;
        text += k;
        n -= (size_t)k;
    }
}

void lx_log(const char *fmt, ...)
{
    char s[2048];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(s, sizeof s, fmt, ap);
    va_end(ap);
    out(L.start->log_fd(), s, n < (int)sizeof s ? (size_t)n : sizeof s - 1);
}

void lx_say(const char *fmt, ...)
{
    char s[1024];
    va_list ap;
    int n = snprintf(s, sizeof s, "%s: ", L.start->progname);

    va_start(ap, fmt);
    n += vsnprintf(s + n, sizeof s - (size_t)n - 1, fmt, ap);
    va_end(ap);
    if (n > (int)sizeof s - 2)
        n = (int)sizeof s - 2;
    s[n++] = '\n';
    out(STDERR_FILENO, s, (size_t)n);
}
