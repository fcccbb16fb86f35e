#include "orchestrator/books/energy_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/json.h"

/* The line of a row: VMs of one name are one. */
static struct xn_line *
line_of(struct xn_lines *lines, const struct xn_books_row *row, const char *name)
{
	struct xn_line *last = lines->count > 0 ? &lines->items[lines->count - 1] : NULL;

	if (last != NULL && last->start.ms == row->start.ms && last->account == row->account &&
	    strcmp(last->name, name) == 0)
		return last;
	if (lines->count == XN_LINES_MAX) {
		lines->cut = true;
		return NULL;
	}
	if (lines->count == lines->room) {
		lines->room = lines->room == 0 ? 64 : lines->room * 2;
		lines->items = realloc(lines->items, lines->room * sizeof(*lines->items));
		if (lines->items == NULL)
			abort();
	}
	last = &lines->items[lines->count++];
	*last = (struct xn_line){.start = row->start, .end = row->end, .account = row->account};
	snprintf(last->name, sizeof(last->name), "%s", name);
	snprintf(last->platform, sizeof(last->platform), "%s",
	    row->platform != NULL ? row->platform : "");
	snprintf(last->agency, sizeof(last->agency), "%s", row->agency != NULL ? row->agency : "");
	return last;
}

static int
gather(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct xn_line *line = line_of(context, row, row->name != NULL ? row->name : "");

	(void)err;
	if (line != NULL)
		xn_amount_add(&line->amount, &row->amount);
	return XN_OK;
}

int
xn_lines_read(const struct xn_question *question, const struct xn_books_query *query,
    struct xn_lines *ret_lines, struct xn_error *err)
{
	*ret_lines = (struct xn_lines){0};
	return xn_books_entries(question->books, query, gather, ret_lines, err);
}

static int
add_span(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	(void)err;
	*(int64_t *)context += xn_since(row->end, row->start).ms;
	return XN_OK;
}

int
xn_lines_widen(const struct xn_question *question, const struct xn_period *period,
    struct xn_lines *lines, struct xn_error *err)
{
	const struct xn_books_query query = {.from = period->from,
	    .to = period->to,
	    .accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_UNEXPLAINED),
	    .step = XN_BOOKS_INTERVAL,
	    .whole = true};
	xn_instant end = period->to.ms < question->now.ms ? period->to : question->now;
	int64_t booked_ms = 0, asked_ms = xn_since(end, period->from).ms;
	int result = xn_books_entries(question->books, &query, add_span, &booked_ms, err);

	if (result != XN_OK || booked_ms <= 0 || asked_ms <= booked_ms)
		return result;
	for (size_t i = 0; i < lines->count; i++) {
		struct xn_amount *amount = &lines->items[i].amount;

		amount->span.ms =
		    (int64_t)((double)amount->span.ms * (double)asked_ms / (double)booked_ms);
	}
	return XN_OK;
}

json_t *
xn_lines_begin(const struct xn_question *question, const struct xn_period *period)
{
	int offset_s = xn_books_site(question->books)->utc_offset_s;
	xn_instant first = {0}, last = {0};
	json_t *answer = json_object();

	json_object_set_new(answer, "site", xn_json_name(xn_books_site(question->books)->name));
	json_object_set_new(answer, "period", json_string(period->name));
	json_object_set_new(answer, "from", xn_json_instant(period->from, offset_s));
	json_object_set_new(answer, "to", xn_json_instant(period->to, offset_s));
	/* Whether the books reach over the whole span: what is missing is said, not made up. */
	json_object_set_new(answer, "complete",
	    json_boolean(xn_books_range(question->books, &first, &last, NULL) == XN_OK &&
		first.ms <= period->from.ms && last.ms >= period->to.ms));
	json_object_set_new(answer, "booked_from", xn_json_instant(first, offset_s));
	json_object_set_new(answer, "booked_to", xn_json_instant(last, offset_s));
	return answer;
}

json_t *
xn_lines_share(int64_t part_mj, int64_t whole_mj)
{
	return whole_mj > 0 ? json_real((double)part_mj / (double)whole_mj) : json_null();
}

json_t *
xn_lines_answer(json_t *answer, struct xn_lines *lines, json_t *rows)
{
	json_object_set_new(answer, "cut", json_boolean(lines->cut));
	json_object_set_new(answer, "rows", rows);
	free(lines->items);
	return answer;
}
