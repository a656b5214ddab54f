/* SPDX-License-Identifier: MIT */
/* soc.h - what the blocks of the BCM2835 family share: how each is realized, and the classes. */
#ifndef BCM2835_SOC_H
#define BCM2835_SOC_H

#include <plugboard/device.h>
#include <plugboard/reg.h>

/* First in the instance of each block. */
struct soc_block {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_time *time;
    const struct pb_regs *table;
};

/* Fill the block and publish region 0: `len` bytes of 32-bit registers that `t` describes. */
int soc_realize(struct soc_block *b, pb_dev *d, const pb_host *h, const struct pb_regs *t,
                uint64_t len, pb_err *e);
void soc_guest_error(struct soc_block *b, const char *text);
void soc_unmodelled(struct soc_block *b, const char *text);
/* The services of the clocks and supplies take writes with this in the top byte only. */
#define SOC_PASSWORD 0x5a000000u
int soc_unlocked(struct soc_block *b, const struct pb_reg *r, uint64_t v);

static inline uint64_t soc_now(const struct soc_block *b)
{
    return (uint64_t)b->time->now(b->h, PB_CLK_VIRTUAL);
}

/* The SoC's interrupt numbers are the manifest's; these are its only clock. */
#define SOC_CRYSTAL_HZ 19200000ull

extern const struct pb_device_class bcm2836_local_class;  /* local.c */
extern const struct pb_device_class bcm2835_intc_class;   /* intc.c */
extern const struct pb_device_class bcm2835_systimer_class; /* systimer.c */
extern const struct pb_device_class bcm2835_armtimer_class; /* armtimer.c */
extern const struct pb_device_class bcm2835_aux_class;    /* aux.c */
extern const struct pb_device_class bcm2835_gpio_class;   /* gpio.c */
extern const struct pb_device_class bcm2835_cprman_class; /* cprman.c */
extern const struct pb_device_class bcm2835_pm_class;     /* pm.c */
extern const struct pb_device_class bcm2835_asb_class;    /* pm.c */
extern const struct pb_device_class bcm2835_rng_class;    /* rng.c */
extern const struct pb_device_class bcm2835_thermal_class; /* thermal.c */
extern const struct pb_device_class bcm2835_dma_class;    /* dma.c */
extern const struct pb_device_class bcm2835_sdhost_class; /* sdhost.c */
extern const struct pb_device_class bcm2835_i2c_class; /* i2c.c */
extern const struct pb_device_class bcm2835_spi_class; /* spi.c */
extern const struct pb_device_class bcm2835_unmodelled_class; /* unmodelled.c */

#endif
