/*
 * usbid.h - the two numbers that a USB device goes by.
 */
#ifndef JIG_BASE_USBID_H
#define JIG_BASE_USBID_H

#include <stdint.h>

struct jig_usb_id {
    uint16_t vid;
    uint16_t pid;
};

#endif
