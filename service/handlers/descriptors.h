/*
 * descriptors.h - the FileDescriptorSet of proto/, comments included, as protoc wrote it when this
 * was built (service/handlers/embed.cmake makes the array).
 */
#ifndef JIG_SERVICE_HANDLERS_DESCRIPTORS_H
#define JIG_SERVICE_HANDLERS_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t jig_descriptors[];
extern const size_t jig_descriptors_size;

#endif
