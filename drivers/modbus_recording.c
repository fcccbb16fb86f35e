#include "drivers/modbus_recording.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modbus_register.h"

#define SPACES    4
#define ADDRESSES 65536

static const char heading[] = "space,register,value";
static const char short_heading[] = "register,value";

struct xn_modbus_recording {
	uint16_t values[SPACES][ADDRESSES];
	bool there[SPACES][ADDRESSES];
};

static unsigned
place_of(enum xn_modbus_space space)
{
	assert(space >= XN_MODBUS_COIL && space <= XN_MODBUS_INPUT);
	return (unsigned)space - XN_MODBUS_COIL;
}

struct xn_modbus_recording *
xn_modbus_recording_new(void)
{
	return calloc(1, sizeof(struct xn_modbus_recording));
}

void
xn_modbus_recording_free(struct xn_modbus_recording *recording)
{
	free(recording);
}

void
xn_modbus_recording_put(struct xn_modbus_recording *recording, enum xn_modbus_space space,
    uint16_t address, uint16_t value)
{
	recording->values[place_of(space)][address] = value;
	recording->there[place_of(space)][address] = true;
}

bool
xn_modbus_recording_has(
    const struct xn_modbus_recording *recording, enum xn_modbus_space space, unsigned address)
{
	return address < ADDRESSES && recording->there[place_of(space)][address];
}

int
xn_modbus_recording_read(const struct xn_modbus_recording *recording, enum xn_modbus_space space,
    uint16_t address, uint16_t count, uint16_t *ret_values)
{
	for (unsigned i = 0; i < count; i++) {
		if (!xn_modbus_recording_has(recording, space, address + i))
			return 2;
		ret_values[i] = recording->values[place_of(space)][address + i];
	}
	return XN_OK;
}

unsigned
xn_modbus_recording_write(const struct xn_modbus_recording *recording, FILE *out)
{
	unsigned count = 0;

	fprintf(out, "%s\n", heading);
	for (int space = XN_MODBUS_COIL; space <= XN_MODBUS_INPUT; space++) {
		const char *word = xn_modbus_space_word((enum xn_modbus_space)space);
		unsigned place = place_of((enum xn_modbus_space)space);

		for (unsigned address = 0; address < ADDRESSES; address++) {
			if (!recording->there[place][address])
				continue;
			fprintf(out, "%s,%u,0x%04x\n", word, address,
			    recording->values[place][address]);
			count++;
		}
	}
	return count;
}

/* ---- reading a file ---- */

static bool
begins(const char *line, const char *with)
{
	size_t length = strlen(with);

	return strncmp(line, with, length) == 0 && strspn(line + length, "\r\n") > 0;
}

bool
xn_modbus_is_recording(const char *path)
{
	FILE *in = fopen(path, "re");
	char line[64];
	bool is = in != NULL && fgets(line, sizeof(line), in) != NULL &&
	    (begins(line, heading) || begins(line, short_heading));

	if (in != NULL)
		fclose(in);
	return is;
}

/* The number up to `end`; false if there is none, or a greater one than 65535. */
static bool
take_number(const char **text, char end, uint16_t *ret_value)
{
	char *stop;
	unsigned long value = strtoul(*text, &stop, 0);

	if (stop == *text || **text < '0' || **text > '9' || value > UINT16_MAX)
		return false;
	if (end == ',' ? *stop != ',' : stop[strspn(stop, "\r\n")] != '\0')
		return false;
	*ret_value = (uint16_t)value;
	*text = stop + (end == ',');
	return true;
}

static bool
take_space(const char **text, enum xn_modbus_space *ret_space)
{
	for (int space = XN_MODBUS_COIL; space <= XN_MODBUS_INPUT; space++) {
		const char *word = xn_modbus_space_word((enum xn_modbus_space)space);
		size_t length = strlen(word);

		if (strncmp(*text, word, length) == 0 && (*text)[length] == ',') {
			*ret_space = (enum xn_modbus_space)space;
			*text += length + 1;
			return true;
		}
	}
	return false;
}

static bool
take_line(struct xn_modbus_recording *recording, const char *text, bool spaces)
{
	enum xn_modbus_space space = XN_MODBUS_HOLDING;
	uint16_t address;
	uint16_t value;

	if ((spaces && !take_space(&text, &space)) || !take_number(&text, ',', &address) ||
	    !take_number(&text, '\n', &value))
		return false;
	xn_modbus_recording_put(recording, space, address, value);
	if (!spaces)
		xn_modbus_recording_put(recording, XN_MODBUS_INPUT, address, value);
	return true;
}

static int
take_lines(struct xn_modbus_recording *recording, FILE *in, const char *path, struct xn_error *err)
{
	bool spaces = false;
	char line[64];

	for (unsigned number = 1; fgets(line, sizeof(line), in) != NULL; number++) {
		if (number == 1) {
			spaces = begins(line, heading);
			if (!spaces && !begins(line, short_heading))
				return xn_fail(
				    err, XN_EINVALID, "%s:1: no heading \"%s\"", path, heading);
		} else if (!take_line(recording, line, spaces)) {
			return xn_fail(err, XN_EINVALID, "%s:%u: not \"%s\"", path, number,
			    spaces ? heading : short_heading);
		}
	}
	return ferror(in) != 0 ? xn_fail(err, XN_EREAD, "%s: cannot be read", path) : XN_OK;
}

int
xn_modbus_recording_open(
    struct xn_modbus_recording **ret_recording, const char *path, struct xn_error *err)
{
	struct xn_modbus_recording *recording = xn_modbus_recording_new();
	FILE *in = fopen(path, "re");
	int code;

	if (recording == NULL)
		code = xn_fail(err, XN_ESYSTEM, "out of memory");
	else if (in == NULL)
		code = xn_fail(err, XN_EREAD, "%s: %s", path, strerror(errno));
	else
		code = take_lines(recording, in, path, err);
	if (in != NULL)
		fclose(in);
	if (code < 0) {
		xn_modbus_recording_free(recording);
		return code;
	}
	*ret_recording = recording;
	return XN_OK;
}
