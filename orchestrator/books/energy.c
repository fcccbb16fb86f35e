#include "orchestrator/books/energy.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/energy_lines.h"
#include "orchestrator/books/json.h"

/* All that take part in the balance: GRID to UNEXPLAINED. */
#define BALANCE (XN_ACCOUNT_BIT(XN_ACCOUNT_METER) - 1)

static bool
is_source(enum xn_account account)
{
	return account <= XN_ACCOUNT_GENERATOR;
}

/* Sinks are booked negative and read positive; a negative `unexplained` stays what it is. */
static void
turn(struct xn_line *line)
{
	if (!is_source(line->account) && line->account < XN_ACCOUNT_METER)
		line->amount.energy.mj = -line->amount.energy.mj;
}

static int
read_step(const struct xn_question *question, enum xn_books_step otherwise,
    enum xn_books_step *ret_step, struct xn_error *err)
{
	static const char *const words[] = {"total", "interval", "day", "month"};
	const char *by = xn_question_get(question, "by");

	*ret_step = otherwise;
	if (by == NULL)
		return XN_OK;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], by) == 0) {
			*ret_step = (enum xn_books_step)i;
			return XN_OK;
		}
	return xn_fail(err, XN_EINVALID, "by is total, interval, day or month, not '%s'", by);
}

static int64_t
total_of(const struct xn_lines *lines, bool sources)
{
	int64_t mj = 0;

	for (size_t i = 0; i < lines->count; i++)
		if (is_source(lines->items[i].account) == sources)
			mj += lines->items[i].amount.energy.mj;
	return mj;
}

/* ---- entries ---- */

struct entries {
	json_t *rows;
	int offset_s;
};

static int
entry_row(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct entries *entries = context;
	json_t *entry;

	if (json_array_size(entries->rows) >= XN_LINES_MAX)
		return xn_fail(
		    err, XN_EINVALID, "more than %d entries: ask for a shorter span", XN_LINES_MAX);
	entry = json_object();
	json_object_set_new(entry, "start", xn_json_instant(row->start, entries->offset_s));
	json_object_set_new(entry, "end", xn_json_instant(row->end, entries->offset_s));
	json_object_set_new(entry, "account", json_string(xn_account_word(row->account)));
	json_object_set_new(entry, "name", xn_json_text(row->name));
	json_object_set_new(entry, "energy_mj", json_integer(row->amount.energy.mj));
	json_object_set_new(entry, "overhead_mj", json_integer(row->amount.overhead.mj));
	json_object_set_new(entry, "coverage", xn_json_coverage(&row->amount));
	json_object_set_new(entry, "estimated_share", xn_json_estimated(&row->amount));
	json_object_set_new(entry, "quality", xn_json_grade(row->amount.worst));
	json_array_append_new(entries->rows, entry);
	return XN_OK;
}

static bool
no_span(const struct xn_question *question)
{
	return xn_question_get(question, "period") == NULL &&
	    xn_question_get(question, "window") == NULL &&
	    xn_question_get(question, "from") == NULL && xn_question_get(question, "to") == NULL;
}

json_t *
xn_energy_entries(const struct xn_question *question, struct xn_error *err)
{
	struct xn_books_query query = {.accounts = UINT64_MAX, .step = XN_BOOKS_INTERVAL};
	struct xn_period_place place = xn_question_place(question);
	struct entries entries = {.offset_s = place.utc_offset_s};
	struct xn_period period;

	if ((no_span(question) ? xn_period_parse("1h", &place, &period, err)
			       : xn_question_period(question, &period, err)) != XN_OK)
		return NULL;
	query.from = period.from;
	query.to = period.to;
	entries.rows = json_array();
	if (xn_books_entries(question->books, &query, entry_row, &entries, err) == XN_OK)
		return entries.rows;
	json_decref(entries.rows);
	return NULL;
}

/* ---- show ---- */

static int
show_query(const struct xn_question *question, struct xn_period *ret_period,
    struct xn_books_query *ret_query, struct xn_error *err)
{
	const char *account = xn_question_get(question, "account");
	int result;

	*ret_query =
	    (struct xn_books_query){.accounts = BALANCE, .name = xn_question_get(question, "name")};
	ret_query->whole = account == NULL && ret_query->name == NULL;
	if (account != NULL) {
		enum xn_account one = xn_account_of(account);

		if (one == XN_ACCOUNT_COUNT)
			return xn_fail(err, XN_EINVALID,
			    "there is no account '%s': grid, pv, battery, generator, cooling, "
			    "losses, rack-other, host, vm, unexplained, meter, rack, platform, "
			    "agency",
			    account);
		ret_query->accounts = XN_ACCOUNT_BIT(one);
	}
	if ((result = xn_question_period(question, ret_period, err)) != XN_OK ||
	    (result = read_step(question, XN_BOOKS_TOTAL, &ret_query->step, err)) != XN_OK)
		return result;
	ret_query->from = ret_period->from;
	ret_query->to = ret_period->to;
	return XN_OK;
}

json_t *
xn_energy_show(const struct xn_question *question, struct xn_error *err)
{
	int offset_s = xn_books_site(question->books)->utc_offset_s;
	struct xn_books_query query;
	struct xn_period period;
	struct xn_lines lines;
	json_t *rows;
	int64_t whole;

	if (show_query(question, &period, &query, err) != XN_OK ||
	    xn_lines_read(question, &query, &lines, err) != XN_OK)
		return NULL;
	if (query.step == XN_BOOKS_TOTAL &&
	    xn_lines_widen(question, &period, &lines, err) != XN_OK) {
		free(lines.items);
		return NULL;
	}
	rows = json_array();
	whole = total_of(&lines, true);
	for (size_t i = 0; i < lines.count; i++) {
		struct xn_line *line = &lines.items[i];
		json_t *row = json_object();

		turn(line);
		json_object_set_new(row, "start", xn_json_instant(line->start, offset_s));
		json_object_set_new(row, "end", xn_json_instant(line->end, offset_s));
		json_object_set_new(row, "account", json_string(xn_account_word(line->account)));
		json_object_set_new(row, "name", xn_json_text(line->name));
		json_object_set_new(row, "source", json_boolean(is_source(line->account)));
		xn_json_amount(row, &line->amount);
		json_object_set_new(row, "share",
		    query.step == XN_BOOKS_TOTAL && query.whole
			? xn_lines_share(line->amount.energy.mj, whole)
			: json_null());
		json_array_append_new(rows, row);
	}
	return xn_lines_answer(xn_lines_begin(question, &period), &lines, rows);
}

/* ---- flow ---- */

static void
add_flow(json_t *list, struct xn_line *line, int64_t whole)
{
	json_t *row = json_object();

	turn(line);
	json_object_set_new(row, "account", json_string(xn_account_word(line->account)));
	json_object_set_new(row, "name", xn_json_text(line->name));
	xn_json_amount(row, &line->amount);
	json_object_set_new(row, "share", xn_lines_share(line->amount.energy.mj, whole));
	json_array_append_new(list, row);
}

json_t *
xn_energy_flow(const struct xn_question *question, struct xn_error *err)
{
	struct xn_books_query query = {.accounts = BALANCE, .whole = true};
	json_t *answer, *from = json_array(), *to = json_array(), *tenants = json_array();
	struct xn_period period;
	struct xn_lines lines = {0}, agencies = {0};
	int64_t whole, it = 0;

	if (xn_question_period(question, &period, err) != XN_OK)
		goto fail;
	query.from = period.from;
	query.to = period.to;
	if (xn_lines_read(question, &query, &lines, err) != XN_OK)
		goto fail;
	query.accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_AGENCY);
	query.whole = false;
	if (xn_lines_read(question, &query, &agencies, err) != XN_OK)
		goto fail;
	whole = total_of(&lines, true);
	for (size_t i = 0; i < lines.count; i++) {
		struct xn_line *line = &lines.items[i];

		add_flow(is_source(line->account) ? from : to, line, whole);
		if (line->account == XN_ACCOUNT_RACK_OTHER || line->account == XN_ACCOUNT_HOST ||
		    line->account == XN_ACCOUNT_VM)
			it += line->amount.energy.mj;
	}
	for (size_t i = 0; i < agencies.count; i++)
		add_flow(tenants, &agencies.items[i], whole);
	answer = xn_lines_begin(question, &period);
	json_object_set_new(answer, "sources_kwh", xn_json_kwh((xn_energy){whole}));
	json_object_set_new(answer, "it_kwh", xn_json_kwh((xn_energy){it}));
	json_object_set_new(answer, "sources", from);
	json_object_set_new(answer, "sinks", to);
	json_object_set_new(answer, "agencies", tenants);
	free(lines.items);
	free(agencies.items);
	return answer;
fail:
	free(lines.items);
	free(agencies.items);
	json_decref(from);
	json_decref(to);
	json_decref(tenants);
	return NULL;
}

/* ---- balance ---- */

struct balance {
	xn_instant start, end;
	int64_t sources, sinks, unexplained, sum;
};

static json_t *
balance_row(const struct balance *balance, int offset_s)
{
	json_t *row = json_object();

	json_object_set_new(row, "start", xn_json_instant(balance->start, offset_s));
	json_object_set_new(row, "end", xn_json_instant(balance->end, offset_s));
	json_object_set_new(row, "sources_kwh", xn_json_kwh((xn_energy){balance->sources}));
	json_object_set_new(row, "sinks_kwh", xn_json_kwh((xn_energy){balance->sinks}));
	json_object_set_new(row, "unexplained_kwh", xn_json_kwh((xn_energy){balance->unexplained}));
	json_object_set_new(
	    row, "unexplained_share", xn_lines_share(balance->unexplained, balance->sources));
	json_object_set_new(row, "sum_mj", json_integer(balance->sum));
	json_object_set_new(row, "balanced", json_boolean(balance->sum == 0));
	return row;
}

json_t *
xn_energy_balance(const struct xn_question *question, struct xn_error *err)
{
	int offset_s = xn_books_site(question->books)->utc_offset_s;
	struct xn_books_query query = {.accounts = BALANCE, .whole = true};
	struct balance balance = {0};
	struct xn_period period;
	struct xn_lines lines;
	json_t *rows;

	if (xn_question_period(question, &period, err) != XN_OK ||
	    read_step(question, XN_BOOKS_DAY, &query.step, err) != XN_OK)
		return NULL;
	query.from = period.from;
	query.to = period.to;
	if (xn_lines_read(question, &query, &lines, err) != XN_OK)
		return NULL;
	rows = json_array();
	for (size_t i = 0; i < lines.count; i++) {
		const struct xn_line *line = &lines.items[i];
		int64_t mj = line->amount.energy.mj;

		if (i == 0 || line->start.ms != balance.start.ms)
			balance = (struct balance){.start = line->start, .end = line->end};
		balance.sum += mj;
		if (is_source(line->account))
			balance.sources += mj;
		else if (line->account == XN_ACCOUNT_UNEXPLAINED)
			balance.unexplained -= mj;
		else
			balance.sinks -= mj;
		if (i + 1 == lines.count || lines.items[i + 1].start.ms != balance.start.ms)
			json_array_append_new(rows, balance_row(&balance, offset_s));
	}
	return xn_lines_answer(xn_lines_begin(question, &period), &lines, rows);
}

/* ---- compare ---- */

static json_t *
compare_row(enum xn_account account, int64_t now_mj, int64_t then_mj)
{
	json_t *row = json_object();

	json_object_set_new(row, "account", json_string(xn_account_word(account)));
	json_object_set_new(row, "energy_kwh", xn_json_kwh((xn_energy){now_mj}));
	json_object_set_new(row, "before_kwh", xn_json_kwh((xn_energy){then_mj}));
	json_object_set_new(row, "difference_kwh", xn_json_kwh((xn_energy){now_mj - then_mj}));
	json_object_set_new(row, "change", xn_lines_share(now_mj - then_mj, then_mj));
	return row;
}

static int64_t
account_of(struct xn_lines *lines, enum xn_account account)
{
	for (size_t i = 0; i < lines->count; i++)
		if (lines->items[i].account == account)
			return is_source(account) ? lines->items[i].amount.energy.mj
						  : -lines->items[i].amount.energy.mj;
	return 0;
}

json_t *
xn_energy_compare(const struct xn_question *question, struct xn_error *err)
{
	struct xn_books_query query = {.accounts = BALANCE, .whole = true};
	const char *with = xn_question_get(question, "with");
	struct xn_period_place place = xn_question_place(question);
	struct xn_period period, other;
	struct xn_lines now = {0}, then = {0};
	json_t *answer, *rows;

	if (xn_question_period(question, &period, err) != XN_OK)
		return NULL;
	other = xn_period_before(&period, place.utc_offset_s);
	if (with != NULL && xn_period_parse(with, &place, &other, err) != XN_OK)
		return NULL;
	query.from = period.from;
	query.to = period.to;
	if (xn_lines_read(question, &query, &now, err) != XN_OK)
		return NULL;
	query.from = other.from;
	query.to = other.to;
	if (xn_lines_read(question, &query, &then, err) != XN_OK) {
		free(now.items);
		return NULL;
	}
	rows = json_array();
	for (enum xn_account account = XN_ACCOUNT_GRID; account < XN_ACCOUNT_METER; account++) {
		int64_t a = account_of(&now, account), b = account_of(&then, account);

		if (a != 0 || b != 0)
			json_array_append_new(rows, compare_row(account, a, b));
	}
	answer = xn_lines_begin(question, &period);
	json_object_set_new(answer, "with", xn_lines_begin(question, &other));
	free(then.items);
	return xn_lines_answer(answer, &now, rows);
}
