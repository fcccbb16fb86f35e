#include "drivers/reading.h"

#include <assert.h>
#include <math.h>
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
    [XN_CLASS_TEMPERATURE] = {-50, 150},
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
    {"watts", XN_CLASS_POWER, 1, 1, XN_CELSIUS},
    {"watt", XN_CLASS_POWER, 1, 1, XN_CELSIUS},
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
    {"amp", XN_CLASS_CURRENT, 1, 1, XN_CELSIUS},
    {"amps", XN_CLASS_CURRENT, 1, 1, XN_CELSIUS},
    {"mV", XN_CLASS_VOLTAGE, 1, 1000, XN_CELSIUS},
    {"V", XN_CLASS_VOLTAGE, 1, 1, XN_CELSIUS},
    {"VDC", XN_CLASS_VOLTAGE, 1, 1, XN_CELSIUS},
    {"VAC", XN_CLASS_VOLTAGE, 1, 1, XN_CELSIUS},
    {"volts", XN_CLASS_VOLTAGE, 1, 1, XN_CELSIUS},
    {"kV", XN_CLASS_VOLTAGE, 1000, 1, XN_CELSIUS},
    {"mHz", XN_CLASS_FREQUENCY, 1, 1000, XN_CELSIUS},
    {"Hz", XN_CLASS_FREQUENCY, 1, 1, XN_CELSIUS},
    {"%", XN_CLASS_POWER_FACTOR, 1, 100, XN_CELSIUS},
    {"", XN_CLASS_POWER_FACTOR, 1, 1, XN_CELSIUS},
    {"%", XN_CLASS_LOAD, 1, 1, XN_CELSIUS},
    {"%", XN_CLASS_CHARGE, 1, 1, XN_CELSIUS},
    {"%", XN_CLASS_HUMIDITY, 1, 1, XN_CELSIUS},
    {"%RH", XN_CLASS_HUMIDITY, 1, 1, XN_CELSIUS},
    {"% RH", XN_CLASS_HUMIDITY, 1, 1, XN_CELSIUS},
    {"ms", XN_CLASS_RUNTIME, 1, 1000, XN_CELSIUS},
    {"s", XN_CLASS_RUNTIME, 1, 1, XN_CELSIUS},
    {"sec", XN_CLASS_RUNTIME, 1, 1, XN_CELSIUS},
    {"min", XN_CLASS_RUNTIME, 60, 1, XN_CELSIUS},
    {"h", XN_CLASS_RUNTIME, 3600, 1, XN_CELSIUS},
    {"hr", XN_CLASS_RUNTIME, 3600, 1, XN_CELSIUS},
    {"degC", XN_CLASS_TEMPERATURE, 1, 1, XN_CELSIUS},
    {"C", XN_CLASS_TEMPERATURE, 1, 1, XN_CELSIUS},
    {"\u00b0C", XN_CLASS_TEMPERATURE, 1, 1, XN_CELSIUS},
    {"\xb0"
     "C",
	XN_CLASS_TEMPERATURE, 1, 1, XN_CELSIUS},
    {"\u2103", XN_CLASS_TEMPERATURE, 1, 1, XN_CELSIUS},
    {"degF", XN_CLASS_TEMPERATURE, 1, 1, XN_FAHRENHEIT},
    {"F", XN_CLASS_TEMPERATURE, 1, 1, XN_FAHRENHEIT},
    {"\u00b0F", XN_CLASS_TEMPERATURE, 1, 1, XN_FAHRENHEIT},
    {"\xb0"
     "F",
	XN_CLASS_TEMPERATURE, 1, 1, XN_FAHRENHEIT},
    {"K", XN_CLASS_TEMPERATURE, 1, 1, XN_KELVIN},
    {"m3/h", XN_CLASS_AIRFLOW, 1, 1, XN_CELSIUS},
    {"m\u00b3/h", XN_CLASS_AIRFLOW, 1, 1, XN_CELSIUS},
    {"m3/s", XN_CLASS_AIRFLOW, 3600, 1, XN_CELSIUS},
    {"l/s", XN_CLASS_AIRFLOW, 36, 10, XN_CELSIUS},
    /* 0.3048^3 m3 x 60 */
    {"CFM", XN_CLASS_AIRFLOW, 1699010796, 1000000000, XN_CELSIUS},
    {"l/min", XN_CLASS_FLOW, 1, 1, XN_CELSIUS},
    {"l/s", XN_CLASS_FLOW, 60, 1, XN_CELSIUS},
    {"m3/h", XN_CLASS_FLOW, 1000, 60, XN_CELSIUS},
    /* 231 cubic inches of 0.0254^3 m3 */
    {"gpm", XN_CLASS_FLOW, 3785411784, 1000000000, XN_CELSIUS},
    {"Pa", XN_CLASS_PRESSURE, 1, 1, XN_CELSIUS},
    {"hPa", XN_CLASS_PRESSURE, 100, 1, XN_CELSIUS},
    {"mbar", XN_CLASS_PRESSURE, 100, 1, XN_CELSIUS},
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
xn_reading_drop(struct xn_reading *reading, const char *why)
{
	assert(why != NULL);
	*reading = (struct xn_reading){.sample = {.quality = XN_QUALITY_ABSENT}, .why = why};
}

/* Absent because of the number it was. */
static void
reject(struct xn_reading *reading, const char *why, double number)
{
	xn_reading_drop(reading, why);
	reading->value = number;
}

static bool
is_none(const struct xn_rule *rule, const struct xn_raw *raw)
{
	double number = raw->kind == XN_RAW_INTEGER ? (double)raw->integer : raw->real;

	for (unsigned i = 0; i < rule->none_count; i++) {
		const struct xn_range *none = &rule->none[i];

		if (number >= (double)none->least - 1e-9 && number <= (double)none->most + 1e-9)
			return true;
		if (raw->bits != 0 && none->least == none->most &&
		    raw->bits == (uint64_t)none->least)
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
thousandths(const struct xn_scale *scale, struct xn_raw raw, double value)
{
	int64_t product;

	if (raw.kind == XN_RAW_INTEGER && scale->degrees == XN_CELSIUS) {
		int64_t divisor = common_divisor(scale->num * 1000, scale->den);

		if (!__builtin_mul_overflow(raw.integer, scale->num * 1000 / divisor, &product))
			return product / (scale->den / divisor);
	}
	return llround(value * 1000);
}

static double
scaled(const struct xn_scale *scale, const struct xn_rule *rule, double number)
{
	if (rule->encoding == XN_FOUR_QUADRANT)
		number = unfold(number);
	else if (rule->encoding == XN_MAGNITUDE)
		number = fabs(number);
	return to_celsius(number * (double)scale->num / (double)scale->den, scale->degrees);
}

/* A dead feed has no volts and no hertz: nothing is always plausible, but for a temperature. */
static bool
is_plausible(const struct xn_rule *rule, double value)
{
	if (!rule->windowed || (value == 0 && rule->class_ != XN_CLASS_TEMPERATURE))
		return true;
	return value >= rule->min && value <= rule->max;
}

static bool
beyond_counter(const struct xn_rule *rule, double number)
{
	return rule->counter_bits != 0 &&
	    (number < 0 || number >= ldexp(1, (int)rule->counter_bits));
}

void
xn_reading_take(struct xn_reading *reading, const struct xn_rule *rule, struct xn_raw raw)
{
	const struct xn_scale *scale = &rule->scale;
	double number = raw.kind == XN_RAW_INTEGER ? (double)raw.integer : raw.real;
	double value;

	assert(rule->class_ < XN_CLASS_COUNT && scale->num > 0 && scale->den > 0);
	if (raw.kind == XN_RAW_NONE) {
		xn_reading_drop(reading, raw.why != NULL ? raw.why : "no value");
		return;
	}
	if (is_none(rule, &raw) || beyond_counter(rule, number)) {
		reject(reading, "sentinel ", number);
		return;
	}
	value = scaled(scale, rule, number);
	*reading = (struct xn_reading){.sample = {.quality = XN_QUALITY_GOOD}};
	/* Nothing is nothing in any unit. */
	if (rule->doubt != NULL && (value != 0 || rule->class_ == XN_CLASS_TEMPERATURE)) {
		reading->sample.quality = XN_QUALITY_SUSPECT;
		reading->why = rule->doubt;
	}
	if (!is_plausible(rule, value)) {
		reading->sample.quality = XN_QUALITY_SUSPECT;
		reading->why = "outside what is plausible here: scale suspect";
		if (rule->other_scale.num > 0 &&
		    is_plausible(rule, scaled(&rule->other_scale, rule, number))) {
			scale = &rule->other_scale;
			value = scaled(scale, rule, number);
			reading->why = "scale suspect: read in the unit that is plausible";
		}
	}
	if (!(value >= possible[rule->class_].min && value <= possible[rule->class_].max)) {
		reject(reading, "impossible: ", value);
		return;
	}
	reading->value = value + 0.0; /* no minus zero */
	reading->sample.milli =
	    rule->encoding == XN_PLAIN ? thousandths(scale, raw, value) : llround(value * 1000);
}

const struct xn_word *
xn_reading_word(const struct xn_reading *reading, const struct xn_rule *rule)
{
	int64_t state = llround(reading->value);

	if (rule->mask != 0)
		state &= rule->mask;
	for (unsigned i = 0; i < rule->word_count; i++) {
		if (rule->words[i].value == state)
			return &rule->words[i];
	}
	return NULL;
}

const char *
xn_severity_word(enum xn_severity severity)
{
	static const char *const words[] = {[XN_SEVERITY_OK] = "ok",
	    [XN_SEVERITY_WARNING] = "warning",
	    [XN_SEVERITY_CRITICAL] = "critical",
	    [XN_SEVERITY_UNKNOWN] = "unknown"};

	return words[severity];
}

const struct xn_word *
xn_rule_sent(const struct xn_rule *rule, const char *text, size_t size)
{
	for (unsigned i = 0; i < rule->word_count; i++) {
		const char *sent = rule->words[i].sent;

		if (sent != NULL && strlen(sent) == size && strncasecmp(sent, text, size) == 0)
			return &rule->words[i];
	}
	return NULL;
}
