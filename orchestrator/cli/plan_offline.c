/* Plans without the daemon: on a snapshot of a fleet, with the engine that the daemon uses. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/energy_plan.h"
#include "orchestrator/cli/fleet_json.h"
#include "orchestrator/cli/plan.h"
#include "orchestrator/cli/policy.h"
#include "orchestrator/cli/table.h"
#include "policies/place.h"

/* Address space for the largest snapshot; pages cost memory once touched. */
#define ARENA_SIZE ((size_t)64 << 30)

struct offline {
	struct xn_arena arena;
	struct xn_fleet fleet;
	const struct xn_policy *policy;
	const struct xn_energy_plan *energy; /* NULL: none was given */
	uint64_t seed;
	struct xn_placement placement;
	int64_t elapsed_us;
};

/* ---- reading ---- */

static int
cannot_read(const char *path)
{
	fprintf(stderr, "xanh: %s: %s\n", path, strerror(errno));
	return XN_EXIT_NOINPUT;
}

static int
slurp(struct xn_arena *arena, const char *path, char **ret_bytes, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	size_t size = 0;
	size_t room = 1u << 16;
	char *bytes;

	if (file == NULL)
		return cannot_read(path);
	bytes = malloc(room);
	while (bytes != NULL && size <= XN_FLEET_JSON_BYTES_MAX) {
		size_t got = fread(bytes + size, 1, room - size, file);
		char *more;

		size += got;
		if (got == 0)
			break;
		if (size < room)
			continue;
		more = realloc(bytes, room * 2);
		if (more == NULL)
			break;
		bytes = more;
		room *= 2;
	}
	if (bytes == NULL || ferror(file) || !feof(file)) {
		int status = ferror(file) ? cannot_read(path) : XN_EXIT_INPUT;

		if (!ferror(file))
			fprintf(stderr, "%s: error: larger than %u MiB\n", path,
			    XN_FLEET_JSON_BYTES_MAX >> 20);
		fclose(file);
		free(bytes);
		return status;
	}
	fclose(file);
	*ret_bytes = xn_text_copy(arena, bytes, size);
	*ret_size = size;
	free(bytes);
	return XN_EXIT_OK;
}

static int
read_fleet(struct offline *offline, const char *path)
{
	struct xn_fleet_mistakes mistakes;
	char *bytes = NULL;
	size_t size = 0;
	int status = slurp(&offline->arena, path, &bytes, &size);

	if (status != XN_EXIT_OK)
		return status;
	if (xn_fleet_json_read(&offline->arena, bytes, size, &offline->fleet, &mistakes) == XN_OK)
		return XN_EXIT_OK;
	for (unsigned i = 0; i < mistakes.count && i < XN_FLEET_MISTAKES_MAX; i++) {
		fprintf(stderr, "%s: error: ", path);
		xn_cli_print_escaped(stderr, mistakes.text[i]);
		fputc('\n', stderr);
	}
	if (mistakes.count > XN_FLEET_MISTAKES_MAX)
		fprintf(stderr, "%s: and %u more\n", path, mistakes.count - XN_FLEET_MISTAKES_MAX);
	return XN_EXIT_INPUT;
}

static int
read_policy(struct offline *offline, const char *path)
{
	struct xn_problems problems;
	struct xn_error err = {.code = XN_OK};

	xn_problems_init(&problems, &offline->arena);
	offline->policy = xn_cli_policy_read(&offline->arena, path, true, &problems, &err);
	if (err.code != XN_OK) {
		fputs("xanh: ", stderr);
		xn_cli_print_escaped(stderr, err.text);
		fputc('\n', stderr);
		return xn_exit_of(err.code);
	}
	xn_problems_print(&problems, stderr);
	return problems.count > 0 ? XN_EXIT_INPUT : XN_EXIT_OK;
}

static int
read_options(const struct xn_cli *cli, struct offline *offline)
{
	const char *now = xn_cli_option(cli, "now");
	const char *seed = xn_cli_option(cli, "seed");
	char *end = NULL;

	offline->seed = 1;
	if (seed != NULL) {
		errno = 0;
		offline->seed = strtoull(seed, &end, 10);
		if (*seed < '0' || *seed > '9' || *end != '\0' || errno != 0) {
			fputs("xanh: --seed is a whole number\n", stderr);
			return XN_EXIT_USAGE;
		}
	}
	if (now != NULL &&
	    !xn_fleet_json_instant(now, &offline->fleet.now, &offline->fleet.utc_offset_s)) {
		fputs("xanh: --now is an instant like 2026-11-23T09:00:00+07:00\n", stderr);
		return XN_EXIT_USAGE;
	}
	return XN_EXIT_OK;
}

/* Every file is read whatever is wrong with the others, so that every problem is listed. */
static int
read_inputs(const struct xn_cli *cli, struct offline *offline)
{
	const char *fleet = xn_cli_option(cli, "fleet");
	const char *policy = xn_cli_option(cli, "policy");
	const char *energy = xn_cli_option(cli, "energy-plan");
	struct xn_cli_plan_file *files;
	int fleet_status;
	int policy_status;
	int energy_status = XN_EXIT_OK;

	if (fleet == NULL || policy == NULL) {
		fputs(
		    "xanh: --fleet FLEET.json and --policy POLICY.yaml belong together\n", stderr);
		return XN_EXIT_USAGE;
	}
	xn_arena_map(&offline->arena, ARENA_SIZE);
	fleet_status = read_fleet(offline, fleet);
	policy_status = read_policy(offline, policy);
	if (energy != NULL)
		offline->energy =
		    xn_cli_energy_plan_use(&offline->arena, energy, &files, &energy_status);
	if (fleet_status != XN_EXIT_OK)
		return fleet_status;
	if (policy_status != XN_EXIT_OK)
		return policy_status;
	return energy != NULL && offline->energy == NULL ? energy_status
							 : read_options(cli, offline);
}

static int
place(struct offline *offline)
{
	struct xn_place_options options = {.seed = offline->seed, .steps_max = UINT32_MAX};
	struct xn_error err = {.code = XN_OK};
	struct timespec start;
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	if (xn_place(&offline->fleet, offline->policy, options, &offline->arena,
		&offline->placement, &err) != XN_OK) {
		fprintf(stderr, "xanh: %s\n", err.text);
		return xn_exit_of(err.code);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	offline->elapsed_us =
	    (end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000;
	return XN_EXIT_OK;
}

/* ---- writing ---- */

static json_t *
watts(int64_t mw)
{
	return json_real((double)mw / 1000.0);
}

static json_t *
after_of(const struct xn_step *step)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < step->after_count; i++)
		json_array_append_new(list, json_integer(step->after[i]));
	return list;
}

static const char *
host_id(const struct offline *offline, uint32_t host)
{
	return host == XN_NONE ? NULL : offline->fleet.hosts[host].id;
}

static json_t *
move_json(const struct offline *offline, const struct xn_step *step)
{
	return json_pack("{s:i,s:s,s:s?,s:s,s:o,s:s,s:o}", "step", (int)step->number, "vm",
	    offline->fleet.vms[step->vm].id, "from", host_id(offline, step->from), "to",
	    host_id(offline, step->to), "after", after_of(step), "reason", step->reason, "saves_w",
	    step->from == XN_NONE ? json_null() : watts(step->saves.mw));
}

static json_t *
power_json(const struct offline *offline, const struct xn_step *step)
{
	return json_pack("{s:s,s:s,s:i,s:o}", "host", host_id(offline, step->to), "to",
	    step->kind == XN_STEP_WAKE ? "on" : "sleep", "step", (int)step->number, "after",
	    after_of(step));
}

/* What an hour at this draw emits and costs, energy alone, at the factor and the band of `now`;
 * null without a plan that says so. */
static json_t *
carbon_json(const struct offline *offline, xn_power facility)
{
	struct xn_factor factor;

	if (offline->energy == NULL ||
	    !xn_energy_plan_factor(
		offline->energy, XN_FACTOR_LOCATION, offline->fleet.now, &factor))
		return json_null();
	return json_real((double)facility.mw * (double)factor.per_kwh.mg / 1e9);
}

static json_t *
cost_json(const struct offline *offline, xn_power facility)
{
	struct xn_band band;

	if (offline->energy == NULL ||
	    !xn_energy_plan_band(
		offline->energy, offline->fleet.now, offline->fleet.utc_offset_s, &band))
		return json_null();
	return json_real((double)facility.mw * (double)band.price.mvnd / 1e9);
}

static json_t *
outlook_json(const struct offline *offline, const struct xn_outlook *outlook)
{
	json_t *violations = json_array();

	for (uint32_t i = 0; i < outlook->violation_count; i++) {
		const struct xn_violation *row = &outlook->violations[i];
		json_t *about = json_array();

		for (unsigned a = 0; a < row->about_count; a++)
			json_array_append_new(about, json_string(row->about[a]));
		json_array_append_new(violations,
		    json_pack("{s:s,s:o,s:o,s:s}", "constraint", row->constraint, "index",
			row->index < 0 ? json_null() : json_integer(row->index), "about", about,
			"why", row->why));
	}
	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "it_w", watts(outlook->it.mw), "facility_w",
	    watts(outlook->facility.mw), "carbon_g_h", carbon_json(offline, outlook->facility),
	    "cost_vnd_h", cost_json(offline, outlook->facility), "violations", violations);
}

static json_t *
bound_json(const struct xn_placement *placement)
{
	double bound = (double)placement->bound_it.mw;
	double gap = bound > 0 ? (double)placement->after.it.mw / bound - 1 : 0;

	return json_pack("{s:o,s:f,s:s}", "it_w", watts(placement->bound_it.mw), "gap", gap,
	    "method", placement->bound_method);
}

/* A name that the same plan always has: FNV-1a over its steps. */
static void
name_plan(const struct offline *offline, char *ret_name, size_t size)
{
	uint64_t hash = UINT64_C(14695981039346656037) ^ offline->seed;

	for (uint32_t i = 0; i < offline->placement.step_count; i++) {
		const struct xn_step *step = &offline->placement.steps[i];
		uint64_t parts[] = {(uint64_t)step->kind, step->vm, step->from, step->to};

		for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++)
			hash = (hash ^ parts[k]) * UINT64_C(1099511628211);
	}
	snprintf(ret_name, size, "p-%04x", (unsigned)((hash ^ hash >> 32) & 0xffff));
}

static json_t *
plan_json(const struct offline *offline)
{
	const struct xn_placement *placement = &offline->placement;
	json_t *moves = json_array();
	json_t *power = json_array();
	json_t *unplaced = json_array();
	char name[16];

	for (uint32_t i = 0; i < placement->step_count; i++) {
		const struct xn_step *step = &placement->steps[i];

		if (step->kind == XN_STEP_MOVE)
			json_array_append_new(moves, move_json(offline, step));
		else
			json_array_append_new(power, power_json(offline, step));
	}
	for (uint32_t i = 0; i < placement->unplaced_count; i++)
		json_array_append_new(unplaced,
		    json_pack("{s:s,s:s}", "vm", offline->fleet.vms[placement->unplaced[i].vm].id,
			"why", placement->unplaced[i].why));
	name_plan(offline, name, sizeof(name));
	return json_pack("{s:s,s:I,s:o,s:o,s:[],s:o,s:o,s:o,s:o,s:s,s:f}", "plan", name, "seed",
	    (json_int_t)offline->seed, "moves", moves, "power", power, "deferred", "before",
	    outlook_json(offline, &placement->before), "after",
	    outlook_json(offline, &placement->after), "bound", bound_json(placement), "unplaced",
	    unplaced, "verdict", placement->verdict, "elapsed_ms",
	    (double)offline->elapsed_us / 1000.0);
}

static void
draw(const struct offline *offline, const json_t *plan)
{
	static const struct xn_column moves[] = {{"STEP", "step", XN_CELL_COUNT},
	    {"VM", "vm", XN_CELL_TEXT}, {"FROM", "from", XN_CELL_TEXT}, {"TO", "to", XN_CELL_TEXT},
	    {"SAVES", "saves_w", XN_CELL_WATTS}, {"WHY", "reason", XN_CELL_TEXT}};
	static const struct xn_column power[] = {{"STEP", "step", XN_CELL_COUNT},
	    {"HOST", "host", XN_CELL_TEXT}, {"TO", "to", XN_CELL_TEXT}};
	static const struct xn_column broken[] = {
	    {"BROKEN AFTER", "constraint", XN_CELL_TEXT}, {"WHY", "why", XN_CELL_TEXT}};
	static const struct xn_column unplaced[] = {
	    {"UNPLACED", "vm", XN_CELL_TEXT}, {"WHY", "why", XN_CELL_TEXT}};
	const struct xn_placement *placement = &offline->placement;
	const json_t *rows = json_object_get(plan, "moves");

	printf("plan %s  %s\n", xn_field_text(plan, "plan"), placement->verdict);
	if (json_array_size(rows) > 0)
		xn_table_draw(rows, moves, sizeof(moves) / sizeof(moves[0]));
	rows = json_object_get(plan, "power");
	if (json_array_size(rows) > 0)
		xn_table_draw(rows, power, sizeof(power) / sizeof(power[0]));
	rows = xn_field(plan, "after.violations");
	if (json_array_size(rows) > 0)
		xn_table_draw(rows, broken, sizeof(broken) / sizeof(broken[0]));
	rows = json_object_get(plan, "unplaced");
	if (json_array_size(rows) > 0)
		xn_table_draw(rows, unplaced, sizeof(unplaced) / sizeof(unplaced[0]));
	printf("IT %.1f -> %.1f W, facility %.1f -> %.1f W; no lawful placement draws less than "
	       "%.1f W (gap %.1f %%)\n",
	    (double)placement->before.it.mw / 1e3, (double)placement->after.it.mw / 1e3,
	    (double)placement->before.facility.mw / 1e3, (double)placement->after.facility.mw / 1e3,
	    (double)placement->bound_it.mw / 1e3,
	    100 * json_number_value(xn_field(plan, "bound.gap")));
	if (json_is_number(xn_field(plan, "before.cost_vnd_h")))
		printf("cost %.0f -> %.0f VND/h\n", xn_field_number(plan, "before.cost_vnd_h"),
		    xn_field_number(plan, "after.cost_vnd_h"));
	if (json_is_number(xn_field(plan, "before.carbon_g_h")))
		printf("carbon %.0f -> %.0f g/h\n", xn_field_number(plan, "before.carbon_g_h"),
		    xn_field_number(plan, "after.carbon_g_h"));
}

int
xn_cli_plan_offline(struct xn_cli *cli)
{
	struct offline offline = {.seed = 1};
	enum xn_format format;
	json_t *plan;
	int status;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	status = read_inputs(cli, &offline);
	if (status == XN_EXIT_OK)
		status = place(&offline);
	if (status != XN_EXIT_OK) {
		xn_arena_unmap(&offline.arena);
		return status;
	}
	plan = plan_json(&offline);
	if (plan == NULL) {
		fputs("xanh: out of memory\n", stderr);
		xn_arena_unmap(&offline.arena);
		return XN_EXIT_INTERNAL;
	}
	if (format == XN_FORMAT_TABLE) {
		draw(&offline, plan);
	} else {
		json_dumpf(plan, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
		putchar('\n');
	}
	status = offline.placement.step_count > 0 ? XN_EXIT_CHANGES : XN_EXIT_OK;
	json_decref(plan);
	xn_arena_unmap(&offline.arena);
	return status;
}

/* ---- why ---- */

static uint32_t
find_vm(const struct offline *offline, const char *id)
{
	for (uint32_t v = 0; v < offline->fleet.vm_count; v++)
		if (strcmp(offline->fleet.vms[v].id, id) == 0)
			return v;
	fprintf(stderr, "xanh: the snapshot has no VM '%s'\n", id);
	return XN_NONE;
}

static void
say_plan_of(const struct offline *offline, uint32_t vm)
{
	const char *at = host_id(offline, offline->fleet.vms[vm].host);

	for (uint32_t i = 0; i < offline->placement.step_count; i++) {
		const struct xn_step *step = &offline->placement.steps[i];

		if (step->kind != XN_STEP_MOVE || step->vm != vm)
			continue;
		printf("goes from %s to %s: %s\n", at != NULL ? at : "nowhere",
		    host_id(offline, step->to), step->reason);
		return;
	}
	printf("stays %s: %s\n", at != NULL ? at : "nowhere", offline->placement.verdict);
}

/* Each host with its first failing rule, then how many hosts each rule refuses. */
static void
say_refusals(struct offline *offline, uint32_t vm, const char *only)
{
	uint32_t count = offline->fleet.host_count;
	const char **why = xn_new(&offline->arena, const char *, count + 1u);

	xn_place_refusals(&offline->fleet, offline->policy, vm, &offline->arena, why);
	for (uint32_t h = 0; h < count; h++)
		if (only == NULL || strcmp(only, offline->fleet.hosts[h].id) == 0)
			printf("%s: %s\n", offline->fleet.hosts[h].id,
			    why[h] != NULL ? why[h] : "may take it");
	for (uint32_t h = 0; only == NULL && h < count; h++) {
		size_t length = why[h] == NULL ? 0 : strcspn(why[h], ":");
		uint32_t same = 0;
		bool first = length > 0 && why[h][length] == ':';

		for (uint32_t k = 0; first && k < count; k++) {
			bool equal = why[k] != NULL && strcspn(why[k], ":") == length &&
			    memcmp(why[k], why[h], length) == 0;

			first = !(equal && k < h);
			same += equal;
		}
		if (first)
			printf("%.*s refuses %u of %u hosts\n", (int)length, why[h], (unsigned)same,
			    (unsigned)count);
	}
}

static int
explain(struct xn_cli *cli)
{
	struct offline offline = {.seed = 1};
	bool one_host = strcmp(cli->command->verb, "why-not") == 0;
	uint32_t vm = XN_NONE;
	int status;

	if (cli->argument_count != (one_host ? 2 : 1)) {
		fprintf(stderr, "xanh: 'xanh plan %s %s --fleet FILE --policy FILE'\n",
		    cli->command->verb, cli->command->arguments);
		return XN_EXIT_USAGE;
	}
	status = read_inputs(cli, &offline);
	if (status == XN_EXIT_OK)
		status = place(&offline);
	if (status == XN_EXIT_OK) {
		vm = find_vm(&offline, cli->arguments[0]);
		status = vm == XN_NONE ? XN_EXIT_INPUT : XN_EXIT_OK;
	}
	if (status == XN_EXIT_OK) {
		if (!one_host)
			say_plan_of(&offline, vm);
		say_refusals(&offline, vm, one_host ? cli->arguments[1] : NULL);
	}
	xn_arena_unmap(&offline.arena);
	return status;
}

#define OFFLINE_OPTIONS                                                                            \
	{.name = "fleet", .value = "FILE", .help = "the snapshot"},                                \
	    {.name = "policy", .value = "FILE", .help = "the policy"},                             \
	    {.name = "energy-plan", .value = "FILE", .help = "the energy plan"},                   \
	    {.name = "now", .value = "TIME", .help = "instead of the snapshot's instant"},         \
	{                                                                                          \
		.name = "seed", .value = "N", .help = "of the search"                              \
	}

const struct xn_cli_command xn_cli_plan_why = {
    .noun = "plan",
    .verb = "why",
    .arguments = "VM",
    .summary = "why a plan on a snapshot puts a VM where it does, and why no other host",
    .examples = "xanh plan why v1 --fleet fleet.json --policy consolidate.yaml",
    .options = {OFFLINE_OPTIONS},
    .run = explain,
};

const struct xn_cli_command xn_cli_plan_why_not = {
    .noun = "plan",
    .verb = "why-not",
    .arguments = "VM HOST",
    .summary = "the first rule by which a host refuses a VM",
    .examples = "xanh plan why-not v1 h7 --fleet fleet.json --policy consolidate.yaml",
    .options = {OFFLINE_OPTIONS},
    .run = explain,
};
