/* Any bytes as a file of readings: rows of CSV, booked into intervals. Nothing is negative, nothing
 * above what the meter can carry, no time is covered twice, and the intervals sum to what the
 * register and watts can have counted. */
#include <stdlib.h>
#include <string.h>

#include "common/csv.h"
#include "orchestrator/books/readings.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define MOST_MW     INT64_C(22000000)
#define INTERVAL_MS INT64_C(3600000)
#define INSTANT_MAX INT64_C(100000000)
#define ROWS_MAX    4096u

static void
read_rows(struct xn_csv *csv, struct xn_readings *readings)
{
	const struct xn_yaml *time = xn_csv_field(csv, "time");
	const struct xn_yaml *counted = xn_csv_field(csv, "register_wh");
	const struct xn_yaml *power = xn_csv_field(csv, "power_w");

	if (time == NULL || counted == NULL || power == NULL)
		return;
	while (readings->count < ROWS_MAX && xn_csv_next(csv)) {
		struct xn_meter_reading *row = &readings->rows[readings->count++];

		for (unsigned i = 0; i < csv->columns; i++)
			if (strlen(csv->fields[i].text) > XN_CSV_CELL_MAX + 3 ||
			    csv->fields[i].mark.line == 0 || csv->fields[i].mark.column == 0)
				abort();
		*row = (struct xn_meter_reading){
		    .at = {strtol(time->text, NULL, 10) % INSTANT_MAX * 1000},
		    .has_register = counted->text[0] != '\0',
		    .has_power = power->text[0] != '\0',
		    .counted = (xn_register)strtol(counted->text, NULL, 10) * XN_WH_MJ,
		    .power = {strtol(power->text, NULL, 10)}};
	}
}

/* What can have flowed from the first reading to the last; a clock that was set hides time. */
static xn_register
most_of(const struct xn_readings *readings, const struct xn_meter_rules *rules)
{
	int64_t first = readings->count > 0 ? readings->rows[0].at.ms : 0, last = first;

	for (uint32_t i = 0; i < readings->count; i++) {
		if (readings->rows[i].at.ms < last)
			return (xn_register)INT64_MAX;
		last = readings->rows[i].at.ms;
	}
	/* The rating and a tenth, and each reading may be a count off. */
	return (xn_register)(MOST_MW / 10 * 11) * (last - first) / 1000 +
	    rules->step.mj * readings->count;
}

static void
hold(const struct xn_bookings *bookings, xn_register most)
{
	xn_register sum = 0;

	for (uint32_t i = 0; i < bookings->count; i++) {
		const struct xn_booked *row = &bookings->rows[i];

		if (row->energy.mj < 0 || row->estimated.mj < 0 ||
		    row->estimated.mj > row->energy.mj || row->covered.ms < 0 ||
		    row->covered.ms > bookings->interval.ms)
			abort();
		if (row->energy.mj > 0 && row->grade == XN_GRADE_NONE)
			abort();
		sum += row->energy.mj;
	}
	if (sum > most)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct xn_readings_rules rules = {.interval = {INTERVAL_MS}, .utc_offset_s = 25200};
	struct xn_source source = {.path = "-", .bytes = (const char *)bytes, .size = size};
	struct xn_readings readings = {0};
	struct xn_bookings bookings;
	xn_register most;
	static unsigned char memory[32 << 20];
	struct xn_arena arena;
	struct xn_error err;
	struct xn_csv csv;

	if (size > 65536)
		return 0;
	rules.meter = (struct xn_meter_rules){.max = {MOST_MW}, .step = {XN_WH_MJ}};
	/* The last byte chooses the meter. */
	if (size > 0 && bytes[size - 1] & 1)
		rules.meter.modulus = (xn_register)65536 * XN_WH_MJ;
	rules.meter.no_reset = size > 0 && bytes[size - 1] & 2;
	xn_arena_init(&arena, memory, sizeof(memory));
	readings.rows = xn_new(&arena, struct xn_meter_reading, ROWS_MAX);
	xn_csv_open(&csv, &arena, &source);
	read_rows(&csv, &readings);
	most = most_of(&readings, &rules.meter);
	if (xn_readings_book(&readings, &rules, &arena, &bookings, &err) == XN_OK)
		hold(&bookings, most);
	return 0;
}
