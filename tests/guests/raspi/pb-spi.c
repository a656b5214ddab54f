/* SPDX-License-Identifier: MIT */
/* pb-spi DEVICE READ [BYTE…] - one SPI transfer by spidev: sends the bytes (hexadecimal), then
 * prints the next READ ones, while the chip stays selected. */
#include <fcntl.h>
#include <linux/spi/spidev.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
    static uint8_t out[512], in[4096];
    struct spi_ioc_transfer t[2] = {{.tx_buf = (uintptr_t)out}, {.rx_buf = (uintptr_t)in}};

    if (argc < 3 || argc - 3 > (int)sizeof out)
        return 2;
    int fd = open(argv[1], O_RDWR);
    t[0].len = (uint32_t)argc - 3;
    t[1].len = (uint32_t)strtoul(argv[2], NULL, 0);
    if (t[1].len > sizeof in)
        return 2;
    for (int i = 3; i < argc; i++)
        out[i - 3] = (uint8_t)strtoul(argv[i], NULL, 16);
    if (fd < 0 || ioctl(fd, SPI_IOC_MESSAGE(2), t) < 0) {
        perror(argv[1]);
        return 1;
    }
    for (uint32_t i = 0; i < t[1].len; i++)
        printf("%02x", in[i]);
    puts("");
    return 0;
}
