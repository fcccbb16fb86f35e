/* A forecast of PV that somebody else made, from a table with one row per span. */
#include "common/csv.h"
#include "policies/energy_plan_parts.h"

#define ROWS_MAX 40000u /* a year of quarters of an hour */
#define KW_MOST  INT64_C(100000000)

static bool
read_power(struct xn_plan_reader *in, const struct xn_yaml *field, xn_power *ret_power)
{
	int64_t milli;

	if (!xn_value_number(field, in->problems, &milli))
		return false;
	if (milli > KW_MOST * 1000) {
		xn_problem_add(in->problems, field->mark, NULL, "more kW than there can be");
		return false;
	}
	ret_power->mw = milli * 1000; /* thousandths of a kW are W */
	return true;
}

static bool
read_row(struct xn_plan_reader *in, const struct xn_csv *csv, struct xn_pv_forecast *row)
{
	const struct xn_yaml *low = xn_csv_field(csv, "low");
	const struct xn_yaml *high = xn_csv_field(csv, "high");

	row->low.mw = row->high.mw = -1;
	if (!xn_value_instant(xn_csv_field(csv, "time"), in->problems, &row->at) ||
	    !read_power(in, xn_csv_field(csv, "power_kw"), &row->mean))
		return false;
	if (low == NULL || high == NULL || (low->text[0] == '\0' && high->text[0] == '\0'))
		return true;
	if (!read_power(in, low, &row->low) || !read_power(in, high, &row->high))
		return false;
	if (row->low.mw <= row->mean.mw && row->mean.mw <= row->high.mw)
		return true;
	xn_problem_add(in->problems, low->mark, NULL, "low, power_kw and high do not rise");
	return false;
}

static unsigned
lines_of(const struct xn_source *source)
{
	unsigned lines = 1;

	for (size_t i = 0; i < source->size; i++)
		lines += source->bytes[i] == '\n';
	return lines;
}

static void
read_rows(struct xn_plan_reader *in, struct xn_csv *csv, struct xn_energy_sources *sources)
{
	unsigned room = lines_of(csv->source);
	struct xn_pv_forecast *rows;

	room = room < ROWS_MAX ? room : ROWS_MAX;
	rows = xn_new(in->arena, struct xn_pv_forecast, room);
	sources->pv_rows = rows;
	while (xn_csv_next(csv)) {
		unsigned count = sources->pv_row_count;
		const struct xn_yaml *time = xn_csv_field(csv, "time");

		if (count == room) {
			xn_problem_add(
			    in->problems, time->mark, NULL, "more than %u rows", ROWS_MAX);
			return;
		}
		if (!read_row(in, csv, &rows[count]))
			continue;
		if (count > 0 && rows[count].at.ms <= rows[count - 1].at.ms)
			xn_problem_add(in->problems, time->mark, NULL,
			    "'%.64s' is not after the row before", time->text);
		else
			sources->pv_row_count++;
	}
}

void
xn_plan_read_pv_file(
    struct xn_plan_reader *in, const struct xn_yaml *name, struct xn_energy_sources *sources)
{
	const struct xn_energy_file *file = xn_plan_open(in, name, false);
	struct xn_csv csv;

	if (file == NULL)
		return;
	sources->pv_forecast = name->text;
	xn_csv_open(&csv, in->arena, file->source);
	if (xn_csv_column(&csv, "time") >= 0 && xn_csv_column(&csv, "power_kw") >= 0)
		read_rows(in, &csv, sources);
	else if (in->files == NULL || in->files->all_known)
		xn_problem_add(in->problems, name->mark, "columns time,power_kw[,low,high]",
		    "'%.200s' is no forecast of PV", name->text);
}
