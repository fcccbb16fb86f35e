#include "common/value.h"

#include <string.h>

#include "common/text.h"

/* Six digits after the point count: with the largest unit a value still fits in 64 bits. */
#define FRACTION_ONE 1000000

struct unit {
	const char *word;
	int64_t factor; /* of the value's own unit */
};

static bool
refuse(xn_node node, struct xn_problems *problems, const char *what, const char *advice)
{
	xn_problem_add(problems, node->mark, advice, "'%.64s' is no %s", node->text, what);
	return false;
}

static bool
is_digit(char letter)
{
	return letter >= '0' && letter <= '9';
}

/* A decimal number at the start of *text, in millionths; moves *text past it. */
static bool
take_number(const char **text, int64_t *ret_whole, int64_t *ret_millionths)
{
	const char *at = *text;
	int64_t whole = 0;
	int64_t millionths = 0;
	int64_t place = FRACTION_ONE / 10;

	if (!is_digit(*at))
		return false;
	for (; is_digit(*at); at++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *at - '0', &whole))
			return false;
	if (*at == '.') {
		if (!is_digit(*++at))
			return false;
		for (; is_digit(*at); at++, place /= 10)
			millionths += (*at - '0') * place;
	}
	*ret_whole = whole;
	*ret_millionths = millionths;
	*text = at;
	return true;
}

static bool
scale(int64_t whole, int64_t millionths, int64_t factor, int64_t *ret_value)
{
	int64_t value;
	int64_t part;

	if (__builtin_mul_overflow(whole, factor, &value) ||
	    __builtin_mul_overflow(millionths, factor, &part) ||
	    __builtin_add_overflow(value, part / FRACTION_ONE, &value))
		return false;
	*ret_value = value;
	return true;
}

static bool
same_but_case(const char *a, const char *b)
{
	return strlen(a) == strlen(b) && strcasecmp(a, b) == 0;
}

static const char *
article(const char *noun)
{
	return strchr("aeiou", noun[0]) != NULL ? "an" : "a";
}

/* Says what is wrong with the unit: missing, in the wrong case, or another. */
static bool
refuse_unit(xn_node node, struct xn_problems *problems, const char *word, const struct unit *units,
    const char *what, const char *example)
{
	char advice[160];

	snprintf(advice, sizeof(advice), "write it like '%s'", example);
	for (; units->word != NULL; units++)
		if (word[0] != '\0' && same_but_case(units->word, word))
			snprintf(advice, sizeof(advice), "did you mean '%s'?", units->word);
	if (word[0] == '\0')
		xn_problem_add(problems, node->mark, advice,
		    "'%.64s' has no unit: %s %s is expected", node->text, article(what), what);
	else
		xn_problem_add(problems, node->mark, advice, "'%.64s' is no %s: wrong unit '%.32s'",
		    node->text, what, word);
	return false;
}

/* Number, optional blanks, unit. `units` ends with a NULL word. */
static bool
read_quantity(xn_node node, struct xn_problems *problems, const struct unit *units,
    const char *what, const char *example, int64_t *ret_value)
{
	const char *at = node->text;
	const struct unit *unit = units;
	bool negative = false;
	int64_t whole;
	int64_t millionths;
	char advice[160];

	if (!xn_yaml_check_scalar(node, problems))
		return false;
	snprintf(advice, sizeof(advice), "write it like '%s'", example);
	at = node->text;
	if (*at == '-') {
		negative = true;
		at++;
	}
	if (!take_number(&at, &whole, &millionths))
		return refuse(node, problems, what, advice);
	while (*at == ' ')
		at++;
	while (unit->word != NULL && strcmp(unit->word, at) != 0)
		unit++;
	if (unit->word == NULL)
		return refuse_unit(node, problems, at, units, what, example);
	if (!scale(whole, millionths, unit->factor, ret_value)) {
		xn_problem_add(problems, node->mark, NULL, "'%.64s' is too large", node->text);
		return false;
	}
	if (negative)
		*ret_value = -*ret_value;
	return true;
}

/* As read_quantity for what cannot be below zero. */
static bool
read_amount(xn_node node, struct xn_problems *problems, const struct unit *units, const char *what,
    const char *example, int64_t *ret_value)
{
	int64_t value;

	if (!read_quantity(node, problems, units, what, example, &value))
		return false;
	if (value < 0) {
		xn_problem_add(problems, node->mark, NULL, "'%.64s': %s %s is never below zero",
		    node->text, article(what), what);
		return false;
	}
	*ret_value = value;
	return true;
}

bool
xn_value_name(xn_node node, struct xn_problems *problems, const char **ret_name)
{
	const char *text = node->text;
	size_t length;

	if (!xn_yaml_check_scalar(node, problems))
		return false;
	length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
	if (length == 0 || text[length] != '\0' || strchr("._-", text[0]) != NULL)
		return refuse(node, problems, "name",
		    "a name has letters, digits, '.', '_' and '-' and starts with a letter or "
		    "digit");
	if (length > XN_VALUE_NAME_MAX)
		return refuse(node, problems, "name", "a name has at most 64 characters");
	*ret_name = text;
	return true;
}

bool
xn_value_text(xn_node node, struct xn_problems *problems, const char **ret_text)
{
	if (!xn_yaml_check_scalar(node, problems))
		return false;
	*ret_text = node->text;
	return true;
}

bool
xn_value_switch(xn_node node, struct xn_problems *problems, bool *ret_on)
{
	if (!xn_yaml_check_scalar(node, problems))
		return false;
	if (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0)
		return refuse(node, problems, "switch", "a switch is 'true' or 'false'");
	*ret_on = node->text[0] == 't';
	return true;
}

bool
xn_value_count(xn_node node, struct xn_problems *problems, int64_t *ret_count)
{
	const char *at;
	int64_t whole;
	int64_t millionths;

	if (!xn_yaml_check_scalar(node, problems))
		return false;
	at = node->text;
	if (strspn(at, "0123456789") != strlen(at) || !take_number(&at, &whole, &millionths))
		return refuse(node, problems, "count", "a count is a whole number such as 2");
	*ret_count = whole;
	return true;
}

bool
xn_value_number(xn_node node, struct xn_problems *problems, int64_t *ret_milli)
{
	static const struct unit plain[] = {{"", 1000}, {NULL, 0}};

	return read_amount(node, problems, plain, "plain number", "1.5", ret_milli);
}

bool
xn_value_power(xn_node node, struct xn_problems *problems, xn_power *ret_power)
{
	static const struct unit units[] = {
	    {"W", 1000}, {"kW", 1000000}, {"MW", 1000000000}, {NULL, 0}};

	return read_amount(
	    node, problems, units, "power", "60 W', '5 kW' or '1.2 MW", &ret_power->mw);
}

bool
xn_value_energy(xn_node node, struct xn_problems *problems, xn_energy *ret_energy)
{
	static const struct unit units[] = {
	    {"Wh", XN_WH_MJ}, {"kWh", XN_WH_MJ * 1000}, {"MWh", XN_WH_MJ * 1000000}, {NULL, 0}};

	return read_amount(node, problems, units, "energy", "500 Wh' or '0.5 kWh", &ret_energy->mj);
}

bool
xn_value_current(xn_node node, struct xn_problems *problems, int64_t *ret_ma)
{
	static const struct unit units[] = {{"A", 1000}, {NULL, 0}};

	return read_amount(node, problems, units, "current", "32 A", ret_ma);
}

bool
xn_value_voltage(xn_node node, struct xn_problems *problems, int64_t *ret_mv)
{
	static const struct unit units[] = {{"V", 1000}, {NULL, 0}};

	return read_amount(node, problems, units, "voltage", "230 V", ret_mv);
}

bool
xn_value_share(xn_node node, struct xn_problems *problems, xn_ratio *ret_share)
{
	static const struct unit units[] = {{"%", 10000}, {NULL, 0}};
	int64_t ppm;

	if (!read_quantity(node, problems, units, "share", "80 %", &ppm))
		return false;
	if (ppm < 0 || ppm > 1000000)
		return refuse(node, problems, "share", "a share is 0 % to 100 %");
	ret_share->ppm = ppm;
	return true;
}

bool
xn_value_time(xn_node node, struct xn_problems *problems, xn_duration *ret_span)
{
	static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000},
	    {"d", 86400000}, {"y", INT64_C(31536000000)}, {NULL, 0}};

	return read_amount(node, problems, units, "time", "10 s', '30 min' or '7 d", &ret_span->ms);
}

bool
xn_value_temperature(xn_node node, struct xn_problems *problems, xn_temperature *ret_value)
{
	static const struct unit units[] = {{"degC", 1000},
	    {"\xc2\xb0"
	     "C",
		1000},
	    {NULL, 0}};
	int64_t millicelsius;

	if (!read_quantity(node, problems, units, "temperature",
		"27 \xc2\xb0"
		"C",
		&millicelsius))
		return false;
	if (millicelsius < -XN_KELVIN_ZERO_MK || millicelsius > 1000000)
		return refuse(node, problems, "temperature", NULL);
	*ret_value = xn_millicelsius(millicelsius);
	return true;
}

bool
xn_value_memory(xn_node node, struct xn_problems *problems, int64_t *ret_mib)
{
	static const struct unit units[] = {
	    {"KiB", 1}, {"MiB", 1 << 10}, {"GiB", 1 << 20}, {"TiB", 1 << 30}, {NULL, 0}};
	int64_t kib;

	if (!read_amount(node, problems, units, "memory size", "8 GiB", &kib))
		return false;
	*ret_mib = kib >> 10;
	return true;
}

bool
xn_value_cores(xn_node node, struct xn_problems *problems, int64_t *ret_millicores)
{
	static const struct unit units[] = {{"cores", 1000}, {"core", 1000}, {NULL, 0}};

	return read_amount(node, problems, units, "number of cores", "2 cores", ret_millicores);
}

bool
xn_value_bandwidth(xn_node node, struct xn_problems *problems, int64_t *ret_mbps)
{
	static const struct unit units[] = {{"Mbit/s", 1}, {"Gbit/s", 1000}, {NULL, 0}};

	return read_amount(node, problems, units, "bandwidth", "100 Mbit/s", ret_mbps);
}

bool
xn_value_peak_power(xn_node node, struct xn_problems *problems, xn_power *ret_power)
{
	static const struct unit units[] = {{"kWp", 1000000}, {"MWp", 1000000000}, {NULL, 0}};

	return read_amount(node, problems, units, "peak power", "900 kWp", &ret_power->mw);
}

bool
xn_value_energy_price(xn_node node, struct xn_problems *problems, xn_money *ret_price)
{
	static const struct unit units[] = {{"VND/kWh", 1000}, {NULL, 0}};

	return read_amount(node, problems, units, "energy price", "1833 VND/kWh", &ret_price->mvnd);
}

bool
xn_value_demand_price(xn_node node, struct xn_problems *problems, xn_money *ret_price)
{
	static const struct unit units[] = {{"VND/kW", 1000}, {NULL, 0}};

	return read_amount(
	    node, problems, units, "demand price", "235414 VND/kW", &ret_price->mvnd);
}

bool
xn_value_carbon(xn_node node, struct xn_problems *problems, xn_carbon *ret_carbon)
{
	static const struct unit units[] = {{"g/kWh", 1000}, {"kg/kWh", 1000000}, {NULL, 0}};

	return read_amount(node, problems, units, "carbon factor", "659 g/kWh", &ret_carbon->mg);
}

bool
xn_value_water(xn_node node, struct xn_problems *problems, int64_t *ret_ul)
{
	static const struct unit units[] = {{"l/kWh", 1000000}, {NULL, 0}};

	return read_amount(node, problems, units, "water use", "1.2 l/kWh", ret_ul);
}

bool
xn_value_choice(
    xn_node node, struct xn_problems *problems, const char *const *words, int *ret_index)
{
	char advice[256];
	size_t used = 0;
	const char *nearest = NULL;
	unsigned best;

	if (!xn_yaml_check_scalar(node, problems))
		return false;
	best = xn_text_slips(node->text) + 1;
	for (int i = 0; words[i] != NULL; i++) {
		unsigned distance = xn_text_distance(node->text, words[i], best);

		if (strcmp(words[i], node->text) == 0) {
			*ret_index = i;
			return true;
		}
		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
		if (used < sizeof(advice))
			used += (size_t)snprintf(advice + used, sizeof(advice) - used, "%s'%s'",
			    i == 0 ? "one of " : ", ", words[i]);
	}
	if (nearest != NULL)
		snprintf(advice, sizeof(advice), "did you mean '%s'?", nearest);
	xn_problem_add(problems, node->mark, advice, "'%.64s' is not known here", node->text);
	return false;
}

bool
xn_value_credential(xn_node node, struct xn_problems *problems, const char **ret_name)
{
	static const struct xn_yaml_key keys[] = {{"credential", true}, {NULL, false}};
	const struct xn_yaml *name;

	if (node->kind == XN_YAML_SCALAR && !node->spoiled) {
		xn_problem_add(problems, node->mark,
		    "write {credential: NAME} and keep the secret in a file of that name",
		    "a secret does not stand in a configuration file");
		return false;
	}
	if (!xn_yaml_check_map(node, keys, problems))
		return false;
	name = xn_yaml_get(node, "credential");
	return name != NULL && xn_value_name(name, problems, ret_name);
}
