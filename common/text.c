#include "common/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64

uint32_t
xn_utf8_take(const char **at, const char *end)
{
	const unsigned char *in = (const unsigned char *)*at;
	size_t left = (size_t)(end - *at);
	unsigned more = in[0] < 0x80 ? 0 : in[0] < 0xe0 ? 1 : in[0] < 0xf0 ? 2 : 3;
	static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000};
	uint32_t character;

	*at += 1;
	if (more == 0)
		return in[0];
	if (in[0] < 0xc2 || in[0] > 0xf4 || left <= more)
		return XN_UTF8_BAD;
	character = in[0] & (0x3fu >> more);
	for (unsigned i = 1; i <= more; i++) {
		if ((in[i] & 0xc0) != 0x80)
			return XN_UTF8_BAD;
		character = character << 6 | (in[i] & 0x3fu);
	}
	if (character < least[more] || character > 0x10ffff ||
	    (character >= 0xd800 && character <= 0xdfff))
		return XN_UTF8_BAD;
	*at += more;
	return character;
}

bool
xn_text_printable(uint32_t character)
{
	if (character < 0x20)
		return character == '\t' || character == '\n' || character == '\r';
	if (character >= 0x7f && character < 0xa0)
		return false;
	if (character == 0x2028 || character == 0x2029 || character == 0xfeff)
		return false;
	return character != XN_UTF8_BAD && (character & 0xfffe) != 0xfffe;
}

struct span {
	uint32_t first;
	uint32_t last;
};

static bool
inside(const struct span *spans, size_t count, uint32_t character)
{
	for (size_t i = 0; i < count; i++)
		if (character >= spans[i].first && character <= spans[i].last)
			return true;
	return false;
}

unsigned
xn_text_columns(uint32_t character)
{
	static const struct span combining[] = {{0x300, 0x36f}, {0x483, 0x489}, {0x591, 0x5bd},
	    {0x610, 0x61a}, {0x64b, 0x65f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
	    {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
	static const struct span wide[] = {{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf},
	    {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60},
	    {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

	if (character < 0x300)
		return 1;
	if (inside(combining, sizeof(combining) / sizeof(combining[0]), character))
		return 0;
	return inside(wide, sizeof(wide) / sizeof(wide[0]), character) ? 2 : 1;
}

static char
lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment over three rows, in half letters. */
unsigned
xn_text_distance(const char *a, const char *b, unsigned limit)
{
	size_t rows = strnlen(a, WORD_MAX + 1);
	size_t columns = strnlen(b, WORD_MAX + 1);
	unsigned row[3][WORD_MAX + 1];
	unsigned half;

	if (rows > WORD_MAX || columns > WORD_MAX || rows > columns + limit ||
	    columns > rows + limit)
		return limit + 1;
	for (unsigned j = 0; j <= columns; j++)
		row[0][j] = 2 * j;
	for (size_t i = 1; i <= rows; i++) {
		unsigned *now = row[i % 3];
		const unsigned *above = row[(i + 2) % 3];
		const unsigned *before = row[(i + 1) % 3];

		now[0] = 2 * (unsigned)i;
		for (size_t j = 1; j <= columns; j++) {
			unsigned change = a[i - 1] == b[j - 1]   ? 0
			    : lower(a[i - 1]) == lower(b[j - 1]) ? 1
								 : 2;

			now[j] = least(above[j - 1] + change, least(above[j], now[j - 1]) + 2);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 2);
		}
	}
	half = (row[rows % 3][columns] + 1) / 2;
	return half > limit ? limit + 1 : half;
}

unsigned
xn_text_slips(const char *word)
{
	size_t length = strnlen(word, WORD_MAX + 1);

	return length <= 1 ? 0 : length <= 2 ? 1 : length <= 5 ? 2 : 3;
}

bool
xn_text_number(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 0);
	if (end == text || *end != '\0' || errno != 0 || value < min || value > max)
		return false;
	*ret_value = value;
	return true;
}
