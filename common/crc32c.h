/*
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4): guards frames in the spool and on the wire.
 */
#ifndef XN_COMMON_CRC32C_H
#define XN_COMMON_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of `bytes` continued from `crc`, which is 0 at the start. */
uint32_t xn_crc32c(uint32_t crc, const void *bytes, size_t count);

#endif
