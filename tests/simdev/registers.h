/*
 * Registers: the 16-bit words one Modbus device answers, by wire address, with holes. A table file
 * has a heading and lines `address,value`, the value in hexadecimal (0x506f) or decimal.
 */
#ifndef XN_SIMDEV_REGISTERS_H
#define XN_SIMDEV_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

#define XN_REGISTERS_COUNT 65536u

struct xn_registers {
	uint16_t words[XN_REGISTERS_COUNT];
	uint8_t present[XN_REGISTERS_COUNT / 8];
};

int xn_registers_load(struct xn_registers *registers, const char *path, struct xn_error *err);
void xn_registers_put(struct xn_registers *registers, unsigned address, uint16_t word);
/* Two characters a register, zeroes behind, over `count` registers. */
void xn_registers_put_text(
    struct xn_registers *registers, unsigned address, unsigned count, const char *text);
bool xn_registers_has(const struct xn_registers *registers, unsigned address);

#endif
