/* SPDX-License-Identifier: MIT */
/* init.c - the one program of a guest that debugs and profiles by what the CPU has for it. Each
 * test says what it saw on a line of its own, PB-NAME ..., and what failed of the kernel's calls. */
#include "debug.h"

#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

int perf_open(struct perf_event_attr *attr, int pid, int group)
{
    attr->size = sizeof *attr;
    return (int)syscall(SYS_perf_event_open, attr, pid, -1, group, 0);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_counters();
    test_points();
    puts("PB-DONE");
    reboot(RB_POWER_OFF);
    return 1;
}
