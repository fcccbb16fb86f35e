#include "drivers/sunspec.h"

#include <assert.h>
#include <stddef.h>

/* How a type stands in registers; the bits that mean "none". */
static const struct {
	enum xn_modbus_type type;
	uint64_t none;
} shapes[] = {
    [XN_SUNSPEC_U16] = {XN_U16, 0xffff},
    [XN_SUNSPEC_I16] = {XN_I16, 0x8000},
    [XN_SUNSPEC_U32] = {XN_U32, 0xffffffff},
    [XN_SUNSPEC_I32] = {XN_I32, 0x80000000},
    [XN_SUNSPEC_U64] = {XN_U64, UINT64_MAX},
    [XN_SUNSPEC_ACC32] = {XN_U32, 0},
    [XN_SUNSPEC_ACC64] = {XN_U64, 0},
    [XN_SUNSPEC_ENUM16] = {XN_U16, 0xffff},
    [XN_SUNSPEC_BITS16] = {XN_U16, 0x8000},
    [XN_SUNSPEC_BITS32] = {XN_U32, 0x80000000},
    [XN_SUNSPEC_F32] = {XN_F32, 0x7fc00000},
};

unsigned
xn_sunspec_width(const struct xn_sunspec_point *point)
{
	return xn_modbus_width(shapes[point->type].type);
}

unsigned
xn_sunspec_instances(
    const struct xn_sunspec_model *model, const struct xn_sunspec_point *point, unsigned length)
{
	unsigned end = length + 2; /* ID and length come first */

	if (model->stride == 0 || point->offset < model->group)
		return point->offset + xn_sunspec_width(point) <= end;
	return end <= model->group ? 0 : (end - model->group) / model->stride;
}

void
xn_sunspec_rule(const struct xn_sunspec_point *point, struct xn_rule *ret_rule)
{
	*ret_rule = (struct xn_rule){.class_ = point->class_,
	    .scale = {1, 1, XN_CELSIUS},
	    .words = point->words,
	    .word_count = point->word_count};
}

/* Multiplies the rule's scale by 10^exponent. */
static void
apply_exponent(struct xn_rule *rule, int exponent)
{
	assert(exponent >= -12 && exponent <= 12);
	for (; exponent > 0 && rule->scale.den % 10 == 0; exponent--)
		rule->scale.den /= 10;
	for (; exponent > 0; exponent--)
		rule->scale.num *= 10;
	for (; exponent < 0; exponent++)
		rule->scale.den *= 10;
}

static bool
is_none(const struct xn_sunspec_point *point, uint64_t bits)
{
	uint64_t none = shapes[point->type].none;

	if (point->type == XN_SUNSPEC_BITS16 || point->type == XN_SUNSPEC_BITS32)
		return (bits & none) != 0;
	/* OutBack writes all ones where it has no power factor; -1 count of one is no reading. */
	if (point->class_ == XN_CLASS_POWER_FACTOR && bits == 0xffff)
		return true;
	return bits == none;
}

/*
 * The models say percent; meters with a scale factor of -3 or -4 (Veris, AccuEnergy, SolarEdge)
 * send the ratio itself. What cannot be a ratio is percent.
 */
static void
judge_factor(struct xn_rule *rule, const struct xn_raw *raw)
{
	double value = raw->kind == XN_RAW_INTEGER ? (double)raw->integer : raw->real;

	value = value * (double)rule->scale.num / (double)rule->scale.den;
	if (value > 1.005 || value < -1.005)
		rule->scale.den *= 100;
}

struct xn_raw
xn_sunspec_number(const struct xn_sunspec_point *point, const uint16_t *value, uint16_t scale,
    struct xn_rule *rule)
{
	int16_t exponent = (int16_t)scale;
	uint64_t bits = 0;
	struct xn_raw raw;

	assert(point->class_ == rule->class_);
	for (unsigned i = 0; i < xn_sunspec_width(point); i++)
		bits = bits << 16 | value[i];
	if (is_none(point, bits))
		return (struct xn_raw){.why = "not implemented by the device"};
	apply_exponent(rule, point->exponent);
	if (point->scale != 0) {
		if (scale == 0x8000)
			return (struct xn_raw){.why = "scale factor not implemented"};
		if (exponent < -10 || exponent > 10)
			return (struct xn_raw){.why = "scale factor out of range"};
		apply_exponent(rule, exponent);
	}
	raw = xn_modbus_number(shapes[point->type].type, XN_ABCD, value);
	if (point->class_ == XN_CLASS_POWER_FACTOR)
		judge_factor(rule, &raw);
	return raw;
}
