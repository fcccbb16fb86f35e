/* Meter: books a file of readings of one meter into intervals, without a daemon. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/calendar.h"
#include "common/csv.h"
#include "common/value.h"
#include "orchestrator/books/json.h"
#include "orchestrator/books/readings.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/meter.h"
#include "orchestrator/cli/table.h"

#define INPUT_MAX   ((size_t)512 << 20)
#define ARENA_SIZE  ((size_t)4 << 30) /* address space */
#define SCRATCH     ((size_t)1 << 20) /* of one row */
#define BITS_MAX    64
#define DIGITS_MAX  30 /* 2^64 counts of 1 MWh have 26 */
#define INTERVAL_MS INT64_C(1800000)
#define ZONE        "Asia/Ho_Chi_Minh"

/* ---- METER.yaml ---- */

static void
read_register(
    const struct xn_yaml *node, struct xn_problems *problems, struct xn_meter_rules *rules)
{
	static const struct xn_yaml_key keys[] = {
	    {"bits", false}, {"unit", false}, {"reset", false}, {NULL, false}};
	static const char *const resets[] = {"allowed", "never", NULL};
	const struct xn_yaml *value;
	int64_t bits = 0;
	int reset = 0;

	if (!xn_yaml_check_map(node, keys, problems))
		return;
	if ((value = xn_yaml_get(node, "unit")) != NULL &&
	    xn_value_energy(value, problems, &rules->step) && rules->step.mj <= 0)
		xn_problem_add(problems, value->mark, "write what one count is, like 100 Wh",
		    "a count of nothing");
	if ((value = xn_yaml_get(node, "bits")) != NULL && xn_value_count(value, problems, &bits)) {
		if (bits < 1 || bits > BITS_MAX)
			xn_problem_add(problems, value->mark, NULL,
			    "a register has 1 to %d bits, not %s", BITS_MAX, value->text);
		else
			rules->modulus = ((xn_register)1 << bits) * rules->step.mj;
	}
	if ((value = xn_yaml_get(node, "reset")) != NULL &&
	    xn_value_choice(value, problems, resets, &reset))
		rules->no_reset = reset == 1;
}

static void
read_spans(const struct xn_yaml *meter, struct xn_problems *problems,
    struct xn_readings_rules *rules, const char **ret_zone)
{
	const struct xn_yaml *value;

	if ((value = xn_yaml_get(meter, "interval")) != NULL &&
	    xn_value_time(value, problems, &rules->interval) &&
	    (rules->interval.ms < 1000 || INT64_C(86400000) % rules->interval.ms != 0)) {
		xn_problem_add(problems, value->mark, "write one that divides a day, like 30 min",
		    "an interval of %s", value->text);
		rules->interval.ms = INTERVAL_MS;
	}
	if ((value = xn_yaml_get(meter, "sample")) != NULL &&
	    xn_value_time(value, problems, &rules->meter.sample) && rules->meter.sample.ms <= 0)
		xn_problem_add(problems, value->mark, NULL, "readings cannot be 0 apart");
	if ((value = xn_yaml_get(meter, "timezone")) != NULL)
		xn_value_text(value, problems, ret_zone);
}

/* The offset of the site's zone; readings lie in one of a fixed offset. */
static int
offset_of(const char *zone)
{
	time_t now = time(NULL);
	struct tm local;

	setenv("TZ", zone, 1);
	tzset();
	localtime_r(&now, &local);
	return (int)local.tm_gmtoff;
}

static void
read_meter(const struct xn_yaml *documents, struct xn_problems *problems,
    struct xn_readings_rules *ret_rules)
{
	static const struct xn_yaml_key keys[] = {{"kind", true}, {"name", false},
	    {"register", false}, {"max_power", true}, {"interval", false}, {"sample", false},
	    {"timezone", false}, {NULL, false}};
	static const char *const kinds[] = {"meter", NULL};
	const struct xn_yaml *meter = documents->first, *value;
	const char *zone = ZONE;
	int kind;

	*ret_rules =
	    (struct xn_readings_rules){.interval = {INTERVAL_MS}, .meter.step = {XN_WH_MJ}};
	if (meter == NULL || !xn_yaml_check_map(meter, keys, problems))
		return;
	if (meter->next != NULL)
		xn_problem_add(
		    problems, meter->next->mark, NULL, "a file describes one meter only");
	if ((value = xn_yaml_get(meter, "kind")) != NULL)
		xn_value_choice(value, problems, kinds, &kind);
	if ((value = xn_yaml_get(meter, "register")) != NULL)
		read_register(value, problems, &ret_rules->meter);
	if ((value = xn_yaml_get(meter, "max_power")) != NULL &&
	    xn_value_power(value, problems, &ret_rules->meter.max) && ret_rules->meter.max.mw <= 0)
		xn_problem_add(problems, value->mark, "write the breaker's rating, like 22 kW",
		    "a meter that can measure nothing");
	read_spans(meter, problems, ret_rules, &zone);
	ret_rules->utc_offset_s = offset_of(zone);
}

int
xn_meter_rules_read(struct xn_arena *arena, const char *path, struct xn_problems *problems,
    struct xn_readings_rules *ret_rules, struct xn_error *err)
{
	struct xn_yaml *documents;
	int result = xn_yaml_read_file(arena, path, problems, &documents, err);

	if (result == XN_OK)
		read_meter(documents, problems, ret_rules);
	return result;
}

/* ---- readings ---- */

/* A number of a column, in thousandths of milli units: Wh as mJ, W as mW. False: it is none. */
static bool
read_number(const char *text, int64_t factor, bool *ret_has, xn_register *ret_value)
{
	xn_register whole = 0, part = 0, scale = 1;
	const char *at = text + (*text == '-' || *text == '+');
	long double real;
	char *end;

	for (; *at >= '0' && *at <= '9' && at - text < DIGITS_MAX; at++)
		whole = whole * 10 + (*at - '0');
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++)
			if (scale < 1000000000) {
				part = part * 10 + (*at - '0');
				scale *= 10;
			}
	*ret_has = true;
	*ret_value = whole * factor + part * factor / scale;
	if (*text == '-')
		*ret_value = -*ret_value;
	if (*at == '\0' && at > text)
		return true;
	real = strtold(text, &end); /* 1e6, nan, inf */
	if (end == text || *end != '\0' || strpbrk(text, "xX") != NULL)
		return false;
	*ret_has = isfinite(real) && fabsl(real) < 1e30L;
	*ret_value = *ret_has ? (xn_register)roundl(real * (long double)factor) : 0;
	return true;
}

/* RFC 3339 with offset, or Unix seconds with or without a fraction. */
static bool
read_instant(const struct xn_yaml *field, struct xn_problems *problems, xn_instant *ret_instant)
{
	xn_register ms;
	bool has;

	if (strspn(field->text, "0123456789.") == strlen(field->text) &&
	    read_number(field->text, 1000, &has, &ms) && ms < (xn_register)1 << 52) {
		ret_instant->ms = (int64_t)ms;
		return true;
	}
	return xn_value_instant(field, problems, ret_instant);
}

static bool
read_value(const struct xn_yaml *field, struct xn_problems *problems, int64_t factor,
    const char *what, bool *ret_has, xn_register *ret_value, uint32_t *events)
{
	*ret_has = false;
	if (field == NULL || field->text[0] == '\0')
		return true;
	if (!read_number(field->text, factor, ret_has, ret_value)) {
		xn_problem_add(problems, field->mark, "leave it empty where there is no value",
		    "'%.32s' is no number of %s", field->text, what);
		return false;
	}
	/* What a device sends for "no value": it is missing, not wrong. */
	if (!*ret_has || *ret_value < 0) {
		*ret_has = false;
		*events |= XN_METER_MISSING;
	}
	return true;
}

static void
read_row(struct xn_csv *csv, const int columns[3], struct xn_problems *problems,
    struct xn_readings *readings)
{
	struct xn_meter_reading row = {0};
	xn_register watts = 0;
	const struct xn_yaml *power = columns[2] < 0 ? NULL : &csv->fields[columns[2]];
	const struct xn_yaml *counted = columns[1] < 0 ? NULL : &csv->fields[columns[1]];
	bool good;

	/* All three, so that every mistake is told. */
	good = read_instant(&csv->fields[columns[0]], problems, &row.at);
	good &= read_value(
	    counted, problems, XN_WH_MJ, "Wh", &row.has_register, &row.counted, &row.events);
	good &= read_value(power, problems, 1000, "W", &row.has_power, &watts, &row.events);
	if (!good)
		return;
	if (watts > INT64_MAX / 4)
		watts = INT64_MAX / 4;
	row.power.mw = (int64_t)watts;
	if (!row.has_power && !row.has_register)
		row.events |= XN_METER_MISSING;
	readings->rows[readings->count++] = row;
}

void
xn_readings_read(struct xn_arena *arena, const struct xn_source *source,
    struct xn_problems *problems, struct xn_readings *ret_readings)
{
	struct xn_mark top = {source, 1, 1, 1};
	struct xn_arena rows;
	struct xn_csv csv;
	int columns[3];
	size_t lines = 1;

	*ret_readings = (struct xn_readings){0};
	for (size_t i = 0; i < source->size; i++)
		lines += source->bytes[i] == '\n';
	if (lines > XN_READINGS_MAX + 1) {
		xn_problem_add(
		    problems, top, NULL, "%zu lines; %u is the most", lines, XN_READINGS_MAX);
		return;
	}
	ret_readings->rows = xn_new(arena, struct xn_meter_reading, lines);
	xn_csv_open(&csv, arena, source);
	columns[0] = xn_csv_column(&csv, "time");
	columns[1] = xn_csv_column(&csv, "register_wh");
	columns[2] = xn_csv_column(&csv, "power_w");
	if (columns[0] < 0 || (columns[1] < 0 && columns[2] < 0)) {
		xn_problem_add(problems, top, "the first line is time,register_wh,power_w",
		    columns[0] < 0 ? "there is no column 'time'"
				   : "there is neither 'register_wh' nor 'power_w'");
		return;
	}
	xn_arena_map(&rows, SCRATCH);
	csv.arena = &rows;
	while (xn_csv_next(&csv)) {
		read_row(&csv, columns, problems, ret_readings);
		xn_arena_reset(&rows);
	}
	xn_arena_unmap(&rows);
}

int
xn_input_read(struct xn_arena *arena, FILE *in, const char *path, struct xn_source *ret_source)
{
	size_t room = (size_t)1 << 16, size = 0, got;
	char *bytes = malloc(room + 1);

	if (bytes == NULL)
		abort();
	while ((got = fread(bytes + size, 1, room - size, in)) > 0) {
		size += got;
		if (size == room) {
			room *= 2;
			if (room > INPUT_MAX || (bytes = realloc(bytes, room + 1)) == NULL) {
				free(bytes);
				fprintf(stderr, "xanh: %s is larger than %zu MiB\n", path,
				    INPUT_MAX >> 20);
				return XN_EXIT_INPUT;
			}
		}
	}
	*ret_source = (struct xn_source){
	    .path = path, .bytes = xn_text_copy(arena, bytes, size), .size = size};
	free(bytes);
	return XN_EXIT_OK;
}

/* ---- what comes out ---- */

static void
write_events(uint32_t events, char text[128])
{
	json_t *words = xn_json_events(events);
	size_t i, used = 0;
	json_t *word;

	text[0] = '\0';
	json_array_foreach(words, i, word) used += (size_t)snprintf(
	    text + used, 128 - used, "%s%s", i > 0 ? ";" : "", json_string_value(word));
	json_decref(words);
}

/* Up to six digits, without zeros at the end. */
static void
write_share(int64_t part, int64_t whole, char text[16])
{
	snprintf(
	    text, 16, "%.6g", whole > 0 ? round((double)part / (double)whole * 1e6) / 1e6 : 0.0);
}

static void
print_bookings(const struct xn_bookings *bookings, int utc_offset_s, bool json)
{
	fputs(json ? "[" : "start,end,energy_mj,quality,coverage,estimated_share,events\n", stdout);
	for (uint32_t i = 0; i < bookings->count; i++) {
		const struct xn_booked *row = &bookings->rows[i];
		xn_instant start = {bookings->start.ms + i * bookings->interval.ms};
		char from[XN_INSTANT_TEXT_SIZE], to[XN_INSTANT_TEXT_SIZE];
		char events[128], coverage[16], estimated[16];

		xn_instant_text(start, utc_offset_s, from);
		xn_instant_text(xn_after(start, bookings->interval), utc_offset_s, to);
		write_events(row->events, events);
		write_share(row->covered.ms, bookings->interval.ms, coverage);
		write_share(row->estimated.mj, row->energy.mj, estimated);
		printf(json ? "%s\n {\"start\": \"%s\", \"end\": \"%s\", \"energy_mj\": %lld, "
			      "\"quality\": \"%c\", \"coverage\": %s, \"estimated_share\": %s, "
			      "\"events\": \"%s\"}"
			    : "%s%s,%s,%lld,%c,%s,%s,%s\n",
		    json && i > 0 ? "," : "", from, to, (long long)row->energy.mj,
		    xn_grade_letter(row->grade), coverage, estimated, events);
	}
	if (json)
		puts("\n]");
}

/* ---- the command ---- */

static int
give_up(const struct xn_error *err)
{
	fputs("xanh: ", stderr);
	xn_cli_print_escaped(stderr, err->text);
	fputc('\n', stderr);
	return xn_exit_of(err->code);
}

static int
book(const struct xn_cli *cli, struct xn_arena *arena, bool json)
{
	struct xn_readings_rules rules;
	struct xn_readings readings;
	struct xn_bookings bookings;
	struct xn_problems problems;
	struct xn_source source;
	struct xn_error err;
	int status;

	xn_problems_init(&problems, arena);
	if (xn_meter_rules_read(arena, xn_cli_option(cli, "meter"), &problems, &rules, &err) !=
	    XN_OK)
		return give_up(&err);
	status = xn_input_read(arena, stdin, "-", &source);
	if (status != XN_EXIT_OK)
		return status;
	source.order = problems.sources++;
	xn_readings_read(arena, &source, &problems, &readings);
	if (problems.count > 0) {
		xn_problems_print(&problems, stderr);
		return XN_EXIT_INPUT;
	}
	if (xn_readings_book(&readings, &rules, arena, &bookings, &err) != XN_OK)
		return give_up(&err);
	print_bookings(&bookings, rules.utc_offset_s, json);
	return XN_EXIT_OK;
}

static int
run(struct xn_cli *cli)
{
	const char *format = xn_cli_option(cli, "output");
	struct xn_arena arena;
	int status;

	if (xn_cli_option(cli, "meter") == NULL || cli->argument_count > 0) {
		fputs("usage: xanh meter book --meter METER.yaml < READINGS.csv\n", stderr);
		return XN_EXIT_USAGE;
	}
	if (format != NULL && strcmp(format, "csv") != 0 && strcmp(format, "json") != 0) {
		fputs("xanh: -o is csv or json, not '", stderr);
		xn_cli_print_escaped(stderr, format);
		fputs("'\n", stderr);
		return XN_EXIT_USAGE;
	}
	xn_arena_map(&arena, ARENA_SIZE);
	status = book(cli, &arena, format != NULL && strcmp(format, "json") == 0);
	xn_arena_unmap(&arena);
	return status;
}

const struct xn_cli_command xn_cli_meter_book = {
    .noun = "meter",
    .verb = "book",
    .arguments = "",
    .summary = "book a file of readings (time,register_wh,power_w) into intervals of energy",
    .examples = "xanh meter book --meter meter.yaml < readings.csv > intervals.csv\n"
		"xanh meter book --meter meter.yaml -o json < readings.csv\n"
		"printf 'kind: meter\\nregister: {bits: 32, unit: 100 Wh, reset: allowed}\\n"
		"max_power: 22 kW\\ninterval: 30 min\\n' > meter.yaml",
    .options = {{.name = "meter", .value = "FILE", .help = "what the meter is, as YAML"},
	{.name = "output", .letter = 'o', .value = "FORMAT", .help = "csv (default) or json"}},
    .run = run,
};
