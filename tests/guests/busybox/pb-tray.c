/* SPDX-License-Identifier: MIT */
/* pb-tray.c - opens the tray of a CD drive, or closes it: pb-tray DEVICE open|close. */
#include <fcntl.h>
#include <linux/cdrom.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
    int close_it = argc == 3 && !strcmp(argv[2], "close");
    int fd = argc == 3 ? open(argv[1], O_RDONLY | O_NONBLOCK) : -1;

    if (fd < 0 || ioctl(fd, close_it ? CDROMCLOSETRAY : CDROMEJECT, 0) < 0) {
        perror(argc > 1 ? argv[1] : "usage: pb-tray DEVICE open|close");
        return 1;
    }
    return 0;
}
