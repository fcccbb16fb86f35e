/*
 * Energy plan, inside: what the files energy_*.c of this folder share. A tariff is a chain of
 * versions, each with the bands of its week as segments from Monday 00:00; factors, contracts and
 * targets are short arrays. Everything lives in the plan's arena.
 *
 * Invariants: (1) a version's segments are in order, begin with minute 0 and no two neighbours have
 * the same band; (2) versions are in the order of `from` and do not overlap.
 */
#ifndef XN_POLICIES_ENERGY_PLAN_PARTS_H
#define XN_POLICIES_ENERGY_PLAN_PARTS_H

#include "common/value.h"
#include "policies/energy_plan.h"

#define XN_DAY_MINUTES  1440
#define XN_WEEK_MINUTES (7 * XN_DAY_MINUTES)

struct xn_plan_reader {
	struct xn_arena *arena;
	struct xn_problems *problems;
	const struct xn_energy_files *files;
	const struct xn_yaml *document; /* the plan's */
	int utc_offset_s;               /* as the plan's own instants are written */
};

/* ---- weeks ---- */

struct xn_plan_segment {
	uint16_t start; /* minute of the week */
	uint16_t owner;
};

/* Whose each minute of a week (or, with the first day alone, of a day) is. */
struct xn_plan_week {
	uint64_t taken[(XN_WEEK_MINUTES + 63) / 64];
	uint16_t owner[XN_WEEK_MINUTES];
};

/* Gives the minutes of `start`-`end` on `days` to `owner`, those that are free. The first minute
 * that was not; -1: all were. */
int xn_plan_week_take(struct xn_plan_week *week, unsigned days, int start, int end, unsigned owner);
/* The same in one day, the first: hours that pass midnight come back to it. */
int xn_plan_day_take(struct xn_plan_week *week, int start, int end);
/* Gives every free minute to `owner`. */
void xn_plan_week_rest(struct xn_plan_week *week, unsigned owner);
/* The free minutes in words ("sun 06:00-24:00"); false: there are none. */
bool xn_plan_week_gaps(const struct xn_plan_week *week, char *ret_text, size_t size);
const struct xn_plan_segment *xn_plan_week_segments(
    const struct xn_plan_week *week, struct xn_arena *arena, unsigned *ret_count);
/* "mon 17:30". */
void xn_plan_week_minute(int minute, char ret_text[16]);

/* ---- tariffs (energy_tariff.c, energy_tariff_file.c) ---- */

struct xn_plan_band {
	const char *name;
	enum xn_band_kind kind;
	xn_money price;
};

struct xn_plan_tariff {
	struct xn_plan_tariff *next;
	xn_instant from, to;
	const struct xn_plan_band *bands;
	unsigned band_count;
	const struct xn_plan_segment *segments;
	unsigned segment_count;
	bool has_demand;
	xn_money demand;
	const char *basis;
	const char *evidence;
};

struct xn_plan_vat {
	xn_instant from, to;
	xn_ratio rate;
};

struct xn_plan_prices {
	struct xn_plan_tariff *tariffs;
	const struct xn_plan_vat *vats;
	unsigned vat_count;
	bool has_demand; /* sources.grid.demand; else each version's own */
	xn_money demand;
};

/* `hours` (a list) and `days` of a map, taken for `owner`; an overlap is a problem at its item. */
bool xn_plan_read_times(struct xn_plan_reader *in, const struct xn_yaml *map,
    struct xn_plan_week *week, unsigned owner, const char *const *names);
void xn_plan_read_bands(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_prices *prices);
void xn_plan_read_vat(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_prices *prices);

void xn_plan_read_tariff(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_prices *prices);
/* The tariff of a file, as chosen by the plan's `schedule`, `category`, `voltage`, `prices`. */
void xn_plan_read_tariff_file(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_prices *prices);

/* ---- carbon (energy_factor.c) ---- */

struct xn_plan_factor {
	xn_instant from, to;
	struct xn_factor factor;
};

struct xn_plan_contract {
	const char *name;
	const char *basis;
	xn_instant from, to;
	xn_power power;
	unsigned days;
	int start, end; /* minutes of the day; start > end passes midnight */
	struct xn_factor factor;
};

struct xn_plan_carbon {
	const struct xn_plan_factor *location;
	unsigned location_count;
	const struct xn_plan_factor *residual;
	unsigned residual_count;
	const struct xn_plan_contract *contracts;
	unsigned contract_count;
};

void xn_plan_read_carbon(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_carbon *carbon);
void xn_plan_read_contracts(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_carbon *carbon);

/* ---- PV (energy_pv.c) ---- */

/* The forecast of the file named by `name`: a CSV of time,power_kw and, if it has them, low,high.
 */
void xn_plan_read_pv_file(
    struct xn_plan_reader *in, const struct xn_yaml *name, struct xn_energy_sources *sources);

/* ---- targets and events (energy_targets.c) ---- */

struct xn_plan_pue {
	int start, end;
	int64_t max; /* millionths */
};

struct xn_plan_targets {
	const struct xn_plan_pue *pue;
	unsigned pue_count;
	bool has[4]; /* by enum xn_target_metric */
	struct xn_target target[4];
	const struct xn_renewable_target *renewable;
	unsigned renewable_count;
};

void xn_plan_read_targets(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_targets *targets);

/* Targets of renewables by year from a CSV (csv.c). */
void xn_plan_read_renewable_file(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_targets *targets);

/* `limit`: sources.grid.limit, 0 when there is none. */
const struct xn_demand_event *xn_plan_read_events(
    struct xn_plan_reader *in, const struct xn_yaml *node, xn_power limit, unsigned *ret_count);

/* ---- shared ---- */

/* `from` and `to` of a map, 0 and INT64_MAX where they are not; `to` not after `from` is a problem.
 */
bool xn_plan_read_span(
    struct xn_plan_reader *in, const struct xn_yaml *map, xn_instant *ret_from, xn_instant *ret_to);
/* The text of `key`; NULL stays when it is not there. */
void xn_plan_read_text(
    struct xn_plan_reader *in, const struct xn_yaml *map, const char *key, const char **ret_text);
/* The file named by a scalar; NULL with a problem when it is not beside the plan. */
const struct xn_energy_file *xn_plan_open(
    struct xn_plan_reader *in, const struct xn_yaml *node, bool yaml);
/* The first instant of a year. */
xn_instant xn_plan_year_start(const struct xn_plan_reader *in, int year);
/* Day of the week, 0 Monday, and minute of the week of an instant. */
int xn_plan_minute_of_week(xn_instant at, int utc_offset_s);
bool xn_plan_within(int minute, int start, int end);

struct xn_energy_plan {
	const char *name;
	const char *basis;
	const struct xn_source *source;
	xn_instant from, to;
	int utc_offset_s;
	struct xn_energy_sources sources;
	struct xn_plan_prices prices;
	struct xn_plan_carbon carbon;
	struct xn_plan_targets targets;
	const struct xn_demand_event *events;
	unsigned event_count;
};

#endif
