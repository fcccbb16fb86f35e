#include "orchestrator/cli/metric_case.h"

#include <stdio.h>
#include <string.h>

#include "orchestrator/core/kpi.h"

#define FIELDS_MAX 64

enum dimension { PLAIN, ENERGY, POWER, TIME, MASS, WATER, INTENSITY, TEMPERATURE, PERCENT };

/* Names a field may have in any case of letters, without the unit that may follow it, and what it
 * is kept as. */
static const struct {
	const char *name;
	const char *kept;
	enum dimension dimension;
} known[] = {
    {"e_dc", "e_dc", ENERGY},
    {"e_it", "e_it", ENERGY},
    {"e_cool", "e_cool", ENERGY},
    {"e_loss_elec", "e_loss", ENERGY},
    {"e_loss", "e_loss", ENERGY},
    {"e_ren", "e_ren", ENERGY},
    {"e_res_goo", "e_res_goo", ENERGY},
    {"e_res_ppa", "e_res_ppa", ENERGY},
    {"e_res_os", "e_res_os", ENERGY},
    {"e_reuse", "e_reuse", ENERGY},
    {"e_compute", "e_compute", ENERGY},
    {"e_peak", "e_peak", ENERGY},
    {"e_grid", "e", ENERGY},
    {"e", "e", ENERGY},
    {"cfe", "cfe", ENERGY},
    {"contract", "contract", ENERGY},
    {"e_total", "e_total", ENERGY},
    {"e_estimated", "e_estimated", ENERGY},
    {"e_est", "e_estimated", ENERGY},
    {"total", "e_total", ENERGY},
    {"estimated", "e_estimated", ENERGY},
    {"q_heat_removed", "q_removed", ENERGY},
    {"q_removed", "q_removed", ENERGY},
    {"q_heat", "q_removed", ENERGY},
    {"electricity", "electricity", ENERGY},
    {"dq", "dq", ENERGY},
    {"q", "q", ENERGY},
    {"p_dc", "p_dc", POWER},
    {"p_it", "p_it", POWER},
    {"p_max_30min", "p_max", POWER},
    {"p_max", "p_max", POWER},
    {"smpo", "smpo", POWER},
    {"smpe", "smpe", PLAIN},
    {"cpu", "cpu", PERCENT},
    {"cpu_utilization", "cpu", PERCENT},
    {"hours", "hours", TIME},
    {"period", "period", TIME},
    {"measured", "measured", TIME},
    {"missing", "missing", TIME},
    {"tir", "tir", TIME},
    {"el", "el", TIME},
    {"te", "te", MASS},
    {"m", "m", MASS},
    {"co2e", "co2e", MASS},
    {"kgco2e", "co2e", MASS},
    {"diesel", "diesel", MASS},
    {"i", "i", INTENSITY},
    {"ef", "ef", INTENSITY},
    {"ef_grid", "ef", INTENSITY},
    {"ef_residual", "ef_residual", INTENSITY},
    {"ef_contract", "ef_contract", INTENSITY},
    {"w_in", "w_in", WATER},
    {"rr", "rr", PLAIN},
    {"tor", "tor", PLAIN},
    {"r", "r", PLAIN},
    {"t_return", "t_return", TEMPERATURE},
    {"t_supply", "t_supply", TEMPERATURE},
    {"dt_equipment", "dt_equipment", TEMPERATURE},
    {"intake", "intake", TEMPERATURE},
    {"t_rec_min", "rec_min", TEMPERATURE},
    {"t_rec_max", "rec_max", TEMPERATURE},
    {"t_all_min", "all_min", TEMPERATURE},
    {"t_all_max", "all_max", TEMPERATURE},
    {"meter_class", "meter_class", PERCENT},
    {"ct_class", "ct_class", PERCENT},
    {"U", "U", PLAIN},
    {"U_k2", "U", PLAIN},
    {"value", "value", PLAIN},
    {"pue", "value", PLAIN},
    {"cue", "value", PLAIN},
    {"wue", "value", PLAIN},
    {"ref", "value_high", PLAIN},
    {"erf", "value_high", PLAIN},
    {"cer", "value_high", PLAIN},
    {"dcie", "value_high", PERCENT},
    {"target", "target", PLAIN},
    {"target_max", "target", PLAIN},
    {"target_min", "target_min", PLAIN},
};

/* Kept in kWh, kW, hours, kg, m3, kg/kWh, degC and percent; a bare name is in those already. */
static const struct {
	enum dimension dimension;
	const char *suffix;
	double factor;
} units[] = {
    {ENERGY, "_kwh", 1},
    {ENERGY, "_mwh", 1e3},
    {ENERGY, "_gwh", 1e6},
    {ENERGY, "_wh", 1e-3},
    {POWER, "_kw", 1},
    {POWER, "_mw", 1e3},
    {POWER, "_w", 1e-3},
    {TIME, "_h", 1},
    {TIME, "_d", 24},
    {TIME, "_min", 1.0 / 60},
    {TIME, "_s", 1.0 / 3600},
    {MASS, "_kg", 1},
    {MASS, "_t", 1e3},
    {MASS, "_g", 1e-3},
    {WATER, "_m3", 1},
    {WATER, "_l", 1e-3},
    {INTENSITY, "_kg_kwh", 1},
    {INTENSITY, "_kg_per_kwh", 1},
    {INTENSITY, "_t_per_mwh", 1},
    {INTENSITY, "_g_per_kwh", 1e-3},
    {INTENSITY, "_t_mwh", 1},
    {INTENSITY, "_g_kwh", 1e-3},
    {TEMPERATURE, "_c", 1},
    {TEMPERATURE, "_k", 1},
    {PERCENT, "_pct", 1},
};

struct field {
	const char *name; /* as kept */
	double *values;
	size_t count;
	bool derived; /* of others: it does not say what the case is for */
};

struct metric_kpi {
	struct field fields[FIELDS_MAX];
	size_t count;
	struct xn_kpi_class bounds;
	struct xn_arena *arena;
	const struct xn_library *library;
};

/* ---- reading ---- */

static bool
recognise(const char *key, const char **ret_kept, double *ret_factor)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t length = strlen(known[i].name);

		if (strncasecmp(key, known[i].name, length) != 0)
			continue;
		*ret_kept = known[i].kept;
		*ret_factor = 1;
		if (key[length] == '\0')
			return true;
		for (size_t j = 0; j < sizeof(units) / sizeof(units[0]); j++) {
			*ret_factor = units[j].factor;
			if (units[j].dimension == known[i].dimension &&
			    strcasecmp(units[j].suffix, key + length) == 0)
				return true;
		}
	}
	return false;
}

static const struct field *
find(const struct metric_kpi *in, const char *name)
{
	for (size_t i = 0; i < in->count; i++)
		if (strcmp(in->fields[i].name, name) == 0)
			return &in->fields[i];
	return NULL;
}

/* The field's only number, or the sum of its list; 0 when it is not there. */
static double
sum(const struct metric_kpi *in, const char *name)
{
	const struct field *field = find(in, name);
	double total = 0;

	for (size_t i = 0; field != NULL && i < field->count; i++)
		total += field->values[i];
	return total;
}

static struct field *
add(struct metric_kpi *in, const char *name, size_t count)
{
	struct field *field = &in->fields[in->count];

	if (in->count == FIELDS_MAX)
		return NULL;
	in->count++;
	*field = (struct field){.name = name, .count = count};
	field->values = xn_new(in->arena, double, count + 1);
	return field;
}

static void
derive(struct metric_kpi *in, const char *name, double number)
{
	struct field *field = find(in, name) == NULL ? add(in, name, 1) : NULL;

	if (field == NULL)
		return;
	field->derived = true;
	field->values[0] = number;
}

static void
read_field(const struct metric_case *one, const struct xn_yaml *node, struct metric_kpi *in)
{
	bool is_list = node->kind == XN_YAML_LIST;
	struct xn_decimal number;
	const char *kept;
	double factor;
	struct field *field;
	size_t i = 0;

	if (xn_metric_expects(node->key->text) || !recognise(node->key->text, &kept, &factor))
		return;
	if (find(in, kept) != NULL) {
		xn_problem_add(one->problems, node->key->mark, NULL,
		    "'%.64s' says again what another field says", node->key->text);
		return;
	}
	field = add(in, kept, is_list ? node->count : 1);
	if (field == NULL)
		return;
	if (!is_list && xn_metric_number(one, node, &number))
		field->values[0] = number.value * factor;
	if (is_list)
		XN_YAML_EACH (item, node)
			if (xn_metric_number(one, item, &number))
				field->values[i++] = number.value * factor;
}

/* Several sites: their energies are summed, field by field. */
static void
read_sites(const struct metric_case *one, const struct xn_yaml *sites, struct metric_kpi *in)
{
	if (!xn_yaml_check_list(sites, one->problems))
		return;
	XN_YAML_EACH (site, sites) {
		if (!xn_yaml_check_names(site, one->problems))
			continue;
		XN_YAML_EACH (node, site) {
			struct xn_decimal number;
			const char *kept;
			double factor;
			struct field *field;

			if (!recognise(node->key->text, &kept, &factor) ||
			    !xn_metric_number(one, node, &number))
				continue;
			field = NULL;
			for (size_t i = 0; i < in->count; i++)
				if (strcmp(in->fields[i].name, kept) == 0)
					field = &in->fields[i];
			if (field == NULL)
				field = add(in, kept, 1);
			if (field != NULL && field->count == 1)
				field->values[0] += number.value * factor;
		}
	}
}

static void
read_class(const struct metric_case *one, struct metric_kpi *in)
{
	const struct xn_yaml *node = xn_yaml_get(one->node, "class");
	const struct xn_thermal_class *class;

	if (node == NULL || !xn_yaml_check_scalar(node, one->problems))
		return;
	class = xn_library_class(one->library, node->text);
	if (class == NULL) {
		xn_problem_add(one->problems, node->mark, "such as A1",
		    "'%.64s' is no class of equipment in the library", node->text);
		return;
	}
	derive(in, "rec_min", class->bounds.rec_min);
	derive(in, "rec_max", class->bounds.rec_max);
	derive(in, "all_min", class->bounds.all_min);
	derive(in, "all_max", class->bounds.all_max);
}

/* Classes given once hold for both sides; a list of two is numerator and denominator. */
static double
class_of(const struct metric_kpi *in, const char *name, size_t side)
{
	const struct field *field = find(in, name);

	if (field == NULL || field->count == 0)
		return 0;
	return field->values[side < field->count ? side : 0] / 100;
}

static double
expanded(const struct metric_kpi *in)
{
	double u[2];

	for (size_t side = 0; side < 2; side++)
		u[side] =
		    xn_kpi_chain(class_of(in, "meter_class", side), class_of(in, "ct_class", side));
	return xn_kpi_expanded(sum(in, "value"), u[0], u[1]);
}

/* Whether a field says that the target is the least there must be. */
static bool
is_minimum(const struct metric_case *one)
{
	static const char *const keys[] = {
	    "direction", "target_is", "target_kind", "sense", "kind"};
	static const char *const words[] = {"min", "minimum", "at_least", "at-least", ">="};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct xn_yaml *node = xn_yaml_get(one->node, keys[i]);

		for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
			if (node != NULL && node->kind == XN_YAML_SCALAR &&
			    strcmp(node->text, words[j]) == 0)
				return true;
	}
	return false;
}

/* What follows from fields that are there, for formulas that ask for it by another name. */
static void
derive_all(const struct metric_case *one, struct metric_kpi *in)
{
	const char *from[] = {"e_res_goo", "e_res_ppa", "e_res_os"};

	for (size_t i = 0; i < 3; i++)
		if (find(in, from[i]) != NULL) {
			derive(in, "e_ren",
			    sum(in, "e_res_goo") + sum(in, "e_res_ppa") + sum(in, "e_res_os"));
			break;
		}
	if (find(in, "period") != NULL && find(in, "missing") != NULL)
		derive(in, "measured", sum(in, "period") - sum(in, "missing"));
	if (find(in, "e_dc") != NULL && find(in, "ef") != NULL && find(in, "ef")->count == 1)
		derive(in, "co2e", sum(in, "e_dc") * sum(in, "ef"));
	if (find(in, "e_dc") != NULL && find(in, "e_it") != NULL && sum(in, "e_it") > 0)
		derive(in, "value", sum(in, "e_dc") / sum(in, "e_it"));
	if (find(in, "te") != NULL && find(in, "tir") != NULL && find(in, "el") != NULL)
		derive(in, "m",
		    xn_kpi_sci_embodied(
			sum(in, "te"), sum(in, "tir"), sum(in, "el"), sum(in, "rr"), sum(in, "tor"))
			.value);
	if (find(in, "target_min") != NULL)
		derive(in, "target", sum(in, "target_min"));
	if (find(in, "value_high") != NULL) {
		derive(in, "value", sum(in, "value_high"));
		derive(in, "target_min", sum(in, "target"));
	}
	if (is_minimum(one))
		derive(in, "target_min", sum(in, "target"));
	if (find(in, "value") != NULL && find(in, "meter_class") != NULL)
		derive(in, "U", expanded(in));
	read_class(one, in);
}

const struct metric_kpi *
xn_metric_kpi_read(const struct metric_case *one)
{
	struct metric_kpi *in = xn_new(one->arena, struct metric_kpi, 1);
	const struct xn_yaml *sites = xn_yaml_get(one->node, "sites");

	in->arena = one->arena;
	in->library = one->library;
	if (sites != NULL)
		read_sites(one, sites, in);
	XN_YAML_EACH (node, one->node)
		read_field(one, node, in);
	derive_all(one, in);
	return in;
}

/* ---- indicators ---- */

/* A field; one without numbers when it is not there. */
static const struct field *
list(const struct metric_kpi *in, const char *name)
{
	static const struct field nothing = {.name = ""};
	const struct field *field = find(in, name);

	return field != NULL ? field : &nothing;
}

/* As many numbers as `like` has; a single one counts for each. NULL: they do not go together. */
static const double *
spread(const struct metric_kpi *in, const char *name, const char *like)
{
	const struct field *field = find(in, name);
	size_t count = list(in, like)->count;
	double *values;

	if (field != NULL && field->count == count)
		return field->values;
	if (field != NULL && field->count != 1)
		return NULL;
	values = xn_new(in->arena, double, count + 1);
	for (size_t i = 0; i < count; i++)
		values[i] = field != NULL ? field->values[0] : 0;
	return values;
}

static const struct xn_kpi unequal = {.state = XN_KPI_REFUSED, .why = "lists_differ_in_length"};

#define OUTPUT(name, ...)                                                                          \
	static struct xn_kpi out_##name(const struct metric_kpi *in)                               \
	{                                                                                          \
		return __VA_ARGS__;                                                                \
	}

OUTPUT(pue, xn_kpi_pue(sum(in, "e_dc"), sum(in, "e_it")))
OUTPUT(ratio_now, xn_kpi_pue(sum(in, "p_dc"), sum(in, "p_it")))
OUTPUT(dcie, xn_kpi_dcie(sum(in, "e_dc"), sum(in, "e_it")))
OUTPUT(ref, xn_kpi_ref(sum(in, "e_ren"), sum(in, "e_dc")))
OUTPUT(erf, xn_kpi_erf(sum(in, "e_reuse"), sum(in, "e_dc")))
OUTPUT(ere, xn_kpi_ere(sum(in, "e_dc"), sum(in, "e_reuse"), sum(in, "e_it")))
OUTPUT(tue, xn_kpi_tue(sum(in, "e_dc"), sum(in, "e_it"), sum(in, "e_compute")))
OUTPUT(cue, xn_kpi_cue(sum(in, "co2e"), sum(in, "e_it")))
OUTPUT(wue, xn_kpi_wue(sum(in, "w_in"), sum(in, "e_it")))
OUTPUT(cer, xn_kpi_cer(sum(in, "q_removed"), sum(in, "e_cool")))
OUTPUT(peak_share, xn_kpi_peak_share(sum(in, "e_peak"), sum(in, "e_dc")))
OUTPUT(load_factor, xn_kpi_load_factor(sum(in, "e_dc"), sum(in, "p_max"), sum(in, "hours")))
OUTPUT(coverage, xn_kpi_coverage(sum(in, "measured"), sum(in, "period")))
OUTPUT(estimated, xn_kpi_estimated(sum(in, "e_estimated"), sum(in, "e_total")))
OUTPUT(iteusv, xn_kpi_iteusv(list(in, "cpu")->values, list(in, "cpu")->count))
OUTPUT(rti, xn_kpi_rti(sum(in, "t_return"), sum(in, "t_supply"), sum(in, "dt_equipment")))
OUTPUT(shi, xn_kpi_shi(sum(in, "dq"), sum(in, "q")))
OUTPUT(rhi, xn_kpi_rhi(sum(in, "dq"), sum(in, "q")))
OUTPUT(sci, xn_kpi_sci(sum(in, "e"), sum(in, "i"), sum(in, "m"), sum(in, "r")))
OUTPUT(intakes, (struct xn_kpi){.value = (double)list(in, "intake")->count, .why = ""})
OUTPUT(expanded, (struct xn_kpi){.value = expanded(in), .why = ""})
OUTPUT(toe,
    xn_kpi_toe(sum(in, "electricity") / 1000, in->library->toe_per_mwh, sum(in, "diesel") / 1000,
	in->library->toe_per_tonne_diesel))
OUTPUT(verdict,
    (struct xn_kpi){.value = xn_kpi_judge(sum(in, "value"), sum(in, "U"), sum(in, "target"),
			find(in, "target_min") != NULL),
	.why = ""})

static struct xn_kpi_parts
parts(const struct metric_kpi *in)
{
	return xn_kpi_contributions(
	    sum(in, "e_dc"), sum(in, "e_it"), sum(in, "e_cool"), sum(in, "e_loss"));
}

OUTPUT(cooling, parts(in).cooling)
OUTPUT(losses, parts(in).losses)
OUTPUT(other, parts(in).other)

static struct xn_kpi
out_rci(const struct metric_kpi *in, bool high)
{
	const struct field *intake = list(in, "intake");
	struct xn_kpi_class bounds = {
	    sum(in, "rec_min"), sum(in, "rec_max"), sum(in, "all_min"), sum(in, "all_max")};

	return high ? xn_kpi_rci_hi(&bounds, intake->values, intake->count)
		    : xn_kpi_rci_lo(&bounds, intake->values, intake->count);
}

OUTPUT(rci_hi, out_rci(in, true))
OUTPUT(rci_lo, out_rci(in, false))

static struct xn_kpi
out_iteesv(const struct metric_kpi *in)
{
	const double *watts = spread(in, "smpo", "smpe");

	if (watts == NULL)
		return unequal;
	return xn_kpi_iteesv(list(in, "smpe")->values, watts, list(in, "smpe")->count);
}

static struct xn_kpi
out_location(const struct metric_kpi *in)
{
	const double *factors = spread(in, "ef", "e");

	if (factors == NULL)
		return unequal;
	return xn_kpi_scope2_location(list(in, "e")->values, factors, list(in, "e")->count);
}

static struct xn_kpi
out_market(const struct metric_kpi *in)
{
	const char *rest = find(in, "ef_residual") != NULL ? "ef_residual" : "ef";
	const double *contract = spread(in, "contract", "e");
	const double *residual = spread(in, rest, "e");
	const double *contracted = spread(in, "ef_contract", "e");

	if (contract == NULL || residual == NULL || contracted == NULL)
		return unequal;
	return xn_kpi_scope2_market(
	    list(in, "e")->values, contract, residual, contracted, list(in, "e")->count);
}

static struct xn_kpi
out_cfe(const struct metric_kpi *in)
{
	const double *free = spread(in, "cfe", "e");

	return free == NULL ? unequal
			    : xn_kpi_cfe(list(in, "e")->values, free, list(in, "e")->count);
}

static struct xn_kpi
out_embodied(const struct metric_kpi *in)
{
	return xn_kpi_sci_embodied(
	    sum(in, "te"), sum(in, "tir"), sum(in, "el"), sum(in, "rr"), sum(in, "tor"));
}

/* Names that an output is asked for by, what it is made of (words; "?x": if it is there), its unit
 * by the name asked: `per` of the kept unit. In the order in which fields alone decide. */
static const struct output {
	const char *names;
	const char *terms;
	struct xn_kpi (*work_out)(const struct metric_kpi *in);
	double per;
	bool is_verdict;
} outputs[] = {
    {"pue ipue ppue mpue pue1 pue2 pue3", "e_dc e_it", out_pue, 1, false},
    {"power_ratio_now", "p_dc p_it", out_ratio_now, 1, false},
    {"dcie dcie_pct", "e_dc e_it", out_dcie, 1, false},
    {"ref", "e_ren e_dc ?e_res_goo ?e_res_ppa ?e_res_os", out_ref, 1, false},
    {"erf", "e_reuse e_dc", out_erf, 1, false},
    {"ere", "e_dc e_reuse e_it", out_ere, 1, false},
    {"tue", "e_dc e_it e_compute", out_tue, 1, false},
    {"cue cue_kg_kwh", "co2e e_it ?e_dc ?ef", out_cue, 1, false},
    {"wue wue_m3_mwh wue_l_kwh", "w_in e_it", out_wue, 1, false},
    {"cer", "q_removed e_cool", out_cer, 1, false},
    {"pue_cooling cooling e_cool_share", "e_dc e_it e_cool e_loss", out_cooling, 1, false},
    {"pue_losses losses loss", "e_dc e_it e_cool e_loss", out_losses, 1, false},
    {"pue_other other", "e_dc e_it e_cool e_loss", out_other, 1, false},
    {"iteesv", "smpe smpo", out_iteesv, 1, false},
    {"iteusv iteusv_pct", "cpu", out_iteusv, 1, false},
    {"tco2e scope2_market scope2_market_tco2e t", "e contract ?ef_residual ?ef_contract ?ef",
	out_market, 1000, false},
    {"kgco2e kg scope2_market_kg", "e contract ?ef_residual ?ef_contract ?ef", out_market, 1,
	false},
    {"tco2e scope2_location scope2_location_tco2e t", "e ef", out_location, 1000, false},
    {"kgco2e kg scope2_location_kg", "e ef", out_location, 1, false},
    {"cfe_hourly cfe", "e cfe", out_cfe, 1, false},
    {"peak_share", "e_peak e_dc", out_peak_share, 1, false},
    {"load_factor", "e_dc p_max hours", out_load_factor, 1, false},
    {"toe", "electricity ?diesel", out_toe, 1, false},
    {"toe", "diesel", out_toe, 1, false},
    {"rci_hi", "intake rec_max all_max", out_rci_hi, 1, false},
    {"rci_lo", "intake rec_min all_min", out_rci_lo, 1, false},
    {"n", "intake", out_intakes, 1, false},
    {"rti", "t_return t_supply dt_equipment", out_rti, 1, false},
    {"shi", "dq q", out_shi, 1, false},
    {"rhi", "dq q", out_rhi, 1, false},
    {"kg m_kg m", "te tir el rr tor", out_embodied, 1, false},
    {"g m_g", "te tir el rr tor", out_embodied, 1e-3, false},
    {"sci sci_kg kg", "e i m r ?te ?tir ?el ?rr ?tor", out_sci, 1, false},
    {"sci_g g", "e i m r ?te ?tir ?el ?rr ?tor", out_sci, 1e-3, false},
    {"U_k2 U u_k2", "value meter_class ?ct_class ?value_high ?e_dc ?e_it", out_expanded, 1, false},
    {"status verdict claim",
	"value target U ?target_min ?value_high ?e_dc ?e_it ?meter_class ?ct_class", out_verdict, 1,
	true},
    {"coverage", "measured period ?missing", out_coverage, 1, false},
    {"estimated estimated_share", "e_estimated e_total", out_estimated, 1, false},
};

static bool
has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = strstr(words, word); at != NULL; at = strstr(at + 1, word))
		if ((at == words || at[-1] == ' ' || at[-1] == '?') &&
		    (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

/* How many of the fields given an output uses; -1 when it lacks one. */
static int
fit(const struct metric_kpi *in, const struct output *output)
{
	char terms[128];
	char *rest = NULL;
	int used = 0;

	memcpy(terms, output->terms, strlen(output->terms) + 1);
	for (char *term = strtok_r(terms, " ", &rest); term != NULL;
	     term = strtok_r(NULL, " ", &rest)) {
		const struct field *field = find(in, *term == '?' ? term + 1 : term);

		if (field == NULL && *term != '?')
			return -1;
		used += field != NULL && !field->derived;
	}
	return used;
}

json_t *
xn_metric_kpi(const struct metric_kpi *kpi, const char *name)
{
	const struct output *best = NULL;
	char text[64];
	struct xn_kpi result;
	int most = -1;

	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		int used = fit(kpi, &outputs[i]);

		if (used > most && (name == NULL || has_word(outputs[i].names, name))) {
			best = &outputs[i];
			most = used;
		}
	}
	if (best == NULL)
		return json_null();
	result = best->work_out(kpi);
	if (result.state == XN_KPI_NO_DATA)
		return json_string("no_data");
	if (result.state == XN_KPI_REFUSED) {
		snprintf(text, sizeof(text), "reject:%s", result.why);
		return json_string(text);
	}
	if (best->is_verdict)
		return json_string(xn_kpi_verdict_word((enum xn_kpi_verdict)result.value));
	return json_real(result.value / best->per);
}
