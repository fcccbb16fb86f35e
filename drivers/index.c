#include "drivers/index.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One part of a pattern. */
struct part {
	enum { PART_BAD, PART_END, PART_REST, PART_RANGE, PART_NOT } kind;
	uint32_t least; /* of PART_NOT: the number that is not meant */
	uint32_t most;
	char word[XN_INDEX_WORD_SIZE]; /* "": no hole */
};

static bool
read_number(const char **at, uint32_t *ret_value)
{
	unsigned long long value;
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	value = strtoull(*at, &end, 10);
	*at = end;
	*ret_value = (uint32_t)value;
	return value <= UINT32_MAX;
}

/* "!5", ":3-" or nothing. */
static bool
read_bound(const char **at, struct part *part)
{
	if (**at == '!') {
		(*at)++;
		part->kind = PART_NOT;
		return read_number(at, &part->least);
	}
	if (**at == ':') {
		(*at)++;
		if (!read_number(at, &part->least) || **at != '-')
			return false;
		(*at)++;
		if (**at >= '0' && **at <= '9')
			return read_number(at, &part->most) && part->most >= part->least;
	}
	return true;
}

static bool
read_hole(const char **at, struct part *part)
{
	size_t size = strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789_");

	if (size == 0 || size >= sizeof(part->word))
		return false;
	memcpy(part->word, *at, size);
	part->word[size] = '\0';
	*at += size;
	if (!read_bound(at, part) || **at != '}')
		return false;
	(*at)++;
	return true;
}

/* The part at the cursor, which moves behind it and its dot. */
static struct part
next_part(const char **at)
{
	struct part part = {.kind = PART_RANGE, .most = UINT32_MAX};
	bool good = true;

	if (**at == '\0')
		return (struct part){.kind = PART_END};
	if (strcmp(*at, "**") == 0) {
		*at += 2;
		return (struct part){.kind = PART_REST};
	}
	if (**at == '*') {
		(*at)++;
	} else if (**at == '{') {
		(*at)++;
		good = read_hole(at, &part);
	} else if (**at == '!') {
		good = read_bound(at, &part);
	} else {
		good = read_number(at, &part.least);
		part.most = part.least;
	}
	if (good && **at == '.' && (*at)[1] != '\0')
		(*at)++;
	else
		good = good && **at == '\0';
	if (!good)
		part.kind = PART_BAD;
	return part;
}

bool
xn_index_check(const char *pattern)
{
	unsigned holes = 0;

	for (;;) {
		struct part part = next_part(&pattern);

		if (part.kind == PART_BAD || holes > XN_INDEX_HOLES_MAX)
			return false;
		if (part.kind == PART_END || part.kind == PART_REST)
			return true;
		holes += part.word[0] != '\0';
	}
}

/* Whether the pattern has a hole of that word, as xn_index_hole would find it. */
static bool
has_hole(const char *pattern, const char *word)
{
	if (word[1] == '\0' && (word[0] == 'n' || (word[0] >= '1' && word[0] <= '9')))
		return true;
	while (pattern != NULL) {
		struct part part = next_part(&pattern);

		if (part.kind == PART_BAD || part.kind == PART_END || part.kind == PART_REST)
			return false;
		if (strcmp(part.word, word) == 0)
			return true;
	}
	return false;
}

bool
xn_index_fills(const char *pattern, const char *companion)
{
	for (;;) {
		struct part part = next_part(&companion);

		if (part.kind == PART_END)
			return true;
		if (part.kind == PART_BAD)
			return false;
		if (part.word[0] != '\0' ? !has_hole(pattern, part.word)
					 : part.kind != PART_RANGE || part.least != part.most)
			return false;
	}
}

bool
xn_index_names(const char *pattern, const char *name)
{
	for (name = strchr(name, '{'); name != NULL; name = strchr(name, '{')) {
		char word[XN_INDEX_WORD_SIZE];
		size_t size = strcspn(++name, "}");

		if (size == 0 || size >= sizeof(word) || name[size] != '}')
			return false;
		memcpy(word, name, size);
		word[size] = '\0';
		if (strcmp(word, "name") != 0 && !has_hole(pattern, word))
			return false;
	}
	return true;
}

static bool
fits(const struct part *part, uint32_t id)
{
	return part->kind == PART_NOT ? id != part->least : id >= part->least && id <= part->most;
}

bool
xn_index_match(const char *pattern, const uint32_t *id, unsigned count, struct xn_index *ret_index)
{
	*ret_index = (struct xn_index){.id = id, .count = count};
	if (pattern == NULL)
		return true;
	for (unsigned i = 0;; i++) {
		struct part part = next_part(&pattern);

		if (part.kind == PART_REST)
			return true;
		if (part.kind == PART_END)
			return i == count;
		if (part.kind == PART_BAD || i == count || !fits(&part, id[i]))
			return false;
		if (part.word[0] != '\0' && ret_index->hole_count < XN_INDEX_HOLES_MAX) {
			memcpy(ret_index->holes[ret_index->hole_count].word, part.word,
			    sizeof(part.word));
			ret_index->holes[ret_index->hole_count++].value = id[i];
		}
	}
}

bool
xn_index_hole(const struct xn_index *index, const char *word, size_t size, uint32_t *ret_value)
{
	for (unsigned i = 0; i < index->hole_count; i++) {
		if (strlen(index->holes[i].word) == size &&
		    memcmp(index->holes[i].word, word, size) == 0) {
			*ret_value = index->holes[i].value;
			return true;
		}
	}
	if (size != 1 || index->count == 0)
		return false;
	if (word[0] == 'n') {
		*ret_value = index->id[index->count - 1];
		return true;
	}
	if (word[0] < '1' || word[0] > '9' || (unsigned)(word[0] - '0') > index->count)
		return false;
	*ret_value = index->id[word[0] - '1'];
	return true;
}

bool
xn_index_append(const struct xn_index *index, const char *pattern, struct xn_oid *oid)
{
	if (pattern == NULL) {
		for (unsigned i = 0; i < index->count; i++) {
			if (!xn_oid_add(oid, index->id[i]))
				return false;
		}
		return true;
	}
	for (;;) {
		struct part part = next_part(&pattern);
		uint32_t value = part.least;

		if (part.kind == PART_END)
			return true;
		if (part.kind == PART_BAD)
			return false;
		if (part.word[0] != '\0') {
			if (!xn_index_hole(index, part.word, strlen(part.word), &value))
				return false;
		} else if (part.kind != PART_RANGE || part.least != part.most) {
			return false;
		}
		if (!xn_oid_add(oid, value))
			return false;
	}
}

/* The label as part of a name; "" gives false. */
static bool
append_label(const char *label, char *name, size_t size, size_t *used)
{
	size_t before = *used;

	for (; *label != '\0'; label++) {
		unsigned char c = (unsigned char)*label;
		char last = *used > before ? name[*used - 1] : '-';
		bool plain = c < 0x80 && (isalnum(c) || c == '.');

		if (!plain && last == '-')
			continue;
		if (c == '.' && (last == '.' || *used == before))
			continue;
		if (*used + 1 < size)
			name[(*used)++] = plain ? (char)tolower(c) : '-';
	}
	while (*used > before && (name[*used - 1] == '-' || name[*used - 1] == '.'))
		(*used)--;
	return *used > before;
}

bool
xn_index_name(
    const struct xn_index *index, const char *name, const char *label, char *ret_name, size_t size)
{
	size_t used = 0;

	for (const char *at = name; *at != '\0' && used + 1 < size; at++) {
		const char *end = *at == '{' ? strchr(at, '}') : NULL;
		uint32_t value;

		if (end == NULL) {
			ret_name[used++] = *at;
			continue;
		}
		if (end - at == 5 && memcmp(at, "{name}", 6) == 0) {
			if (!append_label(label, ret_name, size, &used))
				return false;
		} else if (xn_index_hole(index, at + 1, (size_t)(end - at - 1), &value)) {
			used += (size_t)snprintf(ret_name + used, size - used, "%u", value);
			used = used < size ? used : size - 1;
		} else {
			return false;
		}
		at = end;
	}
	ret_name[used] = '\0';
	return used > 0;
}
