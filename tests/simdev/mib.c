#include "tests/simdev/mib.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 8192

enum { INTEGER = 0x02, OCTETS = 0x04, NOTHING = 0x05, NAME = 0x06, ADDRESS = 0x40, OPAQUE = 0x44 };
enum { COUNTER = 0x41, GAUGE = 0x42, TICKS = 0x43, COUNTER64 = 0x46 };

size_t
xn_mib_parse(const char *text, xn_mib_arc name[static XN_MIB_NAME_MAX])
{
	size_t count = 0;

	if (*text == '.')
		text++;
	for (;;) {
		char *end;
		unsigned long arc = strtoul(text, &end, 10);

		if (end == text || *text < '0' || *text > '9' || count == XN_MIB_NAME_MAX ||
		    arc > UINT32_MAX)
			return 0;
		name[count++] = arc;
		if (*end == '\0')
			return count;
		if (*end != '.')
			return 0;
		text = end + 1;
	}
}

static int
compare(const xn_mib_arc *a, size_t a_count, const xn_mib_arc *b, size_t b_count)
{
	for (size_t i = 0; i < a_count && i < b_count; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return a_count == b_count ? 0 : a_count < b_count ? -1 : 1;
}

/* The place of the first object that is not before `name`. */
static size_t
place(const struct xn_mib *mib, const xn_mib_arc *name, size_t count)
{
	size_t low = 0, high = mib->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct xn_mib_object *object = &mib->objects[middle];

		if (compare(object->name, object->name_count, name, count) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct xn_mib_object *
xn_mib_get(const struct xn_mib *mib, const xn_mib_arc *name, size_t count)
{
	size_t at = place(mib, name, count);
	struct xn_mib_object *object = &mib->objects[at];

	if (at == mib->count || compare(object->name, object->name_count, name, count) != 0)
		return NULL;
	return object;
}

const struct xn_mib_object *
xn_mib_after(const struct xn_mib *mib, const xn_mib_arc *name, size_t count)
{
	size_t at = place(mib, name, count);

	if (at < mib->count &&
	    compare(mib->objects[at].name, mib->objects[at].name_count, name, count) == 0)
		at++;
	return at < mib->count ? &mib->objects[at] : NULL;
}

/* Puts an object in its place, and takes what it owns. */
static struct xn_mib_object *
put(struct xn_mib *mib, struct xn_mib_object new)
{
	size_t at = place(mib, new.name, new.name_count);
	struct xn_mib_object *object;

	if (mib->count == mib->capacity) {
		size_t capacity = mib->capacity == 0 ? 256 : 2 * mib->capacity;
		void *grown = reallocarray(mib->objects, capacity, sizeof(*mib->objects));

		if (grown == NULL)
			abort();
		mib->objects = grown;
		mib->capacity = capacity;
	}
	object = &mib->objects[at];
	memmove(object + 1, object, (mib->count - at) * sizeof(*object));
	*object = new;
	mib->count++;
	return object;
}

static struct xn_mib_object *
insert(struct xn_mib *mib, const xn_mib_arc *name, size_t count)
{
	struct xn_mib_object new = {.name = calloc(count, sizeof(*name)), .name_count = count};

	if (new.name == NULL)
		abort();
	memcpy(new.name, name, count * sizeof(*name));
	return put(mib, new);
}

struct xn_mib_object *
xn_mib_integer(struct xn_mib *mib, const xn_mib_arc *name, size_t count)
{
	struct xn_mib_object *object = xn_mib_get(mib, name, count);

	if (object == NULL) {
		object = insert(mib, name, count);
		object->type = INTEGER;
	}
	return object;
}

static void
keep(struct xn_mib_object *object, const void *bytes, size_t size)
{
	object->bytes = malloc(size + 1);
	if (object->bytes == NULL)
		abort();
	memcpy(object->bytes, bytes, size);
	object->size = size;
}

void
xn_mib_disguise(struct xn_mib_object *object, uint8_t tag, const void *bytes, size_t size)
{
	if (object->disguise != 0) {
		free(object->bytes);
		object->bytes = NULL;
	}
	assert(object->bytes == NULL);
	object->disguise = tag;
	if (tag != 0)
		keep(object, bytes, size);
}

/* The objects of a table are neighbours: from `ret_first` on, so many. */
static size_t
rows_of(const struct xn_mib *mib, const xn_mib_arc *table, size_t count, size_t *ret_first)
{
	size_t end = place(mib, table, count);

	*ret_first = end;
	while (end < mib->count && mib->objects[end].name_count > count &&
	    compare(mib->objects[end].name, count, table, count) == 0)
		end++;
	return end - *ret_first;
}

static xn_mib_arc *
row_of(const struct xn_mib_object *object)
{
	return &object->name[object->name_count - 1];
}

void
xn_mib_unplug(struct xn_mib *mib, const xn_mib_arc *table, size_t count, xn_mib_arc row,
    struct xn_mib *ret_out)
{
	size_t first, rows = rows_of(mib, table, count, &first);
	size_t to = first;

	for (size_t at = first; at < first + rows; at++) {
		struct xn_mib_object object = mib->objects[at];

		if (*row_of(&object) == row) {
			put(ret_out, object);
			continue;
		}
		if (*row_of(&object) > row)
			--*row_of(&object);
		mib->objects[to++] = object;
	}
	memmove(&mib->objects[to], &mib->objects[first + rows],
	    (mib->count - first - rows) * sizeof(mib->objects[0]));
	mib->count -= first + rows - to;
}

void
xn_mib_plug(
    struct xn_mib *mib, const xn_mib_arc *table, size_t count, xn_mib_arc row, struct xn_mib *out)
{
	size_t first, rows = rows_of(mib, table, count, &first);

	for (size_t at = first; at < first + rows; at++)
		if (*row_of(&mib->objects[at]) >= row)
			++*row_of(&mib->objects[at]);
	for (size_t i = 0; i < out->count; i++)
		put(mib, out->objects[i]);
	free(out->objects);
	*out = (struct xn_mib){0};
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0'
	    : c >= 'a' && c <= 'f'  ? c - 'a' + 10
	    : c >= 'A' && c <= 'F'  ? c - 'A' + 10
				    : -1;
}

static bool
keep_hex(struct xn_mib_object *object, const char *text)
{
	size_t size = strlen(text) / 2;
	uint8_t *bytes;

	if (strlen(text) % 2 != 0 || strspn(text, "0123456789abcdefABCDEF") != 2 * size)
		return false;
	keep(object, text, size);
	bytes = object->bytes;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(hex_digit(text[2 * i]) * 16 + hex_digit(text[2 * i + 1]));
	return true;
}

/* `\xHH` stands for a byte, all else for itself. */
static void
keep_escaped(struct xn_mib_object *object, const char *text)
{
	size_t used = 0;
	uint8_t *bytes;

	keep(object, text, strlen(text));
	bytes = object->bytes;
	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && text[1] == 'x' && hex_digit(text[2]) >= 0 &&
		    hex_digit(text[3]) >= 0) {
			bytes[used++] = (uint8_t)(hex_digit(text[2]) * 16 + hex_digit(text[3]));
			text += 3;
		} else {
			bytes[used++] = (uint8_t)*text;
		}
	}
	object->size = used;
}

static bool
keep_octets(struct xn_mib_object *object, const char *text, char form)
{
	if (form == 'x')
		return keep_hex(object, text);
	if (form == 'e')
		keep_escaped(object, text);
	else
		keep(object, text, strlen(text));
	return true;
}

static bool
set_value(struct xn_mib_object *object, const char *text, char form)
{
	xn_mib_arc name[XN_MIB_NAME_MAX];
	struct in_addr address;
	size_t count;

	switch (object->type) {
	case INTEGER: object->number = (long)strtoll(text, NULL, 10); return true;
	case COUNTER:
	case GAUGE:
	case TICKS: object->number = (long)(strtoull(text, NULL, 10) & UINT32_MAX); return true;
	case COUNTER64: object->wide = strtoull(text, NULL, 10); return true;
	case NOTHING: return true;
	case OPAQUE:
	case OCTETS: return keep_octets(object, text, form);
	case NAME:
		count = xn_mib_parse(text, name);
		keep(object, name, count * sizeof(*name));
		return true; /* some devices do answer names that are none */
	case ADDRESS:
		if (form != '\0')
			return keep_octets(object, text, form) && object->size == 4;
		if (inet_pton(AF_INET, text, &address) != 1)
			return false;
		keep(object, &address, sizeof(address));
		return true;
	default: return false;
	}
}

static bool
take_line(struct xn_mib *mib, char *line)
{
	xn_mib_arc name[XN_MIB_NAME_MAX];
	char *tag = strchr(line, '|');
	char *value = tag == NULL ? NULL : strchr(tag + 1, '|');
	struct xn_mib_object *object;
	size_t count;
	char *end;

	if (value == NULL)
		return false;
	*tag++ = '\0';
	*value++ = '\0';
	count = xn_mib_parse(line, name);
	if (count == 0 || xn_mib_get(mib, name, count) != NULL)
		return false;
	object = insert(mib, name, count);
	object->type = (uint8_t)strtoul(tag, &end, 10);
	return set_value(object, value, *end);
}

int
xn_mib_load(struct xn_mib *mib, const char *path, struct xn_error *err)
{
	char line[LINE_MAX_BYTES];
	FILE *file = fopen(path, "re");
	int result = XN_OK;

	if (file == NULL)
		return xn_fail(err, XN_EREAD, "%s: %s", path, strerror(errno));
	for (unsigned number = 1; result == XN_OK && fgets(line, sizeof(line), file); number++) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != '\0' && line[0] != '#' && !take_line(mib, line))
			result = xn_fail(
			    err, XN_EINVALID, "%s:%u: no OID|TAG|VALUE, or twice", path, number);
	}
	fclose(file);
	return result;
}

void
xn_mib_free(struct xn_mib *mib)
{
	for (size_t i = 0; i < mib->count; i++) {
		free(mib->objects[i].name);
		free(mib->objects[i].bytes);
	}
	free(mib->objects);
	*mib = (struct xn_mib){0};
}
