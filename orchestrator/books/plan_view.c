#include "orchestrator/books/plan_view.h"

#include <stdio.h>
#include <string.h>

#include "orchestrator/books/json.h"

#define DAY_MS  INT64_C(86400000)
#define WEEK_MS (7 * DAY_MS)

static const char *const day_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
static const char *const kind_words[] = {
    [XN_BAND_FLAT] = "flat",
    [XN_BAND_NORMAL] = "normal",
    [XN_BAND_PEAK] = "peak",
    [XN_BAND_OFFPEAK] = "off-peak",
};
static const char *const over_words[] = {
    [XN_OVER_HOUR] = "hour",
    [XN_OVER_DAY] = "day",
    [XN_OVER_MONTH] = "month",
    [XN_OVER_QUARTER] = "quarter",
    [XN_OVER_YEAR] = "year",
};

static json_t *
milli(int64_t value)
{
	return value % 1000 == 0 ? json_integer(value / 1000) : json_real((double)value / 1e3);
}

static json_t *
watts(xn_power power)
{
	return power.mw == 0 ? json_null() : milli(power.mw);
}

static json_t *
open_instant(xn_instant at, int utc_offset_s)
{
	return at.ms == INT64_MAX ? json_null() : xn_json_instant(at, utc_offset_s);
}

static void
clock_text(int minute, char text[16])
{
	snprintf(text, 16, "%02u:%02u", (unsigned)minute / 60 % 100, (unsigned)minute % 60);
}

/* Midnight of the Monday before. */
static xn_instant
week_start(xn_instant at, int utc_offset_s)
{
	int64_t local = at.ms + utc_offset_s * INT64_C(1000) + 3 * DAY_MS; /* a Thursday is day 0 */

	return (xn_instant){at.ms - (local % WEEK_MS + WEEK_MS) % WEEK_MS};
}

/* Adds the hours of a piece of the week to its band's row. */
static void
add_hours(json_t *bands, const struct xn_band *band, int64_t minutes)
{
	json_t *row;
	size_t i;

	json_array_foreach(bands, i, row)
	{
		json_t *hours = json_object_get(row, "hours_per_week");

		if (strcmp(json_string_value(json_object_get(row, "band")), band->name) != 0)
			continue;
		json_object_set_new(row, "hours_per_week",
		    json_real(json_real_value(hours) + (double)minutes / 60));
		return;
	}
	json_array_append_new(bands,
	    json_pack("{s:s, s:s, s:o, s:f}", "band", band->name, "kind", kind_words[band->kind],
		"price_vnd_kwh", milli(band->price.mvnd), "hours_per_week", (double)minutes / 60));
}

/* A day's pieces: what begins before and ends after midnight is cut there. */
static json_t *
week_of(const struct xn_energy_plan *plan, xn_instant start, int utc_offset_s, json_t *bands)
{
	json_t *rows = json_array();
	xn_instant at = start;
	struct xn_band band;

	while (at.ms < start.ms + WEEK_MS) {
		int64_t day = (at.ms - start.ms) / DAY_MS;
		int64_t midnight = start.ms + (day + 1) * DAY_MS;
		char from[16], to[16];
		int64_t end;

		if (!xn_energy_plan_band(plan, at, utc_offset_s, &band)) {
			at.ms = midnight;
			continue;
		}
		end = band.until.ms < midnight ? band.until.ms : midnight;
		clock_text((int)((at.ms - start.ms) / 60000 % 1440), from);
		clock_text((int)((end - start.ms - day * DAY_MS) / 60000), to);
		json_array_append_new(rows,
		    json_pack("{s:s, s:s, s:s, s:s}", "day", day_words[day], "from", from, "to", to,
			"band", band.name));
		add_hours(bands, &band, (end - at.ms) / 60000);
		at.ms = end;
	}
	return rows;
}

static json_t *
factor_view(const struct xn_energy_plan *plan, enum xn_factor_use use, xn_instant at)
{
	struct xn_factor factor;

	if (!xn_energy_plan_factor(plan, use, at, &factor))
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "g_kwh", milli(factor.per_kwh.mg), "id",
	    xn_json_text(factor.id), "year",
	    factor.year == 0 ? json_null() : json_integer(factor.year), "issuer",
	    xn_json_text(factor.issuer), "method", xn_json_text(factor.method));
}

static json_t *
target_row(const char *metric, const char *hours, const struct xn_target *target)
{
	static const char *const units[] = {"1", "1", "kg/kWh", "l/kWh"};
	int unit = metric[0] == 'c' ? 2 : metric[0] == 'w' ? 3 : 0;

	return json_pack("{s:s, s:s, s:s, s:f, s:s, s:s, s:o}", "metric", metric, "hours", hours,
	    "bound", target->is_max ? "max" : "min", "value", (double)target->millionths / 1e6,
	    "unit", units[unit], "over", over_words[target->over], "basis",
	    xn_json_text(target->basis));
}

/* Runs of minutes of the day with one target. */
static void
add_pue(const struct xn_energy_plan *plan, xn_instant start, int utc_offset_s, json_t *rows)
{
	struct xn_target target, next;
	int begun = 0;
	bool had = xn_energy_plan_target(plan, XN_TARGET_PUE, start, utc_offset_s, &target);

	for (int minute = 1; minute <= 1440; minute++) {
		xn_instant at = {start.ms + minute * INT64_C(60000)};
		bool has = xn_energy_plan_target(plan, XN_TARGET_PUE, at, utc_offset_s, &next);
		char from[16], to[16], hours[40];

		if (minute < 1440 && has == had && (!has || next.millionths == target.millionths))
			continue;
		clock_text(begun, from);
		clock_text(minute, to);
		snprintf(hours, sizeof(hours), "%s-%s", from, to);
		if (had)
			json_array_append_new(rows, target_row("pue", hours, &target));
		begun = minute;
		had = has;
		target = next;
	}
}

static json_t *
targets_of(const struct xn_energy_plan *plan, xn_instant start, xn_instant at, int utc_offset_s)
{
	json_t *rows = json_array();
	struct xn_target target;

	add_pue(plan, start, utc_offset_s, rows);
	if (xn_energy_plan_target(plan, XN_TARGET_REF, at, utc_offset_s, &target))
		json_array_append_new(rows, target_row("ref", "", &target));
	if (xn_energy_plan_target(plan, XN_TARGET_CUE, at, utc_offset_s, &target))
		json_array_append_new(rows, target_row("cue", "", &target));
	if (xn_energy_plan_target(plan, XN_TARGET_WUE, at, utc_offset_s, &target))
		json_array_append_new(rows, target_row("wue", "", &target));
	return rows;
}

static json_t *
renewables_of(const struct xn_energy_plan *plan)
{
	json_t *rows = json_array();
	unsigned count;
	const struct xn_renewable_target *target = xn_energy_plan_renewables(plan, &count);

	for (; count > 0; count--, target++)
		json_array_append_new(rows,
		    json_pack("{s:i, s:f, s:f, s:o, s:o, s:o}", "year", target->year, "low",
			(double)target->low.ppm / 1e6, "high", (double)target->high.ppm / 1e6,
			"basis", xn_json_text(target->basis), "definition",
			xn_json_text(target->definition), "evidence",
			xn_json_text(target->evidence)));
	return rows;
}

static json_t *
events_of(const struct xn_energy_plan *plan, int utc_offset_s)
{
	json_t *rows = json_array();
	unsigned count;
	const struct xn_demand_event *event = xn_energy_plan_events(plan, &count);

	for (; count > 0; count--, event++)
		json_array_append_new(rows,
		    json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "event", event->name, "from",
			xn_json_instant(event->from, utc_offset_s), "to",
			xn_json_instant(event->to, utc_offset_s), "grid_max_w",
			event->has_grid_max ? milli(event->grid_max.mw) : json_null(), "reduce_w",
			watts(event->reduce), "notice_s",
			event->notice.ms == 0 ? json_null()
					      : json_integer(event->notice.ms / 1000)));
	return rows;
}

static json_t *
sources_of(const struct xn_energy_plan *plan)
{
	static const char *const uses[] = {"outage-only", "peak", "test"};
	const struct xn_energy_sources *sources = xn_energy_plan_sources(plan);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "grid_limit_w",
	    watts(sources->grid_limit), "pv_peak_w", watts(sources->pv_peak), "battery_kwh",
	    xn_json_kwh(sources->battery_capacity), "battery_floor",
	    json_real((double)sources->battery_floor.ppm / 1e6), "battery_w",
	    watts(sources->battery_power), "generator_limit_w", watts(sources->generator_limit),
	    "generator_use", uses[sources->generator_use]);
}

static xn_instant
within(const struct xn_energy_plan *plan, xn_instant at)
{
	if (at.ms < xn_energy_plan_from(plan).ms)
		return xn_energy_plan_from(plan);
	if (at.ms >= xn_energy_plan_to(plan).ms)
		return (xn_instant){xn_energy_plan_to(plan).ms - 1};
	return at;
}

json_t *
xn_plan_view(const struct xn_energy_plan *plan, xn_instant at, int utc_offset_s)
{
	json_t *view = json_object();
	json_t *bands = json_array();
	xn_instant start;
	xn_instant day;
	xn_money demand;
	xn_ratio vat;

	at = within(plan, at);
	start = week_start(at, utc_offset_s);
	day = (xn_instant){start.ms + (at.ms - start.ms) / DAY_MS * DAY_MS};
	json_object_set_new(view, "name", json_string(xn_energy_plan_name(plan)));
	json_object_set_new(view, "basis", xn_json_text(xn_energy_plan_basis(plan)));
	json_object_set_new(view, "from", open_instant(xn_energy_plan_from(plan), utc_offset_s));
	json_object_set_new(view, "to", open_instant(xn_energy_plan_to(plan), utc_offset_s));
	json_object_set_new(view, "sources", sources_of(plan));
	json_object_set_new(view, "week_of", xn_json_instant(start, utc_offset_s));
	json_object_set_new(view, "week", week_of(plan, start, utc_offset_s, bands));
	json_object_set_new(view, "bands", bands);
	json_object_set_new(view, "demand_vnd_kw_month",
	    xn_energy_plan_demand(plan, at, &demand) ? milli(demand.mvnd) : json_null());
	json_object_set_new(view, "vat",
	    xn_energy_plan_vat(plan, at, &vat) ? json_real((double)vat.ppm / 1e6) : json_null());
	json_object_set_new(view, "carbon",
	    json_pack("{s:o, s:o}", "location", factor_view(plan, XN_FACTOR_LOCATION, at),
		"residual", factor_view(plan, XN_FACTOR_RESIDUAL, at)));
	json_object_set_new(view, "targets", targets_of(plan, day, at, utc_offset_s));
	json_object_set_new(view, "renewable", renewables_of(plan));
	json_object_set_new(view, "events", events_of(plan, utc_offset_s));
	return view;
}
