/* The indicators as JSON and as sentences. */
#include "orchestrator/books/kpis_view.h"

#include <stdio.h>
#include <string.h>

#include "orchestrator/books/json.h"
#include "orchestrator/core/topology.h"

#define ARENA_BYTES ((size_t)1 << 30) /* of address space: a large site's meters, and plans */

static const char *const spans[] = {
    [XN_KPI_ANNUAL] = "annual", [XN_KPI_INTERIM] = "interim", [XN_KPI_INCOMPLETE] = "incomplete"};

void
xn_kpi_sentence(const struct xn_kpi_row *row, char *ret_text, size_t size)
{
	const struct xn_kpi_facts *facts = &xn_kpi_facts[row->id];
	char name[XN_NAME_SIZE];
	char category[16] = "";
	int used;

	for (used = 0; facts->id[used] != '\0' && used < XN_NAME_SIZE - 1; used++)
		name[used] = facts->id[used] >= 'a' && facts->id[used] <= 'z'
		    ? (char)(facts->id[used] - 'a' + 'A')
		    : facts->id[used];
	name[used] = '\0';
	if (row->category > 0)
		snprintf(category, sizeof(category), "%d", row->category);
	if (row->kpi.state != XN_KPI_VALUE) {
		snprintf(ret_text, size, "%s: no value, %s", name, row->why);
		return;
	}
	/* Less than a year is never shown under the year's name. */
	used = snprintf(ret_text, size, "%s%s%s = %.4g", row->span == XN_KPI_ANNUAL ? "" : "i",
	    name, category, row->kpi.value);
	if (row->has_u && used > 0 && (size_t)used < size)
		used += snprintf(ret_text + used, size - (size_t)used, " ± %.2g", row->u);
	if (row->measured && used > 0 && (size_t)used < size)
		snprintf(ret_text + used, size - (size_t)used,
		    ", coverage %.1f %%, estimated %.1f %%", 100 * row->coverage,
		    100 * row->estimated);
}

static json_t *
number_or_null(bool there, double value)
{
	return there ? json_real(value) : json_null();
}

static json_t *
terms_json(const struct xn_kpi_row *row)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < row->term_count; i++) {
		const struct xn_kpi_term *term = &row->terms[i];

		json_array_append_new(list,
		    json_pack("{s:s, s:f, s:s, s:s, s:o, s:o}", "term", term->name, "value",
			term->value, "unit", term->unit, "from", term->from, "coverage",
			number_or_null(term->measured, term->coverage), "estimated_share",
			number_or_null(term->measured, term->estimated)));
	}
	return list;
}

static void
set_target(json_t *object, const struct xn_kpi_row *row)
{
	static const char *const overs[] = {[XN_OVER_HOUR] = "hour",
	    [XN_OVER_DAY] = "day",
	    [XN_OVER_MONTH] = "month",
	    [XN_OVER_QUARTER] = "quarter",
	    [XN_OVER_YEAR] = "year"};

	json_object_set_new(object, "target",
	    number_or_null(row->has_target, (double)row->target.millionths / 1e6));
	json_object_set_new(object, "target_is",
	    !row->has_target ? json_null() : json_string(row->target.is_max ? "max" : "min"));
	json_object_set_new(object, "target_over",
	    row->has_target ? json_string(overs[row->target.over]) : json_null());
	json_object_set_new(object, "target_basis",
	    row->has_target ? xn_json_text(row->target.basis) : json_null());
	json_object_set_new(object, "hours_judged",
	    row->hours_judged > 0 ? json_integer(row->hours_judged) : json_null());
	json_object_set_new(object, "hours_within",
	    row->hours_judged > 0 ? json_integer(row->hours_within) : json_null());
	json_object_set_new(object, "status", xn_json_text(xn_kpi_status(row)));
}

static json_t *
row_json(const struct xn_kpi_row *row)
{
	const struct xn_kpi_facts *facts = &xn_kpi_facts[row->id];
	json_t *object = json_pack("{s:s, s:o, s:s, s:o, s:s, s:o}", "metric", facts->id, "of",
	    xn_json_text(row->of), "name", facts->name, "value",
	    number_or_null(row->kpi.state == XN_KPI_VALUE, row->kpi.value), "unit", facts->unit,
	    "category", row->category > 0 ? json_integer(row->category) : json_null());
	char text[2 * XN_SENTENCE_SIZE];

	xn_kpi_sentence(row, text, sizeof(text));
	json_object_set_new(object, "u_k2", number_or_null(row->has_u, row->u));
	json_object_set_new(object, "span",
	    row->kpi.state == XN_KPI_VALUE ? json_string(spans[row->span]) : json_null());
	json_object_set_new(object, "boundary", json_string("site"));
	json_object_set_new(object, "coverage", number_or_null(row->measured, row->coverage));
	json_object_set_new(
	    object, "estimated_share", number_or_null(row->measured, row->estimated));
	set_target(object, row);
	json_object_set_new(object, "why", xn_json_text(row->why));
	json_object_set_new(object, "note", xn_json_text(row->note));
	json_object_set_new(object, "text", json_string(text));
	json_object_set_new(object, "formula", json_string(facts->formula));
	json_object_set_new(object, "source", json_string(facts->source));
	json_object_set_new(object, "terms", terms_json(row));
	return object;
}

/* ---- meters ---- */

static json_t *
meter_json(const struct xn_kpi_meter *one)
{
	const struct xn_books_meter *meter = &one->meter;
	json_t *object = json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "meter",
	    xn_json_name(meter->name), "role", xn_role_word(meter->role), "term", one->term, "rack",
	    xn_json_text(meter->rack), "class",
	    number_or_null(meter->accuracy.ppm > 0, (double)meter->accuracy.ppm / 1e6),
	    "transformer_class",
	    number_or_null(meter->transformer.ppm > 0, (double)meter->transformer.ppm / 1e6),
	    "calibrated", xn_json_text(meter->calibrated));

	xn_json_amount(object, &one->amount);
	json_object_set_new(object, "coverage", json_real(one->coverage));
	return object;
}

static bool
has_term(const struct xn_kpi_row *row, const char *name)
{
	for (unsigned i = 0; i < row->term_count; i++)
		if (strcmp(row->terms[i].name, name) == 0)
			return true;
	return false;
}

/* The meters of an indicator's terms. */
static json_t *
meters_json(const struct xn_kpis *kpis, const struct xn_kpi_row *row)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < kpis->meter_count; i++) {
		const struct xn_kpi_meter *one = &kpis->meters[i];
		bool is_grid = one->meter.role == XN_METER_GRID && has_term(row, "e_grid");
		bool is_pv = one->meter.role == XN_METER_PV && has_term(row, "e_res_os");

		if (one->term[0] != '\0' && (is_grid || is_pv || has_term(row, one->term)))
			json_array_append_new(list, meter_json(one));
	}
	return list;
}

/* ---- answers ---- */

/* The span asked for and the indicators in it; `only` XN_KPI_COUNT: all. */
static json_t *
answer(struct xn_books *books, const struct xn_period *period, const struct xn_kpis *kpis,
    enum xn_kpi_id only)
{
	int offset_s = xn_books_site(books)->utc_offset_s;
	json_t *rows = json_array();
	json_t *meters = json_array();

	for (unsigned i = 0; i < kpis->row_count; i++) {
		if (only != XN_KPI_COUNT && kpis->rows[i].id != only)
			continue;
		json_array_append_new(rows, row_json(&kpis->rows[i]));
		if (only != XN_KPI_COUNT && json_array_size(meters) == 0) {
			json_decref(meters);
			meters = meters_json(kpis, &kpis->rows[i]);
		}
	}
	return json_pack("{s:o, s:s, s:o, s:o, s:b, s:f, s:f, s:o, s:o}", "site",
	    xn_json_name(xn_books_site(books)->name), "period", period->name, "from",
	    xn_json_instant(kpis->from, offset_s), "to", xn_json_instant(kpis->to, offset_s),
	    "finished", kpis->to.ms == period->to.ms, "coverage_min", XN_KPIS_COVERAGE_MIN,
	    "estimated_max", XN_KPIS_ESTIMATED_MAX, "rows", rows, "meters", meters);
}

json_t *
xn_kpis_view(struct xn_books *books, const struct xn_period *period, xn_instant now,
    enum xn_kpi_id only, struct xn_error *err)
{
	struct xn_arena arena;
	struct xn_kpis kpis;
	json_t *view = NULL;

	xn_arena_map(&arena, ARENA_BYTES);
	if (xn_kpis_measure(books, period->from, period->to, now, &arena, &kpis, err) == XN_OK)
		view = answer(books, period, &kpis, only);
	xn_arena_unmap(&arena);
	return view;
}

static json_t *
ask(const struct xn_question *question, enum xn_kpi_id only, struct xn_error *err)
{
	struct xn_period period;

	if (xn_question_period(question, &period, err) != XN_OK)
		return NULL;
	return xn_kpis_view(question->books, &period, xn_question_place(question).now, only, err);
}

json_t *
xn_kpis_all(const struct xn_question *question, struct xn_error *err)
{
	return ask(question, XN_KPI_COUNT, err);
}

json_t *
xn_kpis_one(const struct xn_question *question, struct xn_error *err)
{
	enum xn_kpi_id only = xn_kpi_of(question->argument);

	if (only != XN_KPI_COUNT)
		return ask(question, only, err);
	xn_fail(err, XN_ENOTFOUND, "there is no metric '%.64s': xanh metric list names them",
	    question->argument);
	return NULL;
}
