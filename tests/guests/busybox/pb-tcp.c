/* SPDX-License-Identifier: MIT */
/* pb-tcp.c - get ADDRESS PORT: takes in a TCP stream to its end;  put ADDRESS PORT MIB: sends MIB
 * mebibytes of zeros and waits until the peer has closed. Large buffers, so that a throughput row
 * measures the network device and not a tool's small writes.
 * Not modelled: nothing; it is a guest's tool. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 18];

static int dial(const char *address, const char *port)
{
    struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, address, &peer.sin_addr) != 1 || fd < 0 ||
        connect(fd, (struct sockaddr *)&peer, sizeof peer)) {
        perror("pb-tcp: connect");
        exit(1);
    }
    return fd;
}

static long long drain(int fd)
{
    long long total = 0;
    for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) != 0; total += n) {
        if (n < 0) {
            perror("pb-tcp: read");
            exit(1);
        }
    }
    return total;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "get")) {
        printf("%lld\n", drain(dial(argv[2], argv[3])));
        return 0;
    }
    if (argc != 5 || strcmp(argv[1], "put")) {
        fputs("usage: pb-tcp get ADDRESS PORT, pb-tcp put ADDRESS PORT MIB\n", stderr);
        return 2;
    }
    int fd = dial(argv[2], argv[3]);
    for (long long left = atoll(argv[4]) << 20; left > 0;) {
        ssize_t n = write(fd, buffer, left < (long long)sizeof buffer ? (size_t)left
                                                                       : sizeof buffer);
        if (n <= 0) {
            perror("pb-tcp: write");
            return 1;
        }
        left -= n;
    }
    shutdown(fd, SHUT_WR);
    drain(fd);
    return 0;
}
