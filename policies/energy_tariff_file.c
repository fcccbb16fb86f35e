/* Tariffs as files of their own (`kind: tariff`): band schedules, and price tables by date. */
#include <stdio.h>
#include <string.h>

#include "policies/energy_plan_parts.h"

#define SCHEDULE_BANDS_MAX 16

static const struct xn_yaml_key file_keys[] = {{"kind", true}, {"name", true}, {"basis", false},
    {"evidence", false}, {"note", false}, {"vat", false}, {"schedules", true}, {"prices", true},
    {NULL, false}};
static const struct xn_yaml_key schedule_keys[] = {{"basis", true}, {"evidence", true},
    {"status", false}, {"from", false}, {"bands", false}, {"rest", true}, {NULL, false}};
static const struct xn_yaml_key band_keys[] = {
    {"name", true}, {"hours", true}, {"days", false}, {NULL, false}};
static const struct xn_yaml_key table_keys[] = {{"basis", true}, {"evidence", true},
    {"status", false}, {"from", true}, {"to", false}, {"categories", true}, {NULL, false}};
static const struct xn_yaml_key use_keys[] = {{"use", true}, {"from", false}, {NULL, false}};

static const struct xn_yaml_key plain_keys[] = {{"kind", false}, {"name", false}, {"basis", false},
    {"evidence", false}, {"vat", false}, {"bands", true}, {NULL, false}};

/* A schedule: whose each minute is, by the names of its bands. */
struct schedule {
	const char *names[SCHEDULE_BANDS_MAX];
	unsigned count;
	const struct xn_plan_segment *segments;
	unsigned segment_count;
};

/* What a plan picked of a file. */
struct choice {
	const struct xn_yaml *category, *voltage; /* scalars of the plan; NULL: check everything */
};

/* The entry of `map` that `name` names. */
static const struct xn_yaml *
pick(struct xn_plan_reader *in, const struct xn_yaml *map, const struct xn_yaml *name,
    const char *what)
{
	const struct xn_yaml *found;
	char advice[256];
	size_t used = 0;

	if (!xn_yaml_check_scalar(name, in->problems))
		return NULL;
	found = xn_yaml_get(map, name->text);
	if (found != NULL || map == NULL || map->kind != XN_YAML_MAP)
		return found;
	XN_YAML_EACH (entry, map)
		if (used < sizeof(advice))
			used += (size_t)snprintf(advice + used, sizeof(advice) - used, "%s%.40s",
			    used == 0 ? "there are " : ", ", entry->key->text);
	xn_problem_add(in->problems, name->mark, used == 0 ? NULL : advice,
	    "the tariff has no %s '%.64s'", what, name->text);
	return NULL;
}

/* ---- checking a file ---- */

static void
read_schedule(struct xn_plan_reader *in, const struct xn_yaml *node, struct schedule *schedule)
{
	struct xn_plan_week *week = xn_new(in->arena, struct xn_plan_week, 1);
	const struct xn_yaml *bands = xn_yaml_get(node, "bands");
	const struct xn_yaml *value;
	const char *text;
	xn_instant from;
	xn_instant to;

	if (!xn_yaml_check_map(node, schedule_keys, in->problems))
		return;
	xn_plan_read_text(in, node, "basis", &text);
	xn_plan_read_text(in, node, "evidence", &text);
	xn_plan_read_text(in, node, "status", &text);
	xn_plan_read_span(in, node, &from, &to);
	if (bands != NULL && xn_yaml_check_list(bands, in->problems))
		XN_YAML_EACH (item, bands) {
			unsigned owner = schedule->count;

			if (owner + 1 == SCHEDULE_BANDS_MAX) {
				xn_problem_add(in->problems, item->mark, NULL,
				    "more than %d bands in a schedule", SCHEDULE_BANDS_MAX - 1);
				break;
			}
			if (!xn_yaml_check_map(item, band_keys, in->problems))
				continue;
			schedule->count++;
			if ((value = xn_yaml_get(item, "name")) != NULL)
				xn_value_name(value, in->problems, &schedule->names[owner]);
			xn_plan_read_times(in, item, week, owner, schedule->names);
		}
	if ((value = xn_yaml_get(node, "rest")) != NULL)
		xn_value_name(value, in->problems, &schedule->names[schedule->count]);
	xn_plan_week_rest(week, schedule->count++);
	schedule->segments = xn_plan_week_segments(week, in->arena, &schedule->segment_count);
}

/* Prices by band of one voltage: `normal: 1811 VND/kWh`, with `demand` and `evidence` beside. */
static void
check_prices(struct xn_plan_reader *in, const struct xn_yaml *node)
{
	const char *text;
	xn_money price;

	if (!xn_yaml_check_names(node, in->problems))
		return;
	XN_YAML_EACH (entry, node)
		if (strcmp(entry->key->text, "evidence") == 0)
			xn_value_text(entry, in->problems, &text);
		else if (strcmp(entry->key->text, "demand") == 0)
			xn_value_demand_price(entry, in->problems, &price);
		else
			xn_value_energy_price(entry, in->problems, &price);
}

static void
check_table(struct xn_plan_reader *in, const struct xn_yaml *table)
{
	const struct xn_yaml *categories = xn_yaml_get(table, "categories");
	const char *text;
	xn_instant from;
	xn_instant to;

	if (!xn_yaml_check_map(table, table_keys, in->problems))
		return;
	xn_plan_read_text(in, table, "basis", &text);
	xn_plan_read_text(in, table, "evidence", &text);
	xn_plan_read_text(in, table, "status", &text);
	xn_plan_read_span(in, table, &from, &to);
	if (categories == NULL || !xn_yaml_check_names(categories, in->problems))
		return;
	XN_YAML_EACH (category, categories)
		if (xn_yaml_check_names(category, in->problems))
			XN_YAML_EACH (voltage, category)
				check_prices(in, voltage);
}

static void
check_series(struct xn_plan_reader *in, const struct xn_yaml *series)
{
	xn_instant before = {INT64_MIN};

	if (!xn_yaml_check_list(series, in->problems))
		return;
	if (series->first == NULL)
		xn_problem_add(
		    in->problems, series->mark, NULL, "a series of prices has at least one table");
	XN_YAML_EACH (table, series) {
		const struct xn_yaml *value = xn_yaml_get(table, "from");
		struct xn_problems quiet;
		xn_instant from;

		check_table(in, table);
		xn_problems_init(&quiet, in->arena);
		if (value == NULL || !xn_value_instant(value, &quiet, &from))
			continue;
		if (from.ms <= before.ms)
			xn_problem_add(in->problems, value->mark, NULL,
			    "'%.64s' is not after the table before", value->text);
		before = from;
	}
}

bool
xn_tariff_check(
    struct xn_arena *arena, const struct xn_yaml *document, struct xn_problems *problems)
{
	static const char *const kinds[] = {"tariff", NULL};
	struct xn_plan_reader in = {.arena = arena, .problems = problems, .document = document};
	unsigned before = problems->count;
	const struct xn_yaml *value = xn_yaml_get(document, "kind");
	struct xn_plan_prices prices = {.vat_count = 0};
	const char *text;
	int choice;

	if (!xn_yaml_check_map(document, file_keys, problems))
		return false;
	if (value != NULL)
		xn_value_choice(value, problems, kinds, &choice);
	if ((value = xn_yaml_get(document, "name")) != NULL)
		xn_value_name(value, problems, &text);
	xn_plan_read_text(&in, document, "basis", &text);
	xn_plan_read_text(&in, document, "evidence", &text);
	xn_plan_read_text(&in, document, "note", &text);
	if ((value = xn_yaml_get(document, "vat")) != NULL)
		xn_plan_read_vat(&in, value, &prices);
	value = xn_yaml_get(document, "schedules");
	if (value != NULL && xn_yaml_check_names(value, problems))
		XN_YAML_EACH (schedule, value) {
			struct schedule read = {.count = 0};

			read_schedule(&in, schedule, &read);
		}
	value = xn_yaml_get(document, "prices");
	if (value != NULL && xn_yaml_check_names(value, problems))
		XN_YAML_EACH (series, value)
			check_series(&in, series);
	return problems->count == before;
}

/* ---- what a plan picks of it ---- */

static enum xn_band_kind
kind_of(const char *name)
{
	if (strcmp(name, "peak") == 0)
		return XN_BAND_PEAK;
	if (strcmp(name, "off-peak") == 0)
		return XN_BAND_OFFPEAK;
	return strcmp(name, "flat") == 0 ? XN_BAND_FLAT : XN_BAND_NORMAL;
}

/* One version: the bands of a schedule with the prices of a table. */
static struct xn_plan_tariff *
make_version(struct xn_plan_reader *in, const struct schedule *schedule,
    const struct xn_yaml *prices, const struct xn_yaml *table)
{
	struct xn_plan_tariff *tariff = xn_new(in->arena, struct xn_plan_tariff, 1);
	struct xn_plan_band *bands = xn_new(in->arena, struct xn_plan_band, SCHEDULE_BANDS_MAX);
	const struct xn_yaml *flat = xn_yaml_get(prices, "flat");
	const struct xn_yaml *demand = xn_yaml_get(prices, "demand");

	tariff->bands = bands;
	tariff->basis = xn_yaml_get(table, "basis")->text;
	tariff->evidence =
	    xn_yaml_get(xn_yaml_get(prices, "evidence") != NULL ? prices : table, "evidence")->text;
	tariff->has_demand =
	    demand != NULL && xn_value_demand_price(demand, in->problems, &tariff->demand);
	tariff->segments = schedule->segments;
	tariff->segment_count = schedule->segment_count;
	tariff->band_count = schedule->count;
	if (flat != NULL) {
		/* No bands in such a category, whatever the schedule. */
		tariff->segments = xn_new(in->arena, struct xn_plan_segment, 1);
		tariff->segment_count = tariff->band_count = 1;
		bands[0].name = "flat";
		xn_value_energy_price(flat, in->problems, &bands[0].price);
		return tariff;
	}
	for (unsigned i = 0; i < schedule->count; i++) {
		const struct xn_yaml *price = xn_yaml_get(prices, schedule->names[i]);

		bands[i].name = schedule->names[i];
		bands[i].kind = kind_of(bands[i].name);
		if (price == NULL)
			xn_problem_add(in->problems, xn_yaml_place(prices), NULL,
			    "there is no price of the band '%.64s'", bands[i].name);
		else
			xn_value_energy_price(price, in->problems, &bands[i].price);
	}
	return tariff;
}

/* The versions of one schedule's time, [from, to), appended to `tail`. */
static struct xn_plan_tariff **
add_versions(struct xn_plan_reader *in, const struct xn_yaml *series, const struct choice *choice,
    const struct schedule *schedule, xn_instant from, xn_instant to, struct xn_plan_tariff **tail)
{
	XN_YAML_EACH (table, series) {
		const struct xn_yaml *prices =
		    pick(in, xn_yaml_get(table, "categories"), choice->category, "category");
		struct xn_plan_tariff *tariff;
		xn_instant next;
		xn_instant unused;

		prices = prices == NULL ? NULL : pick(in, prices, choice->voltage, "voltage");
		if (prices == NULL)
			return tail;
		tariff = make_version(in, schedule, prices, table);
		xn_plan_read_span(in, table, &tariff->from, &tariff->to);
		if (table->next != NULL) {
			xn_plan_read_span(in, table->next, &next, &unused);
			tariff->to = next.ms < tariff->to.ms ? next : tariff->to;
		}
		tariff->from = tariff->from.ms < from.ms ? from : tariff->from;
		tariff->to = tariff->to.ms > to.ms ? to : tariff->to;
		if (tariff->from.ms >= tariff->to.ms)
			continue;
		*tail = tariff;
		tail = &tariff->next;
	}
	return tail;
}

/* `schedule` of a plan: a name, or a list of {use, from}: the bill says from when. */
static void
read_choice(struct xn_plan_reader *in, const struct xn_yaml *uses, const struct xn_yaml *schedules,
    const struct xn_yaml *series, const struct choice *choice, struct xn_plan_prices *prices)
{
	const struct xn_yaml one = {.kind = XN_YAML_MAP, .mark = uses->mark};
	const struct xn_yaml *item = uses->kind == XN_YAML_LIST ? uses->first : &one;
	struct xn_plan_tariff **tail = &prices->tariffs;

	for (; item != NULL; item = item->next) {
		const struct xn_yaml *name = item == &one ? uses : xn_yaml_get(item, "use");
		const struct xn_yaml *node;
		struct schedule schedule = {.count = 0};
		xn_instant from;
		xn_instant to = {INT64_MAX};
		xn_instant unused;

		if (item != &one && !xn_yaml_check_map(item, use_keys, in->problems))
			continue;
		node = name == NULL ? NULL : pick(in, schedules, name, "schedule");
		xn_plan_read_span(in, item, &from, &unused);
		if (item->next != NULL)
			xn_plan_read_span(in, item->next, &to, &unused);
		if (item->next != NULL && to.ms <= from.ms)
			xn_problem_add(in->problems, item->next->mark, NULL,
			    "a schedule begins after the one before");
		if (node == NULL)
			continue;
		read_schedule(in, node, &schedule);
		tail = add_versions(in, series, choice, &schedule, from, to, tail);
	}
}

static const struct xn_yaml *
require(struct xn_plan_reader *in, const struct xn_yaml *node, const char *key)
{
	const struct xn_yaml *value = xn_yaml_get(node, key);

	if (value == NULL && !node->cut)
		xn_problem_add(in->problems, xn_yaml_place(node), NULL,
		    "required key '%s' is missing: it chooses from the file", key);
	return value;
}

/* Whether reading met no mistake in it: what is missing from a part that was cut off is not told.
 */
static bool
is_whole(const struct xn_yaml *node)
{
	if (node->cut || node->spoiled)
		return false;
	XN_YAML_EACH (child, node)
		if (!is_whole(child))
			return false;
	return true;
}

/* A file that has the bands of one site, written as they are in a plan. */
static void
read_plain(struct xn_plan_reader *in, const struct xn_yaml *document, struct xn_plan_prices *prices)
{
	const struct xn_yaml *vat = xn_yaml_get(document, "vat");
	const char *text;

	if (!xn_yaml_check_map(document, plain_keys, in->problems))
		return;
	xn_plan_read_text(in, document, "name", &text);
	xn_plan_read_text(in, document, "basis", &text);
	xn_plan_read_text(in, document, "evidence", &text);
	xn_plan_read_bands(in, xn_yaml_get(document, "bands"), prices);
	if (vat != NULL)
		xn_plan_read_vat(in, vat, prices);
}

void
xn_plan_read_tariff_file(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_prices *prices)
{
	const struct xn_yaml *name = xn_yaml_get(node, "file");
	const struct xn_energy_file *file = xn_plan_open(in, name, true);
	const struct xn_yaml *document = file == NULL ? NULL : file->documents;
	const struct xn_yaml *kind = xn_yaml_get(document, "kind");
	const struct xn_yaml *uses;
	const struct xn_yaml *series;
	struct choice choice;

	if (file == NULL)
		return;
	if (xn_yaml_get(document, "bands") != NULL) {
		read_plain(in, document, prices);
		return;
	}
	if (kind == NULL || kind->kind != XN_YAML_SCALAR || strcmp(kind->text, "tariff") != 0) {
		if (in->files == NULL || in->files->all_known)
			xn_problem_add(in->problems, name->mark, NULL,
			    "'%.200s' is no file of kind 'tariff'", name->text);
		return;
	}
	uses = require(in, node, "schedule");
	choice = (struct choice){require(in, node, "category"), require(in, node, "voltage")};
	if (!xn_tariff_check(in->arena, document, in->problems) || !is_whole(document) ||
	    uses == NULL || choice.category == NULL || choice.voltage == NULL)
		return;
	series = xn_yaml_get(document, "prices");
	series = xn_yaml_get(node, "prices") != NULL
	    ? pick(in, series, xn_yaml_get(node, "prices"), "series of prices")
	    : series->first;
	if (series != NULL)
		read_choice(in, uses, xn_yaml_get(document, "schedules"), series, &choice, prices);
	if (xn_yaml_get(document, "vat") != NULL)
		xn_plan_read_vat(in, xn_yaml_get(document, "vat"), prices);
}
