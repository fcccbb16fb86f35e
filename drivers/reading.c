#include "drivers/reading.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What is physically possible at all; beyond it a number is an undeclared "none" or a wrong scale.
 */
static const struct {
	double min;
	double max;
} possible[XN_CLASS_COUNT] = {
    [XN_CLASS_POWER] = {-1e9, 1e9},
    [XN_CLASS_APPARENT_POWER] = {-1e9, 1e9},
    [XN_CLASS_REACTIVE_POWER] = {-1e9, 1e9},
    [XN_CLASS_ENERGY] = {-9e15, 9e15},
    [XN_CLASS_CURRENT] = {-6500, 6500},
    [XN_CLASS_VOLTAGE] = {-1e6, 1e6},
    [XN_CLASS_FREQUENCY] = {0, 1000},
    [XN_CLASS_POWER_FACTOR] = {-1, 1},
    [XN_CLASS_LOAD] = {0, 300},
    [XN_CLASS_CHARGE] = {0, 110},
    [XN_CLASS_RUNTIME] = {0, 1e9},
    [XN_CLASS_TEMPERATURE] = {-40, 150},
    [XN_CLASS_HUMIDITY] = {0, 100},
    [XN_CLASS_AIRFLOW] = {0, 1e6},
    [XN_CLASS_FLOW] = {0, 1e6},
    [XN_CLASS_PRESSURE] = {-1e8, 1e8},
    [XN_CLASS_FAN] = {0, 100000},
    [XN_CLASS_COOLING] = {-1e8, 1e8},
    [XN_CLASS_STATE] = {-9e15, 9e15},
};

struct unit {
	const char *word;
	enum xn_point_class class_;
	int64_t num;
	int64_t den;
	enum xn_degrees degrees;
};

static const struct unit units[] = {
    {"mW", XN_CLASS_POWER, 1, 1000, XN_CELSIUS},
    {"W", XN_CLASS_POWER, 1, 1, XN_CELSIUS},
    {"kW", XN_CLASS_POWER, 1000, 1, XN_CELSIUS},
    {"MW", XN_CLASS_POWER, 1000000, 1, XN_CELSIUS},
    {"VA", XN_CLASS_APPARENT_POWER, 1, 1, XN_CELSIUS},
    {"kVA", XN_CLASS_APPARENT_POWER, 1000, 1, XN_CELSIUS},
    {"var", XN_CLASS_REACTIVE_POWER, 1, 1, XN_CELSIUS},
    {"kvar", XN_CLASS_REACTIVE_POWER, 1000, 1, XN_CELSIUS},
    {"Wh", XN_CLASS_ENERGY, 1, 1, XN_CELSIUS},
    {"kWh", XN_CLASS_ENERGY, 1000, 1, XN_CELSIUS},
    {"MWh", XN_CLASS_ENERGY, 1000000, 1, XN_CELSIUS},
    {"mA", XN_CLASS_CURRENT, 1, 1000, XN_CELSIUS},
    {"A", XN_CLASS_CURRENT, 1, 1, XN_CELSIUS},
    {"mV", XN_CLASS_VOLTAGE, 1, 1000, XN_CELSIUS},
    {"V", XN_CLASS_VOLTAGE, 1, 1, XN_CELSIUS},
    {"kV", XN_CLASS_VOLTAGE, 1000, 1, XN_CELSIUS},
    {"mHz", XN_CLASS_FREQUENCY, 1, 1000, XN_CELSIUS},
    {"Hz", XN_CLASS_FREQUENCY, 1, 1, XN_CELSIUS},
    {"%", XN_CLASS_POWER_FACTOR, 1, 100, XN_CELSIUS},
    {"", XN_CLASS_POWER_FACTOR, 1, 1, XN_CELSIUS},
    {"%", XN_CLASS_LOAD, 1, 1, XN_CELSIUS},
    {"%", XN_CLASS_CHARGE, 1, 1, XN_CELSIUS},
    {"%", XN_CLASS_HUMIDITY, 1, 1, XN_CELSIUS},
    {"%RH", XN_CLASS_HUMIDITY, 1, 1, XN_CELSIUS},
    {"ms", XN_CLASS_RUNTIME, 1, 1000, XN_CELSIUS},
    {"s", XN_CLASS_RUNTIME, 1, 1, XN_CELSIUS},
    {"sec", XN_CLASS_RUNTIME, 1, 1, XN_CELSIUS},
    {"min", XN_CLASS_RUNTIME, 60, 1, XN_CELSIUS},
    {"h", XN_CLASS_RUNTIME, 3600, 1, XN_CELSIUS},
    {"hr", XN_CLASS_RUNTIME, 3600, 1, XN_CELSIUS},
    {"degC", XN_CLASS_TEMPERATURE, 1, 1, XN_CELSIUS},
    {"C", XN_CLASS_TEMPERATURE, 1, 1, XN_CELSIUS},
    {"degF", XN_CLASS_TEMPERATURE, 1, 1, XN_FAHRENHEIT},
    {"F", XN_CLASS_TEMPERATURE, 1, 1, XN_FAHRENHEIT},
    {"K", XN_CLASS_TEMPERATURE, 1, 1, XN_KELVIN},
    {"m3/h", XN_CLASS_AIRFLOW, 1, 1, XN_CELSIUS},
    {"l/s", XN_CLASS_AIRFLOW, 36, 10, XN_CELSIUS},
    /* 0.3048^3 m3 x 60 */
    {"CFM", XN_CLASS_AIRFLOW, 1699010796, 1000000000, XN_CELSIUS},
    {"l/min", XN_CLASS_FLOW, 1, 1, XN_CELSIUS},
    {"l/s", XN_CLASS_FLOW, 60, 1, XN_CELSIUS},
    {"m3/h", XN_CLASS_FLOW, 1000, 60, XN_CELSIUS},
    {"Pa", XN_CLASS_PRESSURE, 1, 1, XN_CELSIUS},
    {"hPa", XN_CLASS_PRESSURE, 100, 1, XN_CELSIUS},
    {"kPa", XN_CLASS_PRESSURE, 1000, 1, XN_CELSIUS},
    {"bar", XN_CLASS_PRESSURE, 100000, 1, XN_CELSIUS},
    {"psi", XN_CLASS_PRESSURE, 6894757, 1000, XN_CELSIUS},
    {"rpm", XN_CLASS_FAN, 1, 1, XN_CELSIUS},
    {"W", XN_CLASS_COOLING, 1, 1, XN_CELSIUS},
    {"kW", XN_CLASS_COOLING, 1000, 1, XN_CELSIUS},
    {"", XN_CLASS_STATE, 1, 1, XN_CELSIUS},
};

/* A leading decimal number as a fraction; 1 if there is none. NULL: too many digits, or zero. */
static const char *
parse_factor(const char *text, int64_t *ret_num, int64_t *ret_den)
{
	int64_t num = 0;
	int64_t den = 1;
	bool point = false;
	bool any = false;

	for (;; text++) {
		if (*text == '.' && any && !point) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			break;
		any = true;
		num = num * 10 + (*text - '0');
		den *= point ? 10 : 1;
		if (num > 1000000 || den > 1000000)
			return NULL;
	}
	if (any && num == 0)
		return NULL;
	*ret_num = any ? num : 1;
	*ret_den = den;
	return text;
}

static int64_t
common_divisor(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

bool
xn_scale_parse(const char *text, enum xn_point_class class_, struct xn_scale *ret_scale)
{
	int64_t num;
	int64_t den;

	text = parse_factor(text, &num, &den);
	if (text == NULL)
		return false;
	text += strspn(text, " ");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		/* Case tells mW from MW, but devices write "L/s" and "cfm". */
		bool same = units[i].class_ == class_ &&
		    (strcmp(units[i].word, text) == 0 ||
			(class_ != XN_CLASS_POWER && strcasecmp(units[i].word, text) == 0));

		if (same) {
			int64_t divisor = common_divisor(num * units[i].num, den * units[i].den);

			ret_scale->num = num * units[i].num / divisor;
			ret_scale->den = den * units[i].den / divisor;
			ret_scale->degrees = units[i].degrees;
			return true;
		}
	}
	return false;
}

void
xn_reading_drop(struct xn_reading *reading, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(reading->why, sizeof(reading->why), format, list);
	va_end(list);
	reading->sample = (struct xn_sample){.quality = XN_QUALITY_ABSENT};
	reading->value = 0;
	reading->text[0] = '\0';
}

static bool
is_none(const struct xn_rule *rule, const struct xn_raw *raw)
{
	for (unsigned i = 0; i < rule->none_count; i++) {
		if (raw->kind == XN_RAW_INTEGER && raw->integer == rule->none[i])
			return true;
		if (raw->kind == XN_RAW_REAL && fabs(raw->real - (double)rule->none[i]) < 1e-9)
			return true;
		if (raw->bits != 0 && raw->bits == (uint64_t)rule->none[i])
			return true;
	}
	/* The ends of 32 bits mean "none" on every device seen; a register of energy may pass
	 * there. */
	return raw->kind == XN_RAW_INTEGER && rule->class_ != XN_CLASS_ENERGY &&
	    (raw->integer == INT64_C(4294967295) || raw->integer == INT32_MAX ||
		raw->integer == INT32_MIN);
}

static double
to_celsius(double value, enum xn_degrees degrees)
{
	switch (degrees) {
	case XN_FAHRENHEIT: return (value - 32) * 5 / 9;
	case XN_KELVIN: return value - 273.15;
	case XN_CELSIUS: break;
	}
	return value;
}

static double
unfold(double factor)
{
	if (factor > 1 && factor <= 2)
		return 2 - factor;
	if (factor < -1 && factor >= -2)
		return -2 - factor;
	return factor;
}

/* Thousandths of `value`; exact when the raw number is an integer and the scale is linear. */
static int64_t
thousandths(const struct xn_rule *rule, struct xn_raw raw, double value)
{
	int64_t product;

	if (raw.kind == XN_RAW_INTEGER && rule->encoding == XN_PLAIN &&
	    rule->scale.degrees == XN_CELSIUS) {
		int64_t divisor = common_divisor(rule->scale.num * 1000, rule->scale.den);

		if (!__builtin_mul_overflow(
			raw.integer, rule->scale.num * 1000 / divisor, &product))
			return product / (rule->scale.den / divisor);
	}
	return llround(value * 1000);
}

static void
find_word(struct xn_reading *reading, const struct xn_rule *rule, int64_t state)
{
	reading->text[0] = '\0';
	for (unsigned i = 0; i < rule->word_count; i++) {
		if (rule->words[i].value == state)
			snprintf(reading->text, sizeof(reading->text), "%s", rule->words[i].text);
	}
}

void
xn_reading_take(struct xn_reading *reading, const struct xn_rule *rule, struct xn_raw raw)
{
	double value;

	assert(rule->class_ < XN_CLASS_COUNT && rule->scale.num > 0 && rule->scale.den > 0);
	if (raw.kind == XN_RAW_NONE) {
		xn_reading_drop(reading, "%s", raw.why != NULL ? raw.why : "no value");
		return;
	}
	value = raw.kind == XN_RAW_INTEGER ? (double)raw.integer : raw.real;
	if (is_none(rule, &raw)) {
		xn_reading_drop(reading, "sentinel %.10g", value);
		return;
	}
	if (rule->encoding == XN_FOUR_QUADRANT)
		value = unfold(value);
	value = value * (double)rule->scale.num / (double)rule->scale.den;
	value = to_celsius(value, rule->scale.degrees);
	if (!(value >= possible[rule->class_].min && value <= possible[rule->class_].max)) {
		xn_reading_drop(reading, "impossible: %.6g", value);
		return;
	}
	reading->value = value + 0.0; /* no minus zero */
	reading->sample.milli = thousandths(rule, raw, value);
	reading->sample.quality = XN_QUALITY_GOOD;
	reading->why[0] = '\0';
	if (rule->windowed && (value < rule->min || value > rule->max)) {
		reading->sample.quality = XN_QUALITY_SUSPECT;
		snprintf(reading->why, sizeof(reading->why), "outside %.6g..%.6g: scale suspect",
		    rule->min, rule->max);
	}
	if (rule->class_ == XN_CLASS_STATE)
		find_word(
		    reading, rule, raw.kind == XN_RAW_INTEGER ? raw.integer : llround(raw.real));
}
