#include <stdio.h>
#include <string.h>

#include "policies/energy_plan_parts.h"

/* Names are compared pair by pair, and nobody's bill has more. */
#define BANDS_MAX 256

static const struct xn_yaml_key tariff_keys[] = {{"bands", false}, {"file", false},
    {"schedule", false}, {"category", false}, {"voltage", false}, {"prices", false}, {"vat", false},
    {NULL, false}};
static const struct xn_yaml_key band_keys[] = {{"name", true}, {"hours", true}, {"days", false},
    {"price", true}, {"kind", false}, {NULL, false}};
static const struct xn_yaml_key vat_keys[] = {{"rate", true}, {"from", false}, {"to", false},
    {"basis", false}, {"evidence", false}, {NULL, false}};

bool
xn_plan_read_times(struct xn_plan_reader *in, const struct xn_yaml *map, struct xn_plan_week *week,
    unsigned owner, const char *const *names)
{
	const struct xn_yaml *hours = xn_yaml_get(map, "hours");
	const struct xn_yaml *value = xn_yaml_get(map, "days");
	unsigned days = 0x7f;
	bool good = value == NULL || xn_value_days(value, in->problems, &days);
	bool days_good = good;

	if (hours == NULL || !xn_yaml_check_list(hours, in->problems))
		return false;
	if (hours->first == NULL && !hours->cut)
		xn_problem_add(in->problems, hours->mark, NULL, "a list of no hours");
	XN_YAML_EACH (item, hours) {
		char when[16];
		int start;
		int end;
		int clash;

		if (!xn_value_hours(item, in->problems, true, &start, &end)) {
			good = false;
			continue;
		}
		clash = days_good ? xn_plan_week_take(week, days, start, end, owner) : -1;
		if (clash < 0)
			continue;
		xn_plan_week_minute(clash, when);
		xn_problem_add(in->problems, item->mark, NULL,
		    "'%.64s' overlaps the band '%.64s': %s is in both", item->text,
		    names[week->owner[clash]] != NULL ? names[week->owner[clash]] : "", when);
	}
	return good && hours->first != NULL;
}

static enum xn_band_kind
kind_of(const char *name)
{
	if (strncmp(name, "off-peak", 8) == 0 || strncmp(name, "offpeak", 7) == 0 ||
	    strncmp(name, "off_peak", 8) == 0)
		return XN_BAND_OFFPEAK;
	if (strncmp(name, "peak", 4) == 0)
		return XN_BAND_PEAK;
	return strncmp(name, "flat", 4) == 0 ? XN_BAND_FLAT : XN_BAND_NORMAL;
}

static void
read_band(struct xn_plan_reader *in, const struct xn_yaml *item, const char **names,
    unsigned number, struct xn_plan_band *band)
{
	static const char *const kinds[] = {"flat", "normal", "peak", "off-peak", NULL};
	const struct xn_yaml *value = xn_yaml_get(item, "name");
	int kind;

	band->name = "";
	if (value != NULL && xn_value_name(value, in->problems, &band->name)) {
		names[number] = band->name;
		for (unsigned i = 0; i < number; i++)
			if (names[i] != NULL && strcmp(names[i], band->name) == 0) {
				xn_problem_add(in->problems, value->mark, NULL,
				    "a band '%.64s' is there already", band->name);
				break;
			}
	}
	band->kind = kind_of(band->name);
	value = xn_yaml_get(item, "kind");
	if (value != NULL && xn_value_choice(value, in->problems, kinds, &kind))
		band->kind = (enum xn_band_kind)kind;
	value = xn_yaml_get(item, "price");
	if (value != NULL)
		xn_value_energy_price(value, in->problems, &band->price);
}

void
xn_plan_read_bands(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_prices *prices)
{
	struct xn_plan_tariff *tariff = xn_new(in->arena, struct xn_plan_tariff, 1);
	struct xn_plan_week *week = xn_new(in->arena, struct xn_plan_week, 1);
	unsigned room = node->count < BANDS_MAX ? node->count + 1u : BANDS_MAX;
	struct xn_plan_band *bands = xn_new(in->arena, struct xn_plan_band, room);
	const char **names = xn_new(in->arena, const char *, room);
	char gaps[128];
	/* A band whose times are wrong leaves gaps that are no mistake of their own. */
	bool whole = !node->cut;

	if (!xn_yaml_check_list(node, in->problems))
		return;
	XN_YAML_EACH (item, node) {
		unsigned number = tariff->band_count;

		if (number == BANDS_MAX) {
			xn_problem_add(in->problems, item->mark, NULL,
			    "more than %d bands in one tariff", BANDS_MAX);
			whole = false;
			break;
		}
		tariff->band_count++;
		if (!xn_yaml_check_map(item, band_keys, in->problems)) {
			whole = false;
			continue;
		}
		read_band(in, item, names, number, &bands[number]);
		whole = xn_plan_read_times(in, item, week, number, names) && whole;
	}
	if (whole && xn_plan_week_gaps(week, gaps, sizeof(gaps)))
		xn_problem_add(in->problems, xn_yaml_place(node),
		    "every minute of the week is in exactly one band", "%s is in no band", gaps);
	tariff->to.ms = INT64_MAX;
	tariff->bands = bands;
	tariff->basis = tariff->evidence = "";
	tariff->segments = xn_plan_week_segments(week, in->arena, &tariff->segment_count);
	prices->tariffs = tariff;
}

void
xn_plan_read_vat(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_prices *prices)
{
	struct xn_plan_vat *vats = xn_new(in->arena, struct xn_plan_vat, node->count + 1u);
	const struct xn_yaml *value;
	const char *text;

	prices->vats = vats;
	if (node->kind == XN_YAML_SCALAR) {
		vats[0].to.ms = INT64_MAX;
		prices->vat_count = xn_value_share(node, in->problems, &vats[0].rate);
		return;
	}
	if (!xn_yaml_check_list(node, in->problems))
		return;
	XN_YAML_EACH (item, node) {
		struct xn_plan_vat *vat = &vats[prices->vat_count++];

		if (!xn_yaml_check_map(item, vat_keys, in->problems))
			continue;
		xn_plan_read_span(in, item, &vat->from, &vat->to);
		if ((value = xn_yaml_get(item, "rate")) != NULL)
			xn_value_share(value, in->problems, &vat->rate);
		xn_plan_read_text(in, item, "basis", &text);
		xn_plan_read_text(in, item, "evidence", &text);
	}
}

void
xn_plan_read_tariff(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_prices *prices)
{
	static const char *const with_file[] = {"schedule", "category", "voltage", "prices"};
	const struct xn_yaml *bands;
	const struct xn_yaml *file;
	const struct xn_yaml *value;

	if (!xn_yaml_check_map(node, tariff_keys, in->problems))
		return;
	bands = xn_yaml_get(node, "bands");
	file = xn_yaml_get(node, "file");
	if (bands == NULL && file == NULL && !node->cut)
		xn_problem_add(
		    in->problems, xn_yaml_place(node), NULL, "a tariff needs 'bands' or 'file'");
	if (bands != NULL && file != NULL)
		xn_problem_add(in->problems, file->key->mark, NULL,
		    "a tariff has 'bands' or 'file', not both");
	for (size_t i = 0; i < sizeof(with_file) / sizeof(with_file[0]); i++)
		if (file == NULL && (value = xn_yaml_get(node, with_file[i])) != NULL)
			xn_problem_add(in->problems, value->key->mark, NULL,
			    "'%s' chooses from a file, and no 'file' is given", with_file[i]);
	if (bands != NULL)
		xn_plan_read_bands(in, bands, prices);
	if (file != NULL && bands == NULL)
		xn_plan_read_tariff_file(in, node, prices);
	if ((value = xn_yaml_get(node, "vat")) != NULL)
		xn_plan_read_vat(in, value, prices);
}

/* ---- answers ---- */

static const struct xn_plan_tariff *
tariff_at(const struct xn_energy_plan *plan, xn_instant at)
{
	const struct xn_plan_tariff *tariff = plan->prices.tariffs;

	if (at.ms < plan->from.ms || at.ms >= plan->to.ms)
		return NULL;
	while (tariff != NULL && (at.ms < tariff->from.ms || at.ms >= tariff->to.ms))
		tariff = tariff->next;
	return tariff;
}

/* Minutes from `minute`, in the segment `at`, to the next one with another band; a week: none. */
static int
minutes_left(const struct xn_plan_tariff *tariff, unsigned at, int minute)
{
	for (unsigned i = 1; i < tariff->segment_count; i++) {
		unsigned next = (at + i) % tariff->segment_count;

		if (tariff->segments[next].owner != tariff->segments[at].owner) {
			int start = tariff->segments[next].start;

			return start > minute ? start - minute : start + XN_WEEK_MINUTES - minute;
		}
	}
	return XN_WEEK_MINUTES;
}

bool
xn_energy_plan_band(
    const struct xn_energy_plan *plan, xn_instant at, int utc_offset_s, struct xn_band *ret_band)
{
	const struct xn_plan_tariff *tariff = tariff_at(plan, at);
	int minute = xn_plan_minute_of_week(at, utc_offset_s);
	unsigned last = 0;
	const struct xn_plan_band *band;
	int64_t until;
	int64_t end;
	int left;

	if (tariff == NULL)
		return false;
	while (last + 1 < tariff->segment_count && tariff->segments[last + 1].start <= minute)
		last++;
	band = &tariff->bands[tariff->segments[last].owner];
	left = minutes_left(tariff, last, minute);
	/* Offsets from UTC are whole minutes. */
	until = at.ms - ((at.ms % 60000) + 60000) % 60000 + left * INT64_C(60000);
	end = tariff->to.ms < plan->to.ms ? tariff->to.ms : plan->to.ms;
	if (left == XN_WEEK_MINUTES || until > end)
		until = end;
	*ret_band = (struct xn_band){.name = band->name,
	    .kind = tariff->band_count == 1 ? XN_BAND_FLAT : band->kind,
	    .price = band->price,
	    .until = {until}};
	return true;
}

bool
xn_energy_plan_fits(const struct xn_energy_plan *plan, xn_duration interval, char ret_border[8])
{
	const struct xn_plan_tariff *tariff = plan->prices.tariffs;

	for (; tariff != NULL; tariff = tariff->next)
		for (unsigned i = 0; i < tariff->segment_count; i++) {
			int minute = tariff->segments[i].start % XN_DAY_MINUTES;

			if (minute * INT64_C(60000) % interval.ms == 0)
				continue;
			snprintf(ret_border, 8, "%02u:%02u", (unsigned)minute / 60 % 24,
			    (unsigned)minute % 60);
			return false;
		}
	return true;
}

bool
xn_energy_plan_demand(const struct xn_energy_plan *plan, xn_instant at, xn_money *ret_per_kw)
{
	const struct xn_plan_tariff *tariff = tariff_at(plan, at);

	if (plan->prices.has_demand) {
		*ret_per_kw = plan->prices.demand;
		return at.ms >= plan->from.ms && at.ms < plan->to.ms;
	}
	if (tariff == NULL || !tariff->has_demand)
		return false;
	*ret_per_kw = tariff->demand;
	return true;
}

bool
xn_energy_plan_vat(const struct xn_energy_plan *plan, xn_instant at, xn_ratio *ret_rate)
{
	for (unsigned i = 0; i < plan->prices.vat_count; i++)
		if (at.ms >= plan->prices.vats[i].from.ms && at.ms < plan->prices.vats[i].to.ms) {
			*ret_rate = plan->prices.vats[i].rate;
			return true;
		}
	return false;
}
