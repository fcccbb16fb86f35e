#include "policies/energy_plan_parts.h"

#include <stdio.h>
#include <string.h>

#include "common/calendar.h"

#define DAY_MS INT64_C(86400000)

static const struct xn_yaml_key plan_keys[] = {{"kind", true}, {"name", true}, {"from", false},
    {"to", false}, {"basis", false}, {"sources", false}, {"contracts", false}, {"targets", false},
    {"events", false}, {NULL, false}};
static const struct xn_yaml_key source_keys[] = {
    {"grid", false}, {"pv", false}, {"battery", false}, {"generator", false}, {NULL, false}};
static const struct xn_yaml_key grid_keys[] = {
    {"limit", false}, {"carbon", false}, {"tariff", false}, {"demand", false}, {NULL, false}};
static const struct xn_yaml_key pv_keys[] = {
    {"capacity", false}, {"forecast", false}, {NULL, false}};
static const struct xn_yaml_key forecast_keys[] = {{"file", true}, {NULL, false}};
static const struct xn_yaml_key battery_keys[] = {
    {"capacity", false}, {"floor", false}, {"power", false}, {NULL, false}};
static const struct xn_yaml_key generator_keys[] = {
    {"limit", false}, {"use", false}, {NULL, false}};

/* ---- what the files of this folder share ---- */

bool
xn_plan_read_span(
    struct xn_plan_reader *in, const struct xn_yaml *map, xn_instant *ret_from, xn_instant *ret_to)
{
	const struct xn_yaml *from = xn_yaml_get(map, "from");
	const struct xn_yaml *to = xn_yaml_get(map, "to");
	bool good = true;

	ret_from->ms = 0;
	ret_to->ms = INT64_MAX;
	if (from != NULL)
		good = xn_value_instant(from, in->problems, ret_from);
	if (to != NULL)
		good = xn_value_instant(to, in->problems, ret_to) && good;
	if (!good || from == NULL || to == NULL || ret_from->ms < ret_to->ms)
		return good;
	xn_problem_add(in->problems, to->mark, NULL, "'%.64s' is not after its beginning, '%.64s'",
	    to->text, from->text);
	return false;
}

void
xn_plan_read_text(
    struct xn_plan_reader *in, const struct xn_yaml *map, const char *key, const char **ret_text)
{
	const struct xn_yaml *value = xn_yaml_get(map, key);

	if (value != NULL)
		xn_value_text(value, in->problems, ret_text);
}

/* The bytes of a file that is no YAML, as lines. */
static const struct xn_source *
join_lines(struct xn_arena *arena, const char *path, const struct xn_yaml *lines)
{
	struct xn_source *source = xn_new(arena, struct xn_source, 1);
	size_t size = 0;
	char *bytes;

	if (lines == NULL || lines->kind != XN_YAML_LIST)
		return NULL;
	XN_YAML_EACH (line, lines)
		size += (line->kind == XN_YAML_SCALAR ? strlen(line->text) : 0) + 1;
	bytes = xn_arena_take(arena, size + 1, 1);
	*source = (struct xn_source){.path = path, .bytes = bytes, .size = size};
	XN_YAML_EACH (line, lines) {
		size_t length = line->kind == XN_YAML_SCALAR ? strlen(line->text) : 0;

		memcpy(bytes, length > 0 ? line->text : "", length);
		bytes[length] = '\n';
		bytes += length + 1;
	}
	return source;
}

static bool
says(const struct xn_yaml *map, const char *key, const char *word)
{
	const struct xn_yaml *value = xn_yaml_get(map, key);

	return value != NULL && value->kind == XN_YAML_SCALAR && strcmp(value->text, word) == 0;
}

/* The files of a stored plan stand in the documents after it. */
static const struct xn_energy_file *
find_sibling(struct xn_plan_reader *in, const char *path)
{
	for (const struct xn_yaml *head = in->document; head != NULL; head = head->next) {
		struct xn_energy_file *file;
		const struct xn_yaml *body = head->next;

		if (body == NULL || !says(head, "kind", "file") || !says(head, "path", path))
			continue;
		file = xn_new(in->arena, struct xn_energy_file, 1);
		file->documents = body;
		file->source = says(body, "kind", "bytes")
		    ? join_lines(in->arena, path, xn_yaml_get(body, "lines"))
		    : body->mark.source;
		return file->source == NULL ? NULL : file;
	}
	return NULL;
}

const struct xn_energy_file *
xn_plan_open(struct xn_plan_reader *in, const struct xn_yaml *node, bool yaml)
{
	const struct xn_energy_file *file;
	const char *path;

	if (!xn_value_text(node, in->problems, &path))
		return NULL;
	file = in->files != NULL ? in->files->find(in->files->context, path, yaml)
				 : find_sibling(in, path);
	if (file == NULL)
		xn_problem_add(in->problems, node->mark, NULL,
		    "there is no file '%.200s' beside the plan", path);
	return file;
}

int
xn_plan_minute_of_week(xn_instant at, int utc_offset_s)
{
	int64_t local = at.ms + (int64_t)utc_offset_s * 1000;
	int64_t day = local / DAY_MS - (local % DAY_MS < 0);
	int64_t weekday = ((day + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */

	return (int)(weekday * XN_DAY_MINUTES + (local - day * DAY_MS) / 60000);
}

bool
xn_plan_within(int minute, int start, int end)
{
	return start < end ? minute >= start && minute < end : minute >= start || minute < end;
}

xn_instant
xn_plan_year_start(const struct xn_plan_reader *in, int year)
{
	return xn_date_start((struct xn_date){year, 1, 1}, in->utc_offset_s);
}

/* "+07:00" at the end of an instant that was read; 0 of "Z". */
static int
offset_of(const struct xn_yaml *instant)
{
	size_t length = strlen(instant->text);
	const char *at = instant->text + length - 6;
	int minutes;

	if (length < 6 || (*at != '+' && *at != '-'))
		return 0;
	minutes = ((at[1] - '0') * 10 + (at[2] - '0')) * 60 + (at[4] - '0') * 10 + (at[5] - '0');
	return (*at == '-' ? -60 : 60) * minutes;
}

/* ---- reading ---- */

static void
read_limit(struct xn_plan_reader *in, const struct xn_yaml *map, xn_power *ret_limit)
{
	const struct xn_yaml *value = xn_yaml_get(map, "limit");

	if (value == NULL || !xn_value_power(value, in->problems, ret_limit))
		return;
	if (ret_limit->mw == 0)
		xn_problem_add(in->problems, value->mark, NULL, "a limit is above 0");
}

static void
read_grid(struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_energy_plan *plan)
{
	const struct xn_yaml *value;

	if (!xn_yaml_check_map(node, grid_keys, in->problems))
		return;
	read_limit(in, node, &plan->sources.grid_limit);
	if ((value = xn_yaml_get(node, "carbon")) != NULL)
		xn_plan_read_carbon(in, value, &plan->carbon);
	if ((value = xn_yaml_get(node, "tariff")) != NULL)
		xn_plan_read_tariff(in, value, &plan->prices);
	if ((value = xn_yaml_get(node, "demand")) != NULL)
		plan->prices.has_demand =
		    xn_value_demand_price(value, in->problems, &plan->prices.demand);
}

static void
read_pv(struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_energy_sources *sources)
{
	const struct xn_yaml *value;

	if (!xn_yaml_check_map(node, pv_keys, in->problems))
		return;
	if ((value = xn_yaml_get(node, "capacity")) != NULL)
		xn_value_peak_power(value, in->problems, &sources->pv_peak);
	value = xn_yaml_get(node, "forecast");
	if (value == NULL || !xn_yaml_check_map(value, forecast_keys, in->problems))
		return;
	value = xn_yaml_get(value, "file");
	if (value != NULL)
		xn_plan_read_pv_file(in, value, sources);
}

static void
read_battery(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_energy_sources *sources)
{
	const struct xn_yaml *value;

	if (!xn_yaml_check_map(node, battery_keys, in->problems))
		return;
	if ((value = xn_yaml_get(node, "capacity")) != NULL)
		xn_value_energy(value, in->problems, &sources->battery_capacity);
	if ((value = xn_yaml_get(node, "floor")) != NULL)
		xn_value_share(value, in->problems, &sources->battery_floor);
	if ((value = xn_yaml_get(node, "power")) != NULL)
		xn_value_power(value, in->problems, &sources->battery_power);
}

static void
read_generator(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_energy_sources *sources)
{
	static const char *const uses[] = {"outage-only", "peak", "test", NULL};
	const struct xn_yaml *value;
	int choice;

	if (!xn_yaml_check_map(node, generator_keys, in->problems))
		return;
	read_limit(in, node, &sources->generator_limit);
	if ((value = xn_yaml_get(node, "use")) != NULL &&
	    xn_value_choice(value, in->problems, uses, &choice))
		sources->generator_use = (enum xn_generator_use)choice;
}

static void
read_sources(struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_energy_plan *plan)
{
	const struct xn_yaml *value;

	if (!xn_yaml_check_map(node, source_keys, in->problems))
		return;
	if ((value = xn_yaml_get(node, "grid")) != NULL)
		read_grid(in, value, plan);
	if ((value = xn_yaml_get(node, "pv")) != NULL)
		read_pv(in, value, &plan->sources);
	if ((value = xn_yaml_get(node, "battery")) != NULL)
		read_battery(in, value, &plan->sources);
	if ((value = xn_yaml_get(node, "generator")) != NULL)
		read_generator(in, value, &plan->sources);
}

static void
read_head(struct xn_plan_reader *in, const struct xn_yaml *document, struct xn_energy_plan *plan)
{
	static const char *const kinds[] = {"energy-plan", NULL};
	const struct xn_yaml *value = xn_yaml_get(document, "kind");
	int choice;

	if (value != NULL)
		xn_value_choice(value, in->problems, kinds, &choice);
	if ((value = xn_yaml_get(document, "name")) != NULL)
		xn_value_name(value, in->problems, &plan->name);
	xn_plan_read_text(in, document, "basis", &plan->basis);
	if (xn_plan_read_span(in, document, &plan->from, &plan->to) &&
	    (value = xn_yaml_get(document, "from")) != NULL)
		in->utc_offset_s = offset_of(value);
}

const struct xn_energy_plan *
xn_energy_plan_compile_with(struct xn_arena *arena, const struct xn_yaml *document,
    const struct xn_energy_files *files, struct xn_problems *problems)
{
	struct xn_energy_plan *plan = xn_new(arena, struct xn_energy_plan, 1);
	struct xn_plan_reader in = {
	    .arena = arena, .problems = problems, .files = files, .document = document};
	unsigned before = problems->count;
	const struct xn_yaml *value;

	plan->source = document->mark.source;
	plan->name = "";
	plan->basis = "";
	if (!xn_yaml_check_map(document, plan_keys, problems))
		return NULL;
	read_head(&in, document, plan);
	plan->utc_offset_s = in.utc_offset_s;
	if ((value = xn_yaml_get(document, "sources")) != NULL)
		read_sources(&in, value, plan);
	if ((value = xn_yaml_get(document, "contracts")) != NULL)
		xn_plan_read_contracts(&in, value, &plan->carbon);
	if ((value = xn_yaml_get(document, "targets")) != NULL)
		xn_plan_read_targets(&in, value, &plan->targets);
	if ((value = xn_yaml_get(document, "events")) != NULL)
		plan->events =
		    xn_plan_read_events(&in, value, plan->sources.grid_limit, &plan->event_count);
	return problems->count == before ? plan : NULL;
}

const struct xn_energy_plan *
xn_energy_plan_compile(
    struct xn_arena *arena, const struct xn_yaml *document, struct xn_problems *problems)
{
	return xn_energy_plan_compile_with(arena, document, NULL, problems);
}

/* ---- answers ---- */

const char *
xn_energy_plan_name(const struct xn_energy_plan *plan)
{
	return plan->name;
}

int
xn_energy_plan_offset(const struct xn_energy_plan *plan)
{
	return plan->utc_offset_s;
}

const char *
xn_energy_plan_basis(const struct xn_energy_plan *plan)
{
	return plan->basis;
}

const struct xn_source *
xn_energy_plan_source(const struct xn_energy_plan *plan)
{
	return plan->source;
}

xn_instant
xn_energy_plan_from(const struct xn_energy_plan *plan)
{
	return plan->from;
}

xn_instant
xn_energy_plan_to(const struct xn_energy_plan *plan)
{
	return plan->to;
}

const struct xn_energy_sources *
xn_energy_plan_sources(const struct xn_energy_plan *plan)
{
	return &plan->sources;
}

const struct xn_demand_event *
xn_energy_plan_events(const struct xn_energy_plan *plan, unsigned *ret_count)
{
	*ret_count = plan->event_count;
	return plan->events;
}
