/* Who took energy, how well it was measured, and what was amended. */
#include "orchestrator/books/energy.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/energy_lines.h"
#include "orchestrator/books/json.h"

#define TOP_MAX XN_LINES_MAX

/* ---- tenants and VMs ---- */

static int
heavier(const void *a, const void *b)
{
	const struct xn_line *one = a, *two = b;
	int64_t left = one->amount.energy.mj + one->amount.overhead.mj;
	int64_t right = two->amount.energy.mj + two->amount.overhead.mj;

	if (left != right)
		return left < right ? 1 : -1;
	return strcmp(one->name, two->name);
}

static json_t *
tenant_row(const struct xn_line *line, int64_t whole)
{
	json_t *row = json_object();
	int64_t all = line->amount.energy.mj + line->amount.overhead.mj;

	json_object_set_new(row, "name", xn_json_name(line->name));
	if (line->account == XN_ACCOUNT_VM) {
		json_object_set_new(row, "platform", xn_json_text(line->platform));
		json_object_set_new(row, "agency", xn_json_text(line->agency));
	}
	xn_json_amount(row, &line->amount);
	json_object_set_new(row, "overhead_kwh", xn_json_kwh(line->amount.overhead));
	json_object_set_new(row, "total_kwh", xn_json_kwh((xn_energy){all}));
	json_object_set_new(row, "share", xn_lines_share(all, whole));
	return row;
}

/* Names by what they and their overhead took, the largest first. */
static json_t *
ranked(const struct xn_question *question, struct xn_books_query query, struct xn_error *err)
{
	struct xn_period period;
	struct xn_lines lines;
	json_t *answer, *rows;
	int64_t whole = 0, top;

	if (xn_question_period(question, &period, err) != XN_OK ||
	    xn_question_number(question, "top", TOP_MAX, 1, TOP_MAX, &top, err) != XN_OK)
		return NULL;
	query.from = period.from;
	query.to = period.to;
	query.name = xn_question_get(question, "name");
	query.platform = xn_question_get(question, "platform");
	query.agency = xn_question_get(question, "agency");
	if (xn_lines_read(question, &query, &lines, err) != XN_OK)
		return NULL;
	for (size_t i = 0; i < lines.count; i++) {
		struct xn_line *line = &lines.items[i];

		if (line->amount.energy.mj < 0) /* VMs are sinks; the memo accounts are not */
			line->amount.energy.mj = -line->amount.energy.mj;
		whole += line->amount.energy.mj + line->amount.overhead.mj;
	}
	if (xn_lines_widen(question, &period, &lines, err) != XN_OK) {
		free(lines.items);
		return NULL;
	}
	if (lines.count > 0)
		qsort(lines.items, lines.count, sizeof(*lines.items), heavier);
	rows = json_array();
	for (size_t i = 0; i < lines.count && i < (size_t)top; i++)
		json_array_append_new(rows, tenant_row(&lines.items[i], whole));
	answer = xn_lines_begin(question, &period);
	json_object_set_new(answer, "total_kwh", xn_json_kwh((xn_energy){whole}));
	json_object_set_new(answer, "method",
	    json_string("allocated: idle watts by reserved vCPUs, the rest by CPU time, summing to "
			"the metered outlets; cooling and losses by the ratio of the zone"));
	return xn_lines_answer(answer, &lines, rows);
}

json_t *
xn_energy_tenants(const struct xn_question *question, struct xn_error *err)
{
	const char *by = xn_question_get(question, "by");
	enum xn_account account = XN_ACCOUNT_AGENCY;

	if (by != NULL && strcmp(by, "platform") == 0)
		account = XN_ACCOUNT_PLATFORM;
	else if (by != NULL && strcmp(by, "agency") != 0) {
		xn_fail(err, XN_EINVALID, "by is agency or platform, not '%s'", by);
		return NULL;
	}
	return ranked(question, (struct xn_books_query){.accounts = XN_ACCOUNT_BIT(account)}, err);
}

json_t *
xn_energy_vms(const struct xn_question *question, struct xn_error *err)
{
	return ranked(
	    question, (struct xn_books_query){.accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_VM)}, err);
}

/* ---- coverage ---- */

struct coverage {
	const struct xn_lines *lines;
	json_t *rows;
};

static int
by_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct xn_line *)item)->name);
}

static int
coverage_row(const struct xn_books_meter *meter, void *context, struct xn_error *err)
{
	struct coverage *coverage = context;
	const struct xn_line *line = coverage->lines->count == 0
	    ? NULL
	    : bsearch(meter->name, coverage->lines->items, coverage->lines->count, sizeof(*line),
		  by_name);
	const struct xn_line none = {0};
	json_t *row = json_object();

	(void)err;
	json_object_set_new(row, "meter", xn_json_name(meter->name));
	json_object_set_new(row, "role", json_string(xn_role_word(meter->role)));
	json_object_set_new(row, "rack", xn_json_text(meter->rack));
	xn_json_amount(row, line != NULL ? &line->amount : &none.amount);
	json_object_set_new(row, "accuracy",
	    meter->accuracy.ppm > 0 ? json_real((double)meter->accuracy.ppm / 1e6) : json_null());
	json_object_set_new(row, "calibrated", xn_json_text(meter->calibrated));
	json_array_append_new(coverage->rows, row);
	return XN_OK;
}

json_t *
xn_energy_coverage(const struct xn_question *question, struct xn_error *err)
{
	struct xn_books_query query = {.accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_METER)};
	struct coverage coverage;
	struct xn_period period;
	struct xn_lines lines;

	if (xn_question_period(question, &period, err) != XN_OK)
		return NULL;
	query.from = period.from;
	query.to = period.to;
	if (xn_lines_read(question, &query, &lines, err) != XN_OK)
		return NULL;
	coverage = (struct coverage){&lines, json_array()};
	if (xn_lines_widen(question, &period, &lines, err) != XN_OK ||
	    xn_books_meters(question->books, coverage_row, &coverage, err) != XN_OK) {
		json_decref(coverage.rows);
		free(lines.items);
		return NULL;
	}
	return xn_lines_answer(xn_lines_begin(question, &period), &lines, coverage.rows);
}

/* ---- corrections ---- */

struct corrections {
	json_t *rows;
	int offset_s;
};

static int
correction_row(const struct xn_books_correction *correction, void *context, struct xn_error *err)
{
	struct corrections *corrections = context;
	json_t *row = json_object();

	(void)err;
	json_object_set_new(row, "revision", json_integer(correction->revision));
	json_object_set_new(row, "at", xn_json_instant(correction->at, corrections->offset_s));
	json_object_set_new(row, "author", xn_json_name(correction->author));
	json_object_set_new(row, "reason", xn_json_name(correction->reason));
	json_object_set_new(row, "evidence", xn_json_text(correction->evidence));
	json_array_append_new(corrections->rows, row);
	return XN_OK;
}

json_t *
xn_energy_corrections(const struct xn_question *question, struct xn_error *err)
{
	struct corrections corrections = {
	    json_array(), xn_books_site(question->books)->utc_offset_s};

	if (xn_books_corrections(question->books, 0, correction_row, &corrections, err) != XN_OK) {
		json_decref(corrections.rows);
		return NULL;
	}
	return json_pack("{s:o}", "rows", corrections.rows);
}
