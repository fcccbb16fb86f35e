#include "orchestrator/books/kpis.h"

#include <stdio.h>
#include <string.h>

#include "orchestrator/books/kpis_facts.h"
#include "orchestrator/books/period.h"
#include "orchestrator/core/topology.h"

#define DC_ACCOUNTS                                                                                \
	(XN_ACCOUNT_BIT(XN_ACCOUNT_GRID) | XN_ACCOUNT_BIT(XN_ACCOUNT_PV) |                         \
	    XN_ACCOUNT_BIT(XN_ACCOUNT_BATTERY) | XN_ACCOUNT_BIT(XN_ACCOUNT_GENERATOR))
#define IT_ACCOUNTS                                                                                \
	(XN_ACCOUNT_BIT(XN_ACCOUNT_RACK_OTHER) | XN_ACCOUNT_BIT(XN_ACCOUNT_HOST) |                 \
	    XN_ACCOUNT_BIT(XN_ACCOUNT_VM))
#define ROWS_MAX (XN_KPI_COUNT + XN_KPIS_PLATFORMS_MAX)

#define FACTS(enumerator, id, unit, title, formula, source)                                        \
	[enumerator] = {id, unit, title, formula, source},
const struct xn_kpi_facts xn_kpi_facts[XN_KPI_COUNT] = {XN_KPIS(FACTS)};
#undef FACTS

enum xn_kpi_id
xn_kpi_of(const char *id)
{
	unsigned i = 0;

	while (i < XN_KPI_COUNT && strcmp(xn_kpi_facts[i].id, id) != 0)
		i++;
	return (enum xn_kpi_id)i;
}

/* ---- terms ---- */

struct work {
	const struct xn_kpi_all *all;
	struct xn_kpis *kpis;
	bool year;         /* the span has twelve months */
	int category;      /* of IT energy */
	double u_dc, u_it; /* standard uncertainties as shares; below 0: not known */
	double e_dc, e_it, e_cool, e_loss;
};

static struct xn_kpi_term *
add_term(struct xn_kpi_row *row, const char *name, const char *unit, const char *from, double value)
{
	struct xn_kpi_term *term = &row->terms[row->term_count++];

	*term = (struct xn_kpi_term){.name = name, .unit = unit, .from = from, .value = value};
	return term;
}

/* A term that is the sum of accounts. What was not booked at all was not measured either. */
static void
add_energy(const struct work *in, struct xn_kpi_row *row, const char *name, const char *from,
    double kwh, uint64_t accounts)
{
	const struct xn_kpi_sums *sums = &in->all->sums;
	struct xn_kpi_term *term = add_term(row, name, "kWh", from, kwh);
	double covered = 0, span = 0, estimated = 0, all = 0;

	for (unsigned i = 0; i < XN_ACCOUNT_COUNT; i++) {
		const struct xn_amount *amount = &sums->accounts[i];

		if ((accounts & XN_ACCOUNT_BIT(i)) == 0)
			continue;
		covered += (double)amount->covered.ms;
		span += (double)amount->span.ms;
		estimated += (double)amount->estimated.mj;
		all += xn_kpi_kwh(amount) * 1000 * (double)XN_WH_MJ;
	}
	term->measured = true;
	if (sums->hours > 0 && span > 0)
		term->coverage = covered / span * (sums->booked / sums->hours);
	if (term->coverage > 1)
		term->coverage = 1;
	term->estimated = all > 0 ? estimated / all : 0;
	if (term->estimated > 1)
		term->estimated = 1;
}

static void
add_dc(const struct work *in, struct xn_kpi_row *row)
{
	add_energy(in, row, "e_dc", "grid + pv + battery + generator", in->e_dc, DC_ACCOUNTS);
}

static void
add_it(const struct work *in, struct xn_kpi_row *row)
{
	add_energy(
	    in, row, "e_it", "hosts + VMs + other equipment of the racks", in->e_it, IT_ACCOUNTS);
	row->category = in->category;
}

static void
add_cool(const struct work *in, struct xn_kpi_row *row)
{
	add_energy(in, row, "e_cool", "cooling", in->e_cool, XN_ACCOUNT_BIT(XN_ACCOUNT_COOLING));
}

static void
add_grid(const struct work *in, struct xn_kpi_row *row)
{
	add_energy(in, row, "e_grid", "grid", xn_kpi_kwh(&in->all->sums.accounts[XN_ACCOUNT_GRID]),
	    XN_ACCOUNT_BIT(XN_ACCOUNT_GRID));
}

static void
no_value(struct xn_kpi_row *row, const char *why)
{
	row->kpi = (struct xn_kpi){.state = XN_KPI_NO_DATA, .why = ""};
	snprintf(row->why, sizeof(row->why), "%s", why);
}

/* One more sentence of the note. */
static void
append(struct xn_kpi_row *row, const char *sentence)
{
	size_t used = strlen(row->note);

	snprintf(
	    row->note + used, sizeof(row->note) - used, "%s%s", used > 0 ? "; " : "", sentence);
}

/* A term that people brought; false, with the reason, when nobody did. */
static bool
add_activity(const struct work *in, struct xn_kpi_row *row, const char *name, enum xn_activity kind)
{
	const struct xn_kpi_activity *activity = &in->all->activity[kind];
	struct xn_kpi_term *term;

	if (!activity->any) {
		char why[XN_SENTENCE_SIZE];

		snprintf(why, sizeof(why), "no activity '%s' was imported for this span",
		    xn_activity_word(kind));
		no_value(row, why);
		return false;
	}
	term = add_term(row, name, xn_activity_unit(kind), xn_activity_word(kind), activity->sum);
	term->measured = in->all->sums.hours > 0;
	if (term->measured)
		term->coverage = activity->hours / in->all->sums.hours;
	if (term->coverage > 1)
		term->coverage = 1;
	return true;
}

/* ---- indicators ---- */

static void
power_usage(const struct work *in, struct xn_kpi_row *row)
{
	struct xn_kpi_parts parts =
	    xn_kpi_contributions(in->e_dc, in->e_it, in->e_cool, in->e_loss);

	add_dc(in, row);
	add_it(in, row);
	if (row->id == XN_KPI_PUE)
		row->kpi = parts.pue;
	else if (row->id == XN_KPI_DCIE)
		row->kpi = xn_kpi_dcie(in->e_dc, in->e_it);
	else if (row->id == XN_KPI_PUE_COOLING)
		row->kpi = parts.cooling;
	else if (row->id == XN_KPI_PUE_LOSSES)
		row->kpi = parts.losses;
	else
		row->kpi = parts.other;
	if (row->id == XN_KPI_PUE_COOLING || row->id == XN_KPI_PUE_OTHER)
		add_cool(in, row);
	if (row->id == XN_KPI_PUE_LOSSES || row->id == XN_KPI_PUE_OTHER)
		add_energy(
		    in, row, "e_loss", "losses", in->e_loss, XN_ACCOUNT_BIT(XN_ACCOUNT_LOSSES));
	if ((row->id != XN_KPI_PUE && row->id != XN_KPI_DCIE) || in->u_dc < 0 || in->u_it < 0 ||
	    row->kpi.state != XN_KPI_VALUE)
		return;
	row->has_u = true;
	row->u = xn_kpi_expanded(row->kpi.value, in->u_dc, in->u_it);
}

static void
renewable(const struct work *in, struct xn_kpi_row *row)
{
	const struct xn_kpi_sums *sums = &in->all->sums;
	double pv = (double)sums->accounts[XN_ACCOUNT_PV].energy.mj / 1000 / (double)XN_WH_MJ;
	double contract = sums->delivered;
	double certificates = in->all->activity[XN_ACTIVITY_CERTIFICATE].sum;

	add_dc(in, row);
	add_energy(in, row, "e_res_os", "pv", pv, XN_ACCOUNT_BIT(XN_ACCOUNT_PV));
	add_term(
	    row, "e_res_ppa", "kWh", "contracts of the plan and those that were read", contract);
	add_term(row, "e_res_goo", "kWh", "certificate", certificates);
	row->kpi = xn_kpi_ref(pv + contract + certificates, in->e_dc);
	/* Papers are exact; both measured terms are taken as one chain. */
	row->has_u = in->u_dc >= 0 && row->kpi.state == XN_KPI_VALUE;
	if (row->has_u)
		row->u = xn_kpi_expanded(row->kpi.value, pv > 0 ? in->u_dc : 0, in->u_dc);
	if (in->all->unproven + in->all->duplicates > 0)
		snprintf(row->note, sizeof(row->note),
		    "certificates not counted: %u without a retirement id, %u of an id that was "
		    "counted",
		    in->all->unproven, in->all->duplicates);
}

/* Whether the factor of all grid energy is known. */
static bool
factor_known(const struct work *in, struct xn_kpi_row *row)
{
	const struct xn_kpi_sums *sums = &in->all->sums;
	double grid = (double)sums->accounts[XN_ACCOUNT_GRID].energy.mj / 1000 / (double)XN_WH_MJ;

	if (in->all->plan == NULL && sums->grid_known == 0)
		no_value(row, "no energy plan with an emission factor was in force");
	else if (grid - sums->grid_known > grid * 1e-9 + 1e-9)
		no_value(row, "some of the span has no emission factor in the plan of its time");
	else
		snprintf(row->note, sizeof(row->note), "location-based factor %s of %d",
		    sums->factor, sums->factor_year);
	return row->why[0] == '\0';
}

static void
carbon(const struct work *in, struct xn_kpi_row *row)
{
	const struct xn_kpi_sums *sums = &in->all->sums;
	bool by_it = row->id == XN_KPI_CUE || row->id == XN_KPI_CUE_MARKET;
	bool is_market;
	double kg;

	add_grid(in, row);
	if (by_it)
		add_it(in, row);
	if (!factor_known(in, row))
		return;
	is_market = row->id == XN_KPI_SCOPE2_MARKET || row->id == XN_KPI_CUE_MARKET;
	if (is_market) {
		add_term(row, "contracted", "kWh", "contracts of the energy plan, by interval",
		    sums->contracted);
		append(row, "it stands for the residual mix where the plan has none");
	}
	kg = is_market ? sums->market_kg : sums->location_kg;
	add_term(row, "co2e", "kg", is_market ? "market-based" : "location-based", kg);
	if (!by_it) {
		row->kpi = (struct xn_kpi){.value = kg / 1000, .why = ""};
	} else {
		row->kpi = xn_kpi_cue(kg, in->e_it);
		append(row, "the factor's own uncertainty is not given and not in U");
		row->has_u = row->kpi.state == XN_KPI_VALUE && in->u_dc >= 0 && in->u_it >= 0;
		if (row->has_u)
			row->u = xn_kpi_expanded(row->kpi.value, in->u_dc, in->u_it);
	}
	if (sums->accounts[XN_ACCOUNT_GENERATOR].energy.mj > 0)
		append(row, "fuel of the generator is not in it");
}

static void
water_and_heat(const struct work *in, struct xn_kpi_row *row)
{
	const struct xn_kpi_activity *activity = in->all->activity;
	double reused = activity[XN_ACTIVITY_HEAT_REUSED].sum;

	if (row->id == XN_KPI_WUE) {
		bool potable =
		    !activity[XN_ACTIVITY_WATER].any && activity[XN_ACTIVITY_WATER_POTABLE].any;
		enum xn_activity kind = potable ? XN_ACTIVITY_WATER_POTABLE : XN_ACTIVITY_WATER;

		add_it(in, row);
		/* What of the water stays in which loop is not told: all that comes in. */
		row->category = 1;
		if (add_activity(in, row, "w_in", kind))
			row->kpi = xn_kpi_wue(activity[kind].sum, in->e_it);
		if (row->kpi.state == XN_KPI_VALUE)
			append(row, "the accuracy of the water meter is not given: no uncertainty");
		return;
	}
	if (row->id == XN_KPI_CER) {
		add_cool(in, row);
		if (add_activity(in, row, "q_removed", XN_ACTIVITY_HEAT_REMOVED))
			row->kpi = xn_kpi_cer(activity[XN_ACTIVITY_HEAT_REMOVED].sum, in->e_cool);
		return;
	}
	add_dc(in, row);
	if (row->id == XN_KPI_ERE)
		add_it(in, row);
	if (add_activity(in, row, "e_reuse", XN_ACTIVITY_HEAT_REUSED))
		row->kpi = row->id == XN_KPI_ERE ? xn_kpi_ere(in->e_dc, reused, in->e_it)
						 : xn_kpi_erf(reused, in->e_dc);
}

static void
grid_friendly(const struct work *in, struct xn_kpi_row *row)
{
	const struct xn_kpi_sums *sums = &in->all->sums;

	add_dc(in, row);
	if (row->id == XN_KPI_LOAD_FACTOR) {
		add_term(row, "p_max", "kW", "highest mean of an interval", sums->highest_kw);
		add_term(row, "hours", "h", "intervals that are booked", sums->booked);
		row->kpi = xn_kpi_load_factor(in->e_dc, sums->highest_kw, sums->booked);
		return;
	}
	if (row->id == XN_KPI_CFE) {
		add_term(row, "matched", "kWh", "pv and contracts of the plan, by hour",
		    sums->cfe_matched);
		row->kpi = xn_kpi_ref(sums->cfe_matched, sums->cfe_total);
		return;
	}
	if (sums->banded <= 0) {
		no_value(row, "no energy plan with a tariff was in force");
		return;
	}
	add_term(row, "e_peak", "kWh", "intervals in peak bands", sums->peak);
	row->kpi = xn_kpi_peak_share(sums->peak, sums->banded);
}

static void
oil(const struct work *in, struct xn_kpi_row *row)
{
	double grid = xn_kpi_kwh(&in->all->sums.accounts[XN_ACCOUNT_GRID]);
	double diesel = in->all->activity[XN_ACTIVITY_DIESEL].sum;

	add_grid(in, row);
	add_term(row, "diesel", "t", "activity", diesel);
	row->kpi = xn_kpi_toe(grid / 1000, in->all->library.toe_per_mwh, diesel,
	    in->all->library.toe_per_tonne_diesel);
}

/* The number of sensors, and how much of the span they told. */
static void
add_sensors(const struct work *in, struct xn_kpi_row *row, const struct xn_kpi_sensors *sensors,
    const char *from, size_t n)
{
	struct xn_kpi_term *term = add_term(row, "n", "1", from, (double)n);

	if (n == 0 || in->all->sums.hours <= 0)
		return;
	if (sensors->passed_over > 0)
		snprintf(row->note, sizeof(row->note), "of the first %d sensors alone",
		    XN_KPIS_SENSORS_MAX);
	term->measured = true;
	term->coverage = sensors->hours / (double)n / in->all->sums.hours;
	if (term->coverage > 1)
		term->coverage = 1;
}

/* Temperatures beyond the recommended ones, averaged over time at each sensor, then over sensors:
 * the formula is linear in them. */
static void
air(const struct work *in, struct xn_kpi_row *row, struct xn_arena *arena)
{
	const struct xn_kpi_sensors *sensors = &in->all->inlets;
	double *intake = xn_new(arena, double, sensors->count + 1);
	const struct xn_kpi_class *bounds = &in->all->bounds;
	size_t n = 0;

	for (unsigned i = 0; i < 2 * XN_KPIS_SENSORS_MAX; i++) {
		const struct xn_kpi_sensor *one = &sensors->items[i];

		if (one->count > 0)
			intake[n++] = row->id == XN_KPI_RCI_HI
			    ? bounds->rec_max + one->above / one->count
			    : bounds->rec_min - one->below / one->count;
	}
	row->kpi = row->id == XN_KPI_RCI_HI ? xn_kpi_rci_hi(bounds, intake, n)
					    : xn_kpi_rci_lo(bounds, intake, n);
	snprintf(row->note, sizeof(row->note),
	    "class %s (of the library); n %zu sensors; the method wants three heights for each "
	    "rack",
	    in->all->library.equipment_class, n);
	add_sensors(in, row, sensors, "inlet sensors with values", n);
	if (n == 0)
		no_value(row, "no inlet sensor gave a value");
}

static void
servers(const struct work *in, struct xn_kpi_row *row, struct xn_arena *arena)
{
	const struct xn_kpi_sensors *hosts = &in->all->hosts;
	double *percent = xn_new(arena, double, hosts->count + 1);
	size_t n = 0;

	for (unsigned i = 0; i < 2 * XN_KPIS_SENSORS_MAX; i++)
		if (hosts->items[i].count > 0)
			percent[n++] = hosts->items[i].sum / hosts->items[i].count;
	add_sensors(in, row, hosts, "hosts whose use is known", n);
	row->kpi = xn_kpi_iteusv(percent, n);
	if (n == 0)
		no_value(row, "no host's use of its CPUs is known");
}

static void
not_measured(struct xn_kpi_row *row)
{
	if (row->id == XN_KPI_ITEESV)
		no_value(row, "servers' declared performance and greatest power are not given");
	else if (row->id == XN_KPI_TUE)
		no_value(row, "fans, supplies and regulators inside servers have no meter");
	else
		no_value(row, "supply, return and rack outlet air have no sensors");
}

/* kg of the span: the platform's own equipment, and of what all share its share (RR / ToR), which
 * is that of IT energy. */
static double
embodied_of(const struct work *in, const struct xn_kpi_platform *one)
{
	struct xn_kpi shared = xn_kpi_sci_embodied(in->all->embodied, 1, 1, one->it, in->e_it);

	return one->embodied + (shared.state == XN_KPI_VALUE ? shared.value : 0);
}

static void
software(const struct work *in, struct xn_kpi_row *row, const struct xn_kpi_platform *one)
{
	const struct xn_kpi_sums *sums = &in->all->sums;
	double intensity = sums->grid_known > 0 ? sums->location_kg / sums->grid_known : 0;
	double embodied;

	if (one == NULL) {
		no_value(row, "no activity 'functional-units' was imported for this span");
		return;
	}
	row->of = one->name;
	add_term(
	    row, "e", "kWh", "allocated to the platform, cooling and losses included", one->energy);
	add_term(row, "r", "1", "functional-units", one->units);
	if (!factor_known(in, row))
		return;
	add_term(row, "i", "kg/kWh", "location-based, by the grid's energy", intensity);
	embodied = embodied_of(in, one);
	add_term(row, "m", "kg",
	    in->all->has_embodied ? "activity 'embodied', by time and by share of IT energy"
				  : "embodied carbon is not given",
	    embodied);
	row->kpi = xn_kpi_sci(one->energy, intensity * 1000, embodied * 1000, one->units);
	append(row, "allocated, not measured");
	if (!in->all->has_embodied)
		append(row, "without the embodied part, so a lower bound");
}

static void
work_out(const struct work *in, struct xn_kpi_row *row, const struct xn_kpi_platform *one,
    struct xn_arena *arena)
{
	switch (row->id) {
	case XN_KPI_PUE:
	case XN_KPI_DCIE:
	case XN_KPI_PUE_COOLING:
	case XN_KPI_PUE_LOSSES:
	case XN_KPI_PUE_OTHER: power_usage(in, row); return;
	case XN_KPI_REF: renewable(in, row); return;
	case XN_KPI_CUE:
	case XN_KPI_CUE_MARKET:
	case XN_KPI_SCOPE2_LOCATION:
	case XN_KPI_SCOPE2_MARKET: carbon(in, row); return;
	case XN_KPI_WUE:
	case XN_KPI_ERF:
	case XN_KPI_ERE:
	case XN_KPI_CER: water_and_heat(in, row); return;
	case XN_KPI_CFE:
	case XN_KPI_PEAK_SHARE:
	case XN_KPI_LOAD_FACTOR: grid_friendly(in, row); return;
	case XN_KPI_TOE: oil(in, row); return;
	case XN_KPI_RCI_HI:
	case XN_KPI_RCI_LO: air(in, row, arena); return;
	case XN_KPI_ITEUSV: servers(in, row, arena); return;
	case XN_KPI_ITEESV:
	case XN_KPI_TUE:
	case XN_KPI_RTI:
	case XN_KPI_SHI: not_measured(row); return;
	case XN_KPI_SCI: software(in, row, one); return;
	case XN_KPI_COUNT: return;
	}
}

/* ---- what stands beside a value ---- */

/* Reasons of core/kpi.h in words. */
static void
say_why(struct xn_kpi_row *row)
{
	static const struct {
		const char *word, *sentence;
	} reasons[] = {
	    {"pue_lt_1",
		"IT took more than the site was given: a meter counts wrongly, twice, or beyond "
		"the boundary"},
	    {"parts_gt_total", "cooling and losses are more than all that is not IT"},
	    {"ref_gt_1", "more renewable energy was claimed than the site was given"},
	    {"erf_gt_1", "more heat was handed over than energy was given"},
	    {"negative", "a term is below zero"},
	};

	if (row->why[0] != '\0' || row->kpi.state == XN_KPI_VALUE)
		return;
	if (row->kpi.state == XN_KPI_NO_DATA) {
		snprintf(row->why, sizeof(row->why), "nothing to divide by was measured");
		return;
	}
	snprintf(row->why, sizeof(row->why), "refused: %s", row->kpi.why);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i].word, row->kpi.why) == 0)
			snprintf(row->why, sizeof(row->why), "%s", reasons[i].sentence);
}

static void
grade(const struct work *in, struct xn_kpi_row *row)
{
	row->coverage = 1;
	for (unsigned i = 0; i < row->term_count; i++) {
		const struct xn_kpi_term *term = &row->terms[i];

		if (!term->measured)
			continue;
		row->measured = true;
		if (term->coverage < row->coverage)
			row->coverage = term->coverage;
		if (term->estimated > row->estimated)
			row->estimated = term->estimated;
	}
	row->span = XN_KPI_INTERIM;
	if (in->year)
		row->span = row->measured && row->coverage >= XN_KPIS_COVERAGE_MIN &&
			row->estimated <= XN_KPIS_ESTIMATED_MAX
		    ? XN_KPI_ANNUAL
		    : XN_KPI_INCOMPLETE;
}

/* What the hours' targets come to; the value that it is compared with, which is that of the hours
 * that have a target. */
static double
find_pue_target(const struct work *in, struct xn_kpi_row *row)
{
	const struct xn_kpi_sums *sums = &in->all->sums;
	char sentence[XN_SENTENCE_SIZE];

	row->has_target = sums->pue.judged > 0;
	if (!row->has_target)
		return row->kpi.value;
	row->hours_judged = sums->pue.judged;
	row->hours_within = sums->pue.within;
	row->target = (struct xn_target){.is_max = true,
	    .millionths = sums->pue.lowest == sums->pue.highest
		? sums->pue.lowest
		: (int64_t)(sums->pue.allowed / sums->pue.it * 1e6 + 0.5),
	    .over = XN_OVER_HOUR,
	    .basis = in->all->plan != NULL ? xn_energy_plan_basis(in->all->plan) : ""};
	snprintf(sentence, sizeof(sentence),
	    "%u of %u hours were within their target (%.1f %%); the target here is the hours' "
	    "targets weighted by IT energy",
	    sums->pue.within, sums->pue.judged, 100.0 * sums->pue.within / sums->pue.judged);
	append(row, sentence);
	if (sums->pue.without == 0)
		return row->kpi.value;
	snprintf(sentence, sizeof(sentence), "%u hours have no target and are not judged",
	    sums->pue.without);
	append(row, sentence);
	return sums->pue.dc / sums->pue.it;
}

static void
find_target(const struct work *in, struct xn_kpi_row *row, int utc_offset_s)
{
	static const struct {
		enum xn_kpi_id id;
		enum xn_target_metric metric;
	} targets[] = {
	    {XN_KPI_REF, XN_TARGET_REF}, {XN_KPI_CUE, XN_TARGET_CUE}, {XN_KPI_WUE, XN_TARGET_WUE}};
	xn_instant last = {in->all->to.ms - 1};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (targets[i].id == row->id && in->all->plan != NULL)
			row->has_target = xn_energy_plan_target(
			    in->all->plan, targets[i].metric, last, utc_offset_s, &row->target);
}

static void
judge(const struct work *in, struct xn_kpi_row *row, int utc_offset_s, struct xn_arena *arena)
{
	double judged = row->kpi.value;

	if (row->id == XN_KPI_PUE)
		judged = find_pue_target(in, row);
	else
		find_target(in, row, utc_offset_s);
	if (row->has_target)
		row->target.basis = xn_text(arena, "%s", row->target.basis);
	if (!row->has_target || row->kpi.state != XN_KPI_VALUE)
		return;
	row->verdict = xn_kpi_judge(judged, row->has_u ? row->u : 0,
	    (double)row->target.millionths / 1e6, !row->target.is_max);
	/* Without uncertainty, or over terms with too many gaps, nothing is proven. */
	if (row->verdict == XN_KPI_MET &&
	    (!row->has_u || row->coverage < XN_KPIS_COVERAGE_MIN ||
		row->estimated > XN_KPIS_ESTIMATED_MAX))
		row->verdict = XN_KPI_NOT_PROVEN;
}

static void
add_row(const struct work *in, enum xn_kpi_id id, const struct xn_kpi_platform *one,
    int utc_offset_s, struct xn_arena *arena)
{
	struct xn_kpi_row *row = &in->kpis->rows[in->kpis->row_count++];

	row->id = id;
	row->of = "";
	row->kpi.why = "";
	work_out(in, row, one, arena);
	say_why(row);
	grade(in, row);
	judge(in, row, utc_offset_s, arena);
}

/* ---- what they have in common ---- */

/* 1 at the inputs of the racks' distribution, 2 at its outlets; mixed: the lower; 0: no meter. */
static int
category_of(const struct xn_kpi_all *all)
{
	int category = 0;

	for (unsigned i = 0; i < all->meter_count; i++) {
		const struct xn_kpi_meter *meter = &all->meters[i];

		if (strcmp(meter->term, "e_it") != 0)
			continue;
		if (meter->meter.role == XN_METER_FEED)
			return 1;
		category = 2;
	}
	return category;
}

/* Standard uncertainty of a sum of meters that err independently, as a share of the sum; -1 when a
 * meter that counted has no class. */
static double
uncertainty_of(const struct xn_kpi_all *all, const char *term)
{
	double square = 0, total = 0;

	for (unsigned i = 0; i < all->meter_count; i++) {
		const struct xn_kpi_meter *meter = &all->meters[i];
		double kwh = xn_kpi_kwh(&meter->amount);
		double u = kwh *
		    xn_kpi_chain((double)meter->meter.accuracy.ppm / 1e6,
			(double)meter->meter.transformer.ppm / 1e6);

		if (strcmp(meter->term, term) != 0 || meter->amount.energy.mj == 0)
			continue;
		if (meter->meter.accuracy.ppm == 0)
			return -1;
		square += u * u;
		total += kwh;
	}
	return total > 0 ? xn_kpi_root(square) / total : -1;
}

static double
sum_of(const struct xn_kpi_all *all, uint64_t accounts)
{
	int64_t mj = 0;

	for (unsigned i = 0; i < XN_ACCOUNT_COUNT; i++)
		if ((accounts & XN_ACCOUNT_BIT(i)) != 0)
			mj += all->sums.accounts[i].energy.mj;
	return (double)mj / 1000 / (double)XN_WH_MJ;
}

static bool
has_year(xn_instant from, xn_instant to, int utc_offset_s)
{
	struct xn_date date = xn_date_of(from, utc_offset_s);
	xn_instant start = xn_date_start(date, utc_offset_s);

	date.year++;
	return to.ms >= xn_date_start(date, utc_offset_s).ms + (from.ms - start.ms);
}

/* Every indicator of what was gathered. */
static void
add_rows(struct work *in, int utc_offset_s, struct xn_arena *arena)
{
	const struct xn_kpi_all *all = in->all;

	in->year = has_year(all->from, all->to, utc_offset_s);
	in->category = category_of(all);
	in->u_dc = uncertainty_of(all, "e_dc");
	in->u_it = uncertainty_of(all, "e_it");
	in->e_dc = sum_of(all, DC_ACCOUNTS);
	in->e_it = -sum_of(all, IT_ACCOUNTS);
	in->e_cool = -sum_of(all, XN_ACCOUNT_BIT(XN_ACCOUNT_COOLING));
	in->e_loss = -sum_of(all, XN_ACCOUNT_BIT(XN_ACCOUNT_LOSSES));
	in->kpis->rows = xn_new(arena, struct xn_kpi_row, ROWS_MAX);
	for (unsigned i = 0; i < XN_KPI_SCI; i++)
		add_row(in, (enum xn_kpi_id)i, NULL, utc_offset_s, arena);
	for (unsigned i = 0; i < all->platform_count; i++)
		add_row(in, XN_KPI_SCI, &all->platforms[i], utc_offset_s, arena);
	if (all->platform_count == 0)
		add_row(in, XN_KPI_SCI, NULL, utc_offset_s, arena);
}

int
xn_kpis_measure(struct xn_books *books, xn_instant from, xn_instant to, xn_instant now,
    struct xn_arena *arena, struct xn_kpis *ret_kpis, struct xn_error *err)
{
	struct xn_kpi_all *all = xn_new(arena, struct xn_kpi_all, 1);
	struct work work = {.all = all, .kpis = ret_kpis};
	int result;

	*ret_kpis = (struct xn_kpis){.from = from, .to = to.ms > now.ms ? now : to};
	if (ret_kpis->to.ms <= from.ms)
		return xn_fail(err, XN_EINVALID, "nothing of this span is over yet");
	result = xn_kpi_gather(books, from, ret_kpis->to, arena, all, err);
	if (result == XN_OK) {
		ret_kpis->meters = all->meters;
		ret_kpis->meter_count = all->meter_count;
		add_rows(&work, xn_books_site(books)->utc_offset_s, arena);
	}
	xn_plans_close(&all->plans);
	return result;
}

const char *
xn_kpi_status(const struct xn_kpi_row *row)
{
	if (!row->has_target || row->kpi.state != XN_KPI_VALUE)
		return NULL;
	return xn_kpi_verdict_word(row->verdict);
}
