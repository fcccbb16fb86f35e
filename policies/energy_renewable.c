/* Shares of renewables that national decisions set, from a table with one row per plan and year. */
#include <stdio.h>
#include <string.h>

#include "common/csv.h"
#include "policies/energy_plan_parts.h"

#define ROWS_MAX 1000u

static const struct xn_yaml_key file_keys[] = {
    {"file", true}, {"plan", true}, {"metric", true}, {NULL, false}};

static bool
read_percent(struct xn_plan_reader *in, const struct xn_yaml *field, xn_ratio *ret_share)
{
	struct xn_yaml with_unit = *field;

	with_unit.text = xn_text(in->arena, "%.64s %%", field->text);
	return xn_value_share(&with_unit, in->problems, ret_share);
}

/* A row whose numbers were not found says so in its evidence, and is no target. */
static void
read_row(struct xn_plan_reader *in, const struct xn_csv *csv, struct xn_plan_targets *targets,
    struct xn_renewable_target *row)
{
	const struct xn_yaml *low = xn_csv_field(csv, "low");
	const struct xn_yaml *high = xn_csv_field(csv, "high");
	const struct xn_yaml *evidence = xn_csv_field(csv, "evidence");
	int64_t year;

	if (low->text[0] == '\0' && high->text[0] == '\0')
		return;
	*row = (struct xn_renewable_target){.basis = xn_csv_field(csv, "plan")->text,
	    .definition = xn_csv_field(csv, "metric")->text,
	    .evidence = evidence == NULL ? "" : evidence->text};
	if (!xn_value_count(xn_csv_field(csv, "year"), in->problems, &year) ||
	    !read_percent(in, low, &row->low) || !read_percent(in, high, &row->high))
		return;
	row->year = (int)(year % 10000);
	targets->renewable_count++;
}

void
xn_plan_read_renewable_file(
    struct xn_plan_reader *in, const struct xn_yaml *node, struct xn_plan_targets *targets)
{
	const struct xn_yaml *name = xn_yaml_get(node, "file");
	const struct xn_yaml *plan = xn_yaml_get(node, "plan");
	const struct xn_yaml *metric = xn_yaml_get(node, "metric");
	struct xn_renewable_target *rows = xn_new(in->arena, struct xn_renewable_target, ROWS_MAX);
	const struct xn_energy_file *file;
	const char *text;
	struct xn_csv csv;

	if (!xn_yaml_check_map(node, file_keys, in->problems) || name == NULL)
		return;
	file = xn_plan_open(in, name, false);
	if (file == NULL || plan == NULL || metric == NULL ||
	    !xn_value_text(plan, in->problems, &text) ||
	    !xn_value_text(metric, in->problems, &text))
		return;
	xn_csv_open(&csv, in->arena, file->source);
	if (xn_csv_column(&csv, "plan") < 0 || xn_csv_column(&csv, "metric") < 0 ||
	    xn_csv_column(&csv, "year") < 0 || xn_csv_column(&csv, "low") < 0 ||
	    xn_csv_column(&csv, "high") < 0) {
		if (in->files == NULL || in->files->all_known)
			xn_problem_add(in->problems, name->mark,
			    "columns plan,metric,year,low,high", "'%.200s' is no table of targets",
			    name->text);
		return;
	}
	targets->renewable = rows;
	while (xn_csv_next(&csv) && targets->renewable_count < ROWS_MAX)
		if (strcmp(xn_csv_field(&csv, "plan")->text, plan->text) == 0 &&
		    strcmp(xn_csv_field(&csv, "metric")->text, metric->text) == 0)
			read_row(in, &csv, targets, &rows[targets->renewable_count]);
	if (targets->renewable_count == 0)
		xn_problem_add(in->problems, metric->mark, NULL,
		    "the file has no '%.64s' of the plan '%.64s'", metric->text, plan->text);
}
