#include "common/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/crc32c.h"
#include "common/text.h"

struct line {
	char *text;
	size_t used;
};

#define ROOM (XN_LOG_LINE_SIZE - 2) /* for the newline and NUL */

static void
put(struct line *line, const char *text)
{
	size_t length = strlen(text);

	if (line->used + length > ROOM)
		return;
	memcpy(line->text + line->used, text, length);
	line->used += length;
}

static bool
is_plain(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
			return false;
	}
	return true;
}

static void
put_escaped(struct line *line, const char *text)
{
	const char *end = text + strlen(text);
	char piece[20];

	while (text < end) {
		const char *start = text;
		uint32_t character = xn_utf8_take(&text, end);

		if (character == '"' || character == '\\') {
			snprintf(piece, sizeof(piece), "\\%c", (int)character);
			put(line, piece);
		} else if (xn_text_printable(character) && character >= ' ') {
			snprintf(piece, sizeof(piece), "%.*s", (int)(text - start), start);
			put(line, piece);
		} else {
			for (; start < text; start++) {
				snprintf(piece, sizeof(piece), "\\x%02x", (unsigned char)*start);
				put(line, piece);
			}
		}
	}
}

static void
put_field(struct line *line, const struct xn_log_field *field)
{
	char number[24];

	put(line, " ");
	put(line, field->key);
	put(line, "=");
	if (field->text == NULL) {
		snprintf(number, sizeof(number), "%lld", (long long)field->number);
		put(line, number);
	} else if (is_plain(field->text)) {
		put(line, field->text);
	} else {
		put(line, "\"");
		put_escaped(line, field->text);
		put(line, "\"");
	}
}

size_t
xn_log_format(enum xn_log_priority priority, const char *unit, const struct xn_log_field *fields,
    char ret_line[XN_LOG_LINE_SIZE])
{
	struct line line = {.text = ret_line};
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "<%d>unit=", (int)priority);
	put(&line, prefix);
	put(&line, unit);
	for (; fields->key != NULL; fields++)
		put_field(&line, fields);
	ret_line[line.used++] = '\n';
	ret_line[line.used] = '\0';
	return line.used;
}

static void
say(const char *line, size_t length)
{
	ssize_t written = write(STDERR_FILENO, line, length);

	(void)written; /* there is nowhere left to say that saying failed */
}

void
xn_log_write(enum xn_log_priority priority, const char *unit, const struct xn_log_field *fields)
{
	char line[XN_LOG_LINE_SIZE];

	say(line, xn_log_format(priority, unit, fields, line));
}

void
xn_log_fault_write(struct xn_log_repeat *repeat, enum xn_log_priority priority, const char *unit,
    const struct xn_log_field *fields)
{
	char line[XN_LOG_LINE_SIZE];
	size_t length = xn_log_format(priority, unit, fields, line);
	uint32_t crc = xn_crc32c(0, line, length);

	if (repeat->count++ > 0 && repeat->line == crc)
		return;
	repeat->line = crc;
	say(line, length);
}

void
xn_log_over_write(struct xn_log_repeat *repeat, const char *unit, const struct xn_log_field *fields)
{
	char line[XN_LOG_LINE_SIZE];
	size_t length;

	if (repeat->count == 0)
		return;
	length = xn_log_format(XN_LOG_NOTICE, unit, fields, line);
	if (length + 28 < XN_LOG_LINE_SIZE)
		length = length - 1 +
		    (size_t)snprintf(line + length - 1, XN_LOG_LINE_SIZE - length, " times=%llu\n",
			(unsigned long long)repeat->count);
	*repeat = (struct xn_log_repeat){0};
	say(line, length);
}
