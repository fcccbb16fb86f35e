#include "drivers/sunspec.h"

#include <assert.h>
#include <stddef.h>

/* Models 101-103: inverters, integers with scale factors. */
static const struct xn_sunspec_point inverter[] = {
    {"output.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 14, 15},
    {"output.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC, 24, 26},
    {"output.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 2, 6},
    {"output.L1.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 3, 6},
    {"output.L2.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 4, 6},
    {"output.L3.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 5, 6},
    {"output.L1-L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 7, 13},
    {"output.L2-L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 8, 13},
    {"output.L3-L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 9, 13},
    {"output.L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 10, 13},
    {"output.L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 11, 13},
    {"output.L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 12, 13},
    {"output.frequency", XN_CLASS_FREQUENCY, XN_SUNSPEC_U16, 16, 17},
    {"output.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 18, 19},
    {"output.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 20, 21},
    {"output.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 22, 23},
    {"input.dc.current", XN_CLASS_CURRENT, XN_SUNSPEC_U16, 27, 28},
    {"input.dc.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_U16, 29, 30},
    {"input.dc.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 31, 32},
    {"cabinet.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 33, 37},
    {"heatsink.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 34, 37},
    {"transformer.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 35, 37},
    {"other.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_I16, 36, 37},
    {"output.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM, 38, 0},
};

/* Models 111-113: the same as floats. */
static const struct xn_sunspec_point inverter_float[] = {
    {"output.realpower", XN_CLASS_POWER, XN_SUNSPEC_F32, 22, 0},
    {"output.energy", XN_CLASS_ENERGY, XN_SUNSPEC_F32, 32, 0},
    {"output.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 2, 0},
    {"output.L1.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 4, 0},
    {"output.L2.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 6, 0},
    {"output.L3.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 8, 0},
    {"output.L1-L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 10, 0},
    {"output.L2-L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 12, 0},
    {"output.L3-L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 14, 0},
    {"output.L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 16, 0},
    {"output.L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 18, 0},
    {"output.L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 20, 0},
    {"output.frequency", XN_CLASS_FREQUENCY, XN_SUNSPEC_F32, 24, 0},
    {"output.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_F32, 26, 0},
    {"output.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_F32, 28, 0},
    {"output.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_F32, 30, 0},
    {"input.dc.current", XN_CLASS_CURRENT, XN_SUNSPEC_F32, 34, 0},
    {"input.dc.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_F32, 36, 0},
    {"input.dc.realpower", XN_CLASS_POWER, XN_SUNSPEC_F32, 38, 0},
    {"cabinet.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_F32, 40, 0},
    {"heatsink.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_F32, 42, 0},
    {"transformer.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_F32, 44, 0},
    {"other.temperature", XN_CLASS_TEMPERATURE, XN_SUNSPEC_F32, 46, 0},
    {"output.status", XN_CLASS_STATE, XN_SUNSPEC_ENUM, 48, 0},
};

/* Models 201-204: meters. Import is what flows to the load. */
static const struct xn_sunspec_point meter[] = {
    {"input.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 18, 22},
    {"input.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC, 46, 54},
    {"input.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_ACC, 38, 54},
    {"input.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 2, 6},
    {"input.L1.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 3, 6},
    {"input.L2.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 4, 6},
    {"input.L3.current", XN_CLASS_CURRENT, XN_SUNSPEC_I16, 5, 6},
    {"input.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 7, 15},
    {"input.L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 8, 15},
    {"input.L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 9, 15},
    {"input.L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 10, 15},
    {"input.line.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 11, 15},
    {"input.L1-L2.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 12, 15},
    {"input.L2-L3.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 13, 15},
    {"input.L3-L1.voltage", XN_CLASS_VOLTAGE, XN_SUNSPEC_I16, 14, 15},
    {"input.frequency", XN_CLASS_FREQUENCY, XN_SUNSPEC_I16, 16, 17},
    {"input.L1.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 19, 22},
    {"input.L2.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 20, 22},
    {"input.L3.realpower", XN_CLASS_POWER, XN_SUNSPEC_I16, 21, 22},
    {"input.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 23, 27},
    {"input.L1.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 24, 27},
    {"input.L2.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 25, 27},
    {"input.L3.power", XN_CLASS_APPARENT_POWER, XN_SUNSPEC_I16, 26, 27},
    {"input.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 28, 32},
    {"input.L1.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 29, 32},
    {"input.L2.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 30, 32},
    {"input.L3.reactivepower", XN_CLASS_REACTIVE_POWER, XN_SUNSPEC_I16, 31, 32},
    {"input.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 33, 37},
    {"input.L1.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 34, 37},
    {"input.L2.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 35, 37},
    {"input.L3.powerfactor", XN_CLASS_POWER_FACTOR, XN_SUNSPEC_I16, 36, 37},
    {"input.L1.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_ACC, 40, 54},
    {"input.L2.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_ACC, 42, 54},
    {"input.L3.energy.export", XN_CLASS_ENERGY, XN_SUNSPEC_ACC, 44, 54},
    {"input.L1.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC, 48, 54},
    {"input.L2.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC, 50, 54},
    {"input.L3.energy", XN_CLASS_ENERGY, XN_SUNSPEC_ACC, 52, 54},
};

static const struct xn_word states[] = {{1, NULL, "off", XN_SEVERITY_OK},
    {2, NULL, "sleeping", XN_SEVERITY_OK}, {3, NULL, "starting", XN_SEVERITY_OK},
    {4, NULL, "producing", XN_SEVERITY_OK}, {5, NULL, "throttled", XN_SEVERITY_WARNING},
    {6, NULL, "shutting down", XN_SEVERITY_WARNING}, {7, NULL, "fault", XN_SEVERITY_CRITICAL},
    {8, NULL, "standby", XN_SEVERITY_OK}};

const struct xn_sunspec_point *
xn_sunspec_points(uint16_t model, unsigned *ret_count)
{
	*ret_count = 0;
	if (model >= 101 && model <= 103) {
		*ret_count = sizeof(inverter) / sizeof(inverter[0]);
		return inverter;
	}
	if (model >= 111 && model <= 113) {
		*ret_count = sizeof(inverter_float) / sizeof(inverter_float[0]);
		return inverter_float;
	}
	if (model >= 201 && model <= 204) {
		*ret_count = sizeof(meter) / sizeof(meter[0]);
		return meter;
	}
	return NULL;
}

unsigned
xn_sunspec_width(const struct xn_sunspec_point *point)
{
	return point->type == XN_SUNSPEC_ACC || point->type == XN_SUNSPEC_F32 ? 2 : 1;
}

void
xn_sunspec_rule(const struct xn_sunspec_point *point, struct xn_rule *ret_rule)
{
	*ret_rule = (struct xn_rule){.class_ = point->class_, .scale = {1, 1, XN_CELSIUS}};
	if (point->class_ == XN_CLASS_STATE) {
		ret_rule->words = states;
		ret_rule->word_count = sizeof(states) / sizeof(states[0]);
	}
}

/* Multiplies the rule's scale by 10^exponent. */
static void
apply_exponent(struct xn_rule *rule, int exponent)
{
	for (; exponent > 0 && rule->scale.den % 10 == 0; exponent--)
		rule->scale.den /= 10;
	for (; exponent > 0; exponent--)
		rule->scale.num *= 10;
	for (; exponent < 0; exponent++)
		rule->scale.den *= 10;
}

static bool
is_none(const struct xn_sunspec_point *point, const uint16_t *value)
{
	switch (point->type) {
	case XN_SUNSPEC_U16:
	case XN_SUNSPEC_ENUM: return value[0] == 0xffff;
	case XN_SUNSPEC_I16: return value[0] == 0x8000;
	case XN_SUNSPEC_ACC: return value[0] == 0 && value[1] == 0;
	case XN_SUNSPEC_F32: return false;
	}
	return false;
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
	static const enum xn_modbus_type types[] = {[XN_SUNSPEC_U16] = XN_U16,
	    [XN_SUNSPEC_I16] = XN_I16,
	    [XN_SUNSPEC_ACC] = XN_U32,
	    [XN_SUNSPEC_ENUM] = XN_U16,
	    [XN_SUNSPEC_F32] = XN_F32};
	int16_t exponent = (int16_t)scale;
	struct xn_raw raw;

	assert(point->class_ == rule->class_);
	if (is_none(point, value))
		return (struct xn_raw){.why = "not implemented by the device"};
	if (point->scale != 0) {
		if (scale == 0x8000)
			return (struct xn_raw){.why = "scale factor not implemented"};
		if (exponent < -10 || exponent > 10)
			return (struct xn_raw){.why = "scale factor out of range"};
		apply_exponent(rule, exponent);
	}
	raw = xn_modbus_number(types[point->type], XN_ABCD, value);
	if (point->class_ == XN_CLASS_POWER_FACTOR)
		judge_factor(rule, &raw);
	return raw;
}
