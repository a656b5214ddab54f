/* SPDX-License-Identifier: MIT */
/* sensor.h - the SoC's temperature, for the firmware's services. */
#ifndef BCM2835_SENSOR_H
#define BCM2835_SENSOR_H

#include <stdint.h>

#define BCM2835_SENSOR "bcm2835.sensor/1"
struct bcm2835_sensor {
    uint32_t size, reserved;
    int32_t (*millidegrees)(void *self); /* Celsius; [any] */
};

#endif
