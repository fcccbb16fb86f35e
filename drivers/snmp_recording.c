#include "drivers/snmp_recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BYTES_MAX (64u << 20)

struct row {
	struct xn_oid oid;
	struct xn_snmp_value value;
};

struct xn_recording {
	char *bytes; /* the file; texts stand in it */
	struct row *rows;
	unsigned count;
};

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)((at - digits) % 16) : -1;
}

/* In place; false if it is no hexadecimal. */
static bool
unhex(char *text, size_t *size)
{
	if (*size % 2 != 0)
		return false;
	for (size_t i = 0; i < *size / 2; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		text[i] = (char)(high * 16 + low);
	}
	*size /= 2;
	return true;
}

static bool
read_number(const char *text, struct xn_snmp_value *value)
{
	char *end;

	errno = 0;
	if (value->tag == XN_SNMP_COUNTER64)
		value->integer = (int64_t)strtoull(text, &end, 10);
	else
		value->integer = strtoll(text, &end, 10);
	return end != text && *end == '\0' && errno == 0;
}

static bool
read_value(char *tag, char *text, struct xn_snmp_value *ret_value)
{
	char *kind;
	unsigned long number = strtoul(tag, &kind, 10);
	struct xn_snmp_value value = {.tag = (uint8_t)number, .text = text, .size = strlen(text)};

	if (kind == tag || number > 255)
		return false;
	if (*kind == 'x' && !unhex(text, &value.size))
		return false;
	switch (value.tag) {
	case XN_SNMP_INTEGER:
	case XN_SNMP_COUNTER:
	case XN_SNMP_GAUGE:
	case XN_SNMP_TICKS:
	case XN_SNMP_COUNTER64:
		/* snmpsim's variations ("64e") come with other texts. */
		if (!read_number(text, &value))
			value.tag = XN_SNMP_NULL;
		break;
	case XN_SNMP_REAL: value.tag = XN_SNMP_NULL; break; /* no form of recording has it */
	default: break;
	}
	*ret_value = value;
	return true;
}

/* One line, which is cut at its bars. */
static bool
read_row(char *line, struct row *ret_row)
{
	char *tag = strchr(line, '|');
	char *text = tag != NULL ? strchr(tag + 1, '|') : NULL;

	if (text == NULL)
		return false;
	*tag++ = '\0';
	*text++ = '\0';
	return xn_oid_parse(line, &ret_row->oid) && read_value(tag, text, &ret_row->value);
}

static int
compare_rows(const void *a, const void *b)
{
	const struct row *left = a;
	const struct row *right = b;

	return xn_oid_compare(&left->oid, &right->oid);
}

static int
read_rows(struct xn_recording *recording, const char *path, struct xn_error *err)
{
	unsigned lines = 1;
	unsigned number = 0;
	char *next;

	for (const char *at = recording->bytes; *at != '\0'; at++)
		lines += *at == '\n';
	recording->rows = calloc(lines, sizeof(recording->rows[0]));
	if (recording->rows == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	for (char *line = recording->bytes; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		line[strcspn(line, "\r")] = '\0';
		number++;
		if (*line == '\0' || *line == '#')
			continue;
		if (!read_row(line, &recording->rows[recording->count]))
			return xn_fail(err, XN_EINVALID,
			    "%s:%u: not OID|tag|value, a line of a recorded walk", path, number);
		recording->count++;
	}
	qsort(recording->rows, recording->count, sizeof(recording->rows[0]), compare_rows);
	return XN_OK;
}

static int
read_bytes(struct xn_recording *recording, const char *path, struct xn_error *err)
{
	FILE *file = fopen(path, "re");
	struct stat status;
	size_t size;

	if (file == NULL)
		return xn_fail(err, XN_EREAD, "%s: %s", path, strerror(errno));
	if (fstat(fileno(file), &status) < 0 || !S_ISREG(status.st_mode) ||
	    status.st_size > BYTES_MAX) {
		fclose(file);
		return xn_fail(err, XN_EREAD, "%s: not a file of at most 64 MiB", path);
	}
	recording->bytes = calloc(1, (size_t)status.st_size + 1);
	size =
	    recording->bytes != NULL ? fread(recording->bytes, 1, (size_t)status.st_size, file) : 0;
	fclose(file);
	if (size != (size_t)status.st_size)
		return xn_fail(err, XN_EREAD, "%s: cannot be read", path);
	if (memchr(recording->bytes, '\0', size) != NULL)
		return xn_fail(err, XN_EINVALID, "%s: not a text", path);
	return XN_OK;
}

int
xn_recording_open(struct xn_recording **ret_recording, const char *path, struct xn_error *err)
{
	struct xn_recording *recording = calloc(1, sizeof(*recording));
	int code;

	if (recording == NULL)
		return xn_fail(err, XN_ESYSTEM, "out of memory");
	code = read_bytes(recording, path, err);
	if (code == XN_OK)
		code = read_rows(recording, path, err);
	if (code < 0) {
		xn_recording_close(recording);
		return code;
	}
	*ret_recording = recording;
	return XN_OK;
}

void
xn_recording_close(struct xn_recording *recording)
{
	if (recording == NULL)
		return;
	free(recording->rows);
	free(recording->bytes);
	free(recording);
}

/* The first row at or behind `oid`. */
static unsigned
find(const struct xn_recording *recording, const struct xn_oid *oid)
{
	unsigned low = 0;
	unsigned high = recording->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (xn_oid_compare(&recording->rows[middle].oid, oid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct xn_snmp_value
xn_recording_get(const struct xn_recording *recording, const struct xn_oid *oid)
{
	unsigned at = find(recording, oid);

	if (at == recording->count || xn_oid_compare(&recording->rows[at].oid, oid) != 0)
		return (struct xn_snmp_value){.tag = XN_SNMP_NO_INSTANCE};
	return recording->rows[at].value;
}

bool
xn_recording_next(const struct xn_recording *recording, const struct xn_oid *oid,
    struct xn_oid *ret_oid, struct xn_snmp_value *ret_value)
{
	unsigned at = find(recording, oid);

	while (at < recording->count && xn_oid_compare(&recording->rows[at].oid, oid) <= 0)
		at++;
	if (at == recording->count)
		return false;
	*ret_oid = recording->rows[at].oid;
	*ret_value = recording->rows[at].value;
	return true;
}
