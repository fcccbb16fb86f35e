#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/csv.h"
#include "policies/energy_plan_parts.h"

#define DAY_MS              INT64_C(86400000)
#define FACTORS_MAX         100000u
#define CONTRACTS_MAX       100u
#define CONTRACT_CARBON_MAX INT64_C(10000000)
/* A gigawatt; so that a day of all contracts fits in 64 bits. */
#define CONTRACT_POWER_MAX  INT64_C(1000000000000)

static const struct xn_yaml_key carbon_keys[] = {{"factor", false}, {"file", false}, {"id", false},
    {"year", false}, {"issuer", false}, {"method", false}, {"residual", false}, {NULL, false}};
static const struct xn_yaml_key factor_keys[] = {{"factor", true}, {"id", false}, {"year", false},
    {"issuer", false}, {"method", false}, {NULL, false}};
static const struct xn_yaml_key contract_keys[] = {{"name", true}, {"from", false}, {"to", false},
    {"power", true}, {"hours", false}, {"days", false}, {"carbon", false}, {"basis", false},
    {NULL, false}};

static bool
read_year(struct xn_plan_reader *in, const struct xn_yaml *value, int *ret_year)
{
	int64_t year;

	if (!xn_value_count(value, in->problems, &year))
		return false;
	if (year < 1990 || year > 2200) {
		xn_problem_add(
		    in->problems, value->mark, NULL, "'%.64s' is no year of a factor", value->text);
		return false;
	}
	*ret_year = (int)year;
	return true;
}

/* `factor` with who says so: what has an id has a year, or nobody can check it. */
static void
read_factor(struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_factor *factor)
{
	const struct xn_yaml *value;

	factor->id = factor->issuer = factor->method = "";
	if ((value = xn_yaml_get(node, "factor")) != NULL)
		xn_value_carbon(value, in->problems, &factor->per_kwh);
	xn_plan_read_text(in, node, "id", &factor->id);
	xn_plan_read_text(in, node, "issuer", &factor->issuer);
	xn_plan_read_text(in, node, "method", &factor->method);
	if ((value = xn_yaml_get(node, "year")) != NULL)
		read_year(in, value, &factor->year);
	else if (xn_yaml_get(node, "id") != NULL && !node->cut)
		xn_problem_add(in->problems, xn_yaml_place(node), NULL,
		    "required key 'year' is missing: the factor '%.64s' is of no year", factor->id);
}

/* ---- files ---- */

/* tCO2e/MWh is kg/kWh. */
static bool
read_tonnes(struct xn_plan_reader *in, const struct xn_yaml *field, xn_carbon *ret_per_kwh)
{
	struct xn_yaml with_unit = *field;

	with_unit.text = xn_text(in->arena, "%.64s kg/kWh", field->text);
	return xn_value_carbon(&with_unit, in->problems, ret_per_kwh);
}

static const char *
copy_of(struct xn_csv *csv, const char *name)
{
	const struct xn_yaml *field = xn_csv_field(csv, name);

	return field == NULL ? "" : field->text;
}

static bool
read_factor_row(struct xn_plan_reader *in, struct xn_csv *csv, struct xn_factor *factor)
{
	const struct xn_yaml *year = xn_csv_field(csv, "year");
	const struct xn_yaml *value = xn_csv_field(csv, "value_tco2e_per_mwh");
	bool good;

	factor->id = copy_of(csv, "factor_id");
	factor->issuer = copy_of(csv, "issuer");
	factor->method = copy_of(csv, "method");
	if (year->text[0] == '\0') {
		xn_problem_add(
		    in->problems, year->mark, NULL, "the factor '%.64s' has no year", factor->id);
		return false;
	}
	good = read_year(in, year, &factor->year);
	return read_tonnes(in, value, &factor->per_kwh) && good;
}

/* Without an id a table must say which of its rows are one series. */
static bool
is_location_row(const struct xn_csv *csv)
{
	const struct xn_yaml *use = xn_csv_field(csv, "use");

	return use == NULL || strncmp(use->text, "location_based", 14) == 0;
}

static void
add_factor(struct xn_plan_factor *rows, unsigned *count, struct xn_factor factor, xn_instant from)
{
	rows[*count] = (struct xn_plan_factor){
	    .from = *count == 0 ? (xn_instant){0} : from, .to = {INT64_MAX}, .factor = factor};
	if (*count > 0)
		rows[*count - 1].to = from;
	++*count;
}

/*
 * A table of factors by year: the one of `id`, always; else the location-based series, each factor
 * from its year's first day until the next, the last one until there is a newer.
 */
static void
read_years(struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_csv *csv,
    struct xn_plan_carbon *carbon)
{
	const struct xn_yaml *id = xn_yaml_get(node, "id");
	struct xn_plan_factor *rows = xn_new(in->arena, struct xn_plan_factor, FACTORS_MAX);

	carbon->location = rows;
	while (xn_csv_next(csv) && carbon->location_count < FACTORS_MAX) {
		struct xn_factor factor = {.year = 0};
		bool chosen;

		if (!read_factor_row(in, csv, &factor))
			continue;
		chosen = id != NULL ? strcmp(id->text, factor.id) == 0 : is_location_row(csv);
		if (chosen && carbon->location_count > 0 &&
		    rows[carbon->location_count - 1].factor.year >= factor.year)
			xn_problem_add(in->problems, xn_csv_field(csv, "year")->mark, NULL,
			    "the year %d is not after that of the row before", factor.year);
		else if (chosen)
			add_factor(rows, &carbon->location_count, factor,
			    xn_plan_year_start(in, factor.year));
	}
	if (carbon->location_count == 0)
		xn_problem_add(in->problems,
		    id != NULL ? id->mark : xn_yaml_get(node, "file")->mark, NULL,
		    "the file has no %s '%.64s'",
		    id != NULL ? "factor" : "location-based factor in",
		    id != NULL ? id->text : xn_yaml_get(node, "file")->text);
}

/* A table of intensities by time: indicative, as nobody official publishes one. */
static void
read_times(struct xn_plan_reader *in, const char *time_name, struct xn_csv *csv,
    struct xn_plan_carbon *carbon)
{
	struct xn_plan_factor *rows = xn_new(in->arena, struct xn_plan_factor, FACTORS_MAX);

	carbon->location = rows;
	while (xn_csv_next(csv) && carbon->location_count < FACTORS_MAX) {
		const struct xn_yaml *time = xn_csv_field(csv, time_name);
		struct xn_yaml value = *xn_csv_field(csv, "g_per_kwh");
		struct xn_factor factor = {
		    .id = "", .issuer = "", .method = "series by time, indicative"};
		xn_instant at;

		value.text = xn_text(in->arena, "%.64s g/kWh", value.text);
		if (!xn_value_instant(time, in->problems, &at) ||
		    !xn_value_carbon(&value, in->problems, &factor.per_kwh))
			continue;
		if (carbon->location_count > 0 && at.ms <= rows[carbon->location_count - 1].from.ms)
			xn_problem_add(in->problems, time->mark, NULL,
			    "'%.64s' is not after the row before", time->text);
		else
			add_factor(rows, &carbon->location_count, factor, at);
	}
}

static void
read_file(struct xn_plan_reader *in, const struct xn_yaml *node, const struct xn_yaml *name,
    struct xn_plan_carbon *carbon)
{
	const struct xn_energy_file *file = xn_plan_open(in, name, false);
	struct xn_csv csv;

	if (file == NULL)
		return;
	xn_csv_open(&csv, in->arena, file->source);
	if (xn_csv_column(&csv, "factor_id") >= 0 && xn_csv_column(&csv, "year") >= 0 &&
	    xn_csv_column(&csv, "value_tco2e_per_mwh") >= 0)
		read_years(in, node, &csv, carbon);
	else if (xn_csv_column(&csv, "time") >= 0 && xn_csv_column(&csv, "g_per_kwh") >= 0)
		read_times(in, "time", &csv, carbon);
	else if (in->files == NULL || in->files->all_known)
		xn_problem_add(in->problems, name->mark,
		    "columns factor_id,year,value_tco2e_per_mwh or time,g_per_kwh",
		    "'%.200s' is no table of carbon factors", name->text);
}

/* ---- what a plan says ---- */

static const struct xn_plan_factor *
one_factor(struct xn_plan_reader *in, const struct xn_yaml *node)
{
	struct xn_plan_factor *row = xn_new(in->arena, struct xn_plan_factor, 1);

	row->to.ms = INT64_MAX;
	read_factor(in, node, &row->factor);
	return row;
}

void
xn_plan_read_carbon(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_carbon *carbon)
{
	const struct xn_yaml *factor;
	const struct xn_yaml *file;
	const struct xn_yaml *residual;

	if (!xn_yaml_check_map(node, carbon_keys, in->problems))
		return;
	factor = xn_yaml_get(node, "factor");
	file = xn_yaml_get(node, "file");
	residual = xn_yaml_get(node, "residual");
	if (factor == NULL && file == NULL && !node->cut)
		xn_problem_add(
		    in->problems, xn_yaml_place(node), NULL, "carbon needs 'factor' or 'file'");
	if (factor != NULL && file != NULL)
		xn_problem_add(
		    in->problems, file->key->mark, NULL, "carbon has 'factor' or 'file', not both");
	if (file != NULL && factor == NULL) {
		read_file(in, node, file, carbon);
	} else {
		carbon->location = one_factor(in, node);
		carbon->location_count = factor != NULL;
	}
	if (residual != NULL && xn_yaml_check_map(residual, factor_keys, in->problems)) {
		carbon->residual = one_factor(in, residual);
		carbon->residual_count = 1;
	}
}

static void
read_contract(
    struct xn_plan_reader *in, const struct xn_yaml *item, struct xn_plan_contract *contract)
{
	const struct xn_yaml *value;

	contract->name = contract->basis = "";
	contract->days = 0x7f;
	contract->end = XN_DAY_MINUTES;
	contract->factor.id = contract->factor.issuer = contract->factor.method = "";
	if (!xn_yaml_check_map(item, contract_keys, in->problems))
		return;
	if ((value = xn_yaml_get(item, "name")) != NULL)
		xn_value_name(value, in->problems, &contract->name);
	xn_plan_read_span(in, item, &contract->from, &contract->to);
	value = xn_yaml_get(item, "power");
	if (value != NULL && xn_value_power(value, in->problems, &contract->power) &&
	    contract->power.mw > CONTRACT_POWER_MAX)
		xn_problem_add(in->problems, value->mark, NULL,
		    "'%.64s' is more than a contract delivers", value->text);
	if ((value = xn_yaml_get(item, "hours")) != NULL)
		xn_value_hours(value, in->problems, true, &contract->start, &contract->end);
	if ((value = xn_yaml_get(item, "days")) != NULL)
		xn_value_days(value, in->problems, &contract->days);
	value = xn_yaml_get(item, "carbon");
	if (value != NULL && xn_yaml_check_map(value, factor_keys, in->problems)) {
		read_factor(in, value, &contract->factor);
		if (contract->factor.per_kwh.mg > CONTRACT_CARBON_MAX)
			xn_problem_add(in->problems, value->mark, NULL,
			    "nothing under contract emits more than 10 kg/kWh");
	}
	xn_plan_read_text(in, item, "basis", &contract->basis);
}

void
xn_plan_read_contracts(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_carbon *carbon)
{
	struct xn_plan_contract *rows;

	if (!xn_yaml_check_list(node, in->problems))
		return;
	rows = xn_new(in->arena, struct xn_plan_contract,
	    node->count < CONTRACTS_MAX ? node->count + 1u : CONTRACTS_MAX);
	carbon->contracts = rows;
	XN_YAML_EACH (item, node) {
		if (carbon->contract_count == CONTRACTS_MAX) {
			xn_problem_add(in->problems, item->mark, NULL,
			    "more than %u contracts in one plan", CONTRACTS_MAX);
			break;
		}
		read_contract(in, item, &rows[carbon->contract_count++]);
	}
}

/* ---- answers ---- */

static const struct xn_plan_factor *
factor_at(const struct xn_plan_factor *rows, unsigned count, xn_instant at)
{
	unsigned low = 0;

	while (count > 1) {
		unsigned half = count / 2;

		if (rows[low + half].from.ms <= at.ms) {
			low += half;
			count -= half;
		} else {
			count = half;
		}
	}
	return count == 1 && at.ms >= rows[low].from.ms && at.ms < rows[low].to.ms ? &rows[low]
										   : NULL;
}

bool
xn_energy_plan_factor(const struct xn_energy_plan *plan, enum xn_factor_use use, xn_instant at,
    struct xn_factor *ret_factor)
{
	const struct xn_plan_carbon *carbon = &plan->carbon;
	const struct xn_plan_factor *row = NULL;

	if (at.ms < plan->from.ms || at.ms >= plan->to.ms)
		return false;
	if (use == XN_FACTOR_RESIDUAL)
		row = factor_at(carbon->residual, carbon->residual_count, at);
	if (row == NULL && use != XN_FACTOR_CONTRACT)
		row = factor_at(carbon->location, carbon->location_count, at);
	if (row != NULL)
		*ret_factor = row->factor;
	return row != NULL;
}

/* Milliseconds of [from, to) in which a contract delivers. */
static int64_t
delivered_ms(
    const struct xn_plan_contract *contract, xn_instant from, xn_instant to, int utc_offset_s)
{
	int64_t sum = 0;

	if (from.ms < contract->from.ms)
		from = contract->from;
	if (to.ms > contract->to.ms)
		to = contract->to;
	while (from.ms < to.ms) {
		int64_t next = from.ms - ((from.ms % 60000) + 60000) % 60000 + 60000;
		int minute = xn_plan_minute_of_week(from, utc_offset_s);
		int of_day = minute % XN_DAY_MINUTES;
		int day = minute / XN_DAY_MINUTES;
		bool wraps = contract->start > contract->end;

		if (wraps && of_day < contract->end)
			day = (day + 6) % 7;
		if (next > to.ms)
			next = to.ms;
		if ((contract->days & 1u << day) != 0 &&
		    xn_plan_within(of_day, contract->start, contract->end))
			sum += next - from.ms;
		from.ms = next;
	}
	return sum;
}

bool
xn_energy_plan_contracted(const struct xn_energy_plan *plan, xn_instant from, xn_instant to,
    int utc_offset_s, xn_energy *ret_energy, xn_carbon *ret_per_kwh)
{
	int64_t energy = 0;
	int64_t weighted = 0; /* mg x 100 Wh */

	assert(to.ms - from.ms <= DAY_MS);
	for (unsigned i = 0; i < plan->carbon.contract_count; i++) {
		const struct xn_plan_contract *contract = &plan->carbon.contracts[i];
		int64_t ms = delivered_ms(contract, from, to, utc_offset_s);
		int64_t mj = contract->power.mw / 1000 * ms;

		energy += mj;
		weighted += mj / (XN_WH_MJ * 100) * contract->factor.per_kwh.mg;
	}
	ret_energy->mj = energy;
	ret_per_kwh->mg = energy < XN_WH_MJ * 100 ? 0 : weighted / (energy / (XN_WH_MJ * 100));
	return energy > 0;
}
