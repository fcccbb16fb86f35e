#include "tests/simdev/registers.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
xn_registers_put(struct xn_registers *registers, unsigned address, uint16_t word)
{
	assert(address < XN_REGISTERS_COUNT);
	registers->words[address] = word;
	registers->present[address / 8] |= (uint8_t)(1u << (address % 8));
}

bool
xn_registers_has(const struct xn_registers *registers, unsigned address)
{
	return address < XN_REGISTERS_COUNT &&
	    (registers->present[address / 8] & (1u << (address % 8))) != 0;
}

void
xn_registers_put_text(
    struct xn_registers *registers, unsigned address, unsigned count, const char *text)
{
	size_t length = strlen(text);

	for (unsigned i = 0; i < count; i++) {
		uint8_t high = 2 * i < length ? (uint8_t)text[2 * i] : 0;
		uint8_t low = 2 * i + 1 < length ? (uint8_t)text[2 * i + 1] : 0;

		xn_registers_put(registers, address + i, (uint16_t)(high << 8 | low));
	}
}

int
xn_registers_load(struct xn_registers *registers, const char *path, struct xn_error *err)
{
	char line[256];
	FILE *file = fopen(path, "re");
	int result = XN_OK;

	if (file == NULL)
		return xn_fail(err, XN_EREAD, "%s: %s", path, strerror(errno));
	for (unsigned number = 1; result == XN_OK && fgets(line, sizeof(line), file); number++) {
		char *end;
		unsigned long address = strtoul(line, &end, 10);
		const char *value = end + 1;

		if (number == 1 && end == line)
			continue;
		if (end == line || *end != ',' || address >= XN_REGISTERS_COUNT)
			result = xn_fail(err, XN_EINVALID, "%s:%u: no address,value", path, number);
		else
			xn_registers_put(
			    registers, (unsigned)address, (uint16_t)strtoul(value, NULL, 0));
	}
	fclose(file);
	return result;
}
