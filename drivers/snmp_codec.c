#include "drivers/snmp_codec.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

bool
xn_oid_parse(const char *text, struct xn_oid *ret_oid)
{
	struct xn_oid oid = {.count = 0};

	text += *text == '.';
	for (;;) {
		uint64_t id = 0;
		unsigned digits = 0;

		for (; *text >= '0' && *text <= '9' && digits < 11; text++, digits++)
			id = id * 10 + (uint64_t)(*text - '0');
		if (digits == 0 || id > UINT32_MAX || !xn_oid_add(&oid, (uint32_t)id))
			return false;
		if (*text == '\0')
			break;
		if (*text++ != '.')
			return false;
	}
	*ret_oid = oid;
	return true;
}

void
xn_oid_print(const struct xn_oid *oid, char *ret_text, size_t size)
{
	size_t used = 0;

	assert(size > 0);
	ret_text[0] = '\0';
	for (unsigned i = 0; i < oid->count && used < size; i++)
		used += (size_t)snprintf(
		    ret_text + used, size - used, i == 0 ? "%u" : ".%u", oid->id[i]);
}

bool
xn_oid_under(const struct xn_oid *oid, const struct xn_oid *root)
{
	return oid->count >= root->count &&
	    memcmp(oid->id, root->id, root->count * sizeof(root->id[0])) == 0;
}

int
xn_oid_compare(const struct xn_oid *a, const struct xn_oid *b)
{
	for (unsigned i = 0; i < a->count && i < b->count; i++) {
		if (a->id[i] != b->id[i])
			return a->id[i] < b->id[i] ? -1 : 1;
	}
	return (a->count > b->count) - (a->count < b->count);
}

bool
xn_oid_add(struct xn_oid *oid, uint32_t id)
{
	assert(oid->count <= XN_OID_MAX);
	if (oid->count == XN_OID_MAX)
		return false;
	oid->id[oid->count++] = id;
	return true;
}

static size_t
digits_at(const char *text, size_t size, size_t at)
{
	size_t count = 0;

	while (at + count < size && text[at + count] >= '0' && text[at + count] <= '9')
		count++;
	return count;
}

/* Whether a point stands here, or a comma as a point: "19,8" but not "1,234", which is two things.
 */
static bool
is_point(const char *text, size_t size, size_t at)
{
	size_t digits = digits_at(text, size, at + 1);

	return text[at] == '.' ? true : text[at] == ',' && (digits == 1 || digits == 2);
}

/* "-12.5" as integer and power of ten; the characters it took, 0 if there is no number. */
static size_t
scan_number(const char *text, size_t size, int64_t *ret_digits, int64_t *ret_divisor)
{
	size_t at = size > 0 && (text[0] == '-' || text[0] == '+');
	bool negative = at == 1 && text[0] == '-';
	int64_t digits = 0;
	int64_t divisor = 1;
	bool any = false;
	bool point = false;

	for (; at < size; at++) {
		if (!point && is_point(text, size, at) &&
		    (any || digits_at(text, size, at + 1) > 0)) {
			point = true;
			continue;
		}
		if (text[at] < '0' || text[at] > '9')
			break;
		if (digits > INT64_MAX / 100 || divisor > INT64_MAX / 100)
			return 0;
		any = true;
		digits = digits * 10 + (text[at] - '0');
		divisor *= point ? 10 : 1;
	}
	*ret_digits = negative ? -digits : digits;
	*ret_divisor = divisor;
	return any ? at : 0;
}

/* A unit that belongs to other quantities: "5 V" is no temperature. */
static bool
is_foreign_unit(const char *word, enum xn_point_class own)
{
	struct xn_scale scale;

	if (own == XN_CLASS_STATE)
		return false;
	for (int i = 0; i < XN_CLASS_COUNT; i++) {
		if (i != (int)own && i != XN_CLASS_STATE &&
		    xn_scale_parse(word, (enum xn_point_class)i, &scale))
			return true;
	}
	return false;
}

static struct xn_raw
number_in_text(
    const struct xn_snmp_value *value, const struct xn_rule *rule, struct xn_scale *ret_scale)
{
	char word[16];
	struct xn_scale scale;
	int64_t digits;
	int64_t divisor;
	size_t skip = 0;
	size_t taken;
	size_t rest;

	while (skip < value->size && value->text[skip] == ' ')
		skip++;
	taken = scan_number(value->text + skip, value->size - skip, &digits, &divisor);
	if (rule->class_ == XN_CLASS_STATE && xn_rule_sent(rule, value->text, value->size) != NULL)
		return (struct xn_raw){.kind = XN_RAW_INTEGER,
		    .integer = xn_rule_sent(rule, value->text, value->size)->value};
	if (taken == 0)
		return (struct xn_raw){
		    .why = value->size == 0 ? "empty text" : "no number in the text"};
	skip += taken;
	while (skip < value->size && value->text[skip] == ' ')
		skip++;
	rest = value->size - skip;
	/* "11/10/2027" and "10:22" begin like numbers. */
	if (rest > 0 && strchr("/:.,", value->text[skip]) != NULL)
		return (struct xn_raw){.why = "no number in the text"};
	if (rest > 0 && rest < sizeof(word)) {
		memcpy(word, value->text + skip, rest);
		word[rest] = '\0';
		if (xn_scale_parse(word, rule->class_, &scale))
			*ret_scale = scale;
		else if (is_foreign_unit(word, rule->class_))
			return (struct xn_raw){.why = "a unit of another quantity"};
	}
	if (divisor == 1)
		return (struct xn_raw){.kind = XN_RAW_INTEGER, .integer = digits};
	return (struct xn_raw){.kind = XN_RAW_REAL, .real = (double)digits / (double)divisor};
}

struct xn_raw
xn_snmp_number(
    const struct xn_snmp_value *value, const struct xn_rule *rule, struct xn_scale *ret_scale)
{
	switch (value->tag) {
	case XN_SNMP_INTEGER:
	case XN_SNMP_COUNTER:
	case XN_SNMP_GAUGE:
	case XN_SNMP_TICKS:
	case XN_SNMP_COUNTER64:
		return (struct xn_raw){.kind = XN_RAW_INTEGER, .integer = value->integer};
	case XN_SNMP_TEXT: return number_in_text(value, rule, ret_scale);
	case XN_SNMP_REAL:
		if (!isfinite(value->real))
			return (struct xn_raw){.why = "not a number"};
		return (struct xn_raw){.kind = XN_RAW_REAL, .real = value->real};
	case XN_SNMP_NO_OBJECT: return (struct xn_raw){.why = "no such object"};
	case XN_SNMP_NO_INSTANCE: return (struct xn_raw){.why = "no such instance"};
	case XN_SNMP_REFUSED: return (struct xn_raw){.why = "the device refuses it"};
	case XN_SNMP_END: return (struct xn_raw){.why = "end of the device's objects"};
	default: return (struct xn_raw){.why = "not a number"};
	}
}

void
xn_snmp_text(const struct xn_snmp_value *value, char *ret_text, size_t size)
{
	size_t used = 0;

	assert(size > 0);
	for (size_t i = 0; value->tag == XN_SNMP_TEXT && i < value->size; i++) {
		char c = value->text[i];

		if (c >= ' ' && c <= '~' && used + 1 < size && (used > 0 || c != ' '))
			ret_text[used++] = c;
	}
	while (used > 0 && ret_text[used - 1] == ' ')
		used--;
	ret_text[used] = '\0';
}
