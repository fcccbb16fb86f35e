#include "orchestrator/books/energy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/json.h"

/* All that take part in the balance: GRID to UNEXPLAINED. */
#define BALANCE  (XN_ACCOUNT_BIT(XN_ACCOUNT_METER) - 1)
#define ROWS_MAX 100000
#define TOP_MAX  100000

/* ---- gathering rows ---- */

struct line {
	xn_instant start, end;
	enum xn_account account;
	char name[XN_NAME_SIZE];
	char platform[XN_NAME_SIZE];
	char agency[XN_NAME_SIZE];
	struct xn_amount amount;
};

struct lines {
	struct line *items;
	size_t count, room;
	bool cut; /* there were more than ROWS_MAX */
};

/* The line of a row: VMs of one name are one. */
static struct line *
line_of(struct lines *lines, const struct xn_books_row *row, const char *name)
{
	struct line *last = lines->count > 0 ? &lines->items[lines->count - 1] : NULL;

	if (last != NULL && last->start.ms == row->start.ms && last->account == row->account &&
	    strcmp(last->name, name) == 0)
		return last;
	if (lines->count == ROWS_MAX) {
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
	*last = (struct line){.start = row->start, .end = row->end, .account = row->account};
	snprintf(last->name, sizeof(last->name), "%s", name);
	snprintf(last->platform, sizeof(last->platform), "%s",
	    row->platform != NULL ? row->platform : "");
	snprintf(last->agency, sizeof(last->agency), "%s", row->agency != NULL ? row->agency : "");
	return last;
}

static int
gather(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct line *line = line_of(context, row, row->name != NULL ? row->name : "");

	(void)err;
	if (line != NULL)
		xn_amount_add(&line->amount, &row->amount);
	return XN_OK;
}

static int
read_lines(const struct xn_question *question, const struct xn_books_query *query,
    struct lines *ret_lines, struct xn_error *err)
{
	*ret_lines = (struct lines){0};
	return xn_books_entries(question->books, query, gather, ret_lines, err);
}

/* ---- what every answer begins with ---- */

static json_t *
begin(const struct xn_question *question, const struct xn_period *period)
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

static bool
is_source(enum xn_account account)
{
	return account <= XN_ACCOUNT_GENERATOR;
}

/* Sinks are booked negative and read positive; a negative `unexplained` stays what it is. */
static void
turn(struct line *line)
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
total_of(const struct lines *lines, bool sources)
{
	int64_t mj = 0;

	for (size_t i = 0; i < lines->count; i++)
		if (is_source(lines->items[i].account) == sources)
			mj += lines->items[i].amount.energy.mj;
	return mj;
}

static json_t *
share_of(int64_t part_mj, int64_t whole_mj)
{
	return whole_mj > 0 ? json_real((double)part_mj / (double)whole_mj) : json_null();
}

static json_t *
finish(json_t *answer, struct lines *lines, json_t *rows)
{
	json_object_set_new(answer, "cut", json_boolean(lines->cut));
	json_object_set_new(answer, "rows", rows);
	free(lines->items);
	return answer;
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

	if (json_array_size(entries->rows) >= ROWS_MAX)
		return xn_fail(
		    err, XN_EINVALID, "more than %d entries: ask for a shorter span", ROWS_MAX);
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
	struct lines lines;
	json_t *rows;
	int64_t whole;

	if (show_query(question, &period, &query, err) != XN_OK ||
	    read_lines(question, &query, &lines, err) != XN_OK)
		return NULL;
	rows = json_array();
	whole = total_of(&lines, true);
	for (size_t i = 0; i < lines.count; i++) {
		struct line *line = &lines.items[i];
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
			? share_of(line->amount.energy.mj, whole)
			: json_null());
		json_array_append_new(rows, row);
	}
	return finish(begin(question, &period), &lines, rows);
}

/* ---- flow ---- */

static void
add_flow(json_t *list, struct line *line, int64_t whole)
{
	json_t *row = json_object();

	turn(line);
	json_object_set_new(row, "account", json_string(xn_account_word(line->account)));
	json_object_set_new(row, "name", xn_json_text(line->name));
	xn_json_amount(row, &line->amount);
	json_object_set_new(row, "share", share_of(line->amount.energy.mj, whole));
	json_array_append_new(list, row);
}

json_t *
xn_energy_flow(const struct xn_question *question, struct xn_error *err)
{
	struct xn_books_query query = {.accounts = BALANCE, .whole = true};
	json_t *answer, *from = json_array(), *to = json_array(), *tenants = json_array();
	struct xn_period period;
	struct lines lines = {0}, agencies = {0};
	int64_t whole, it = 0;

	if (xn_question_period(question, &period, err) != XN_OK)
		goto fail;
	query.from = period.from;
	query.to = period.to;
	if (read_lines(question, &query, &lines, err) != XN_OK)
		goto fail;
	query.accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_AGENCY);
	query.whole = false;
	if (read_lines(question, &query, &agencies, err) != XN_OK)
		goto fail;
	whole = total_of(&lines, true);
	for (size_t i = 0; i < lines.count; i++) {
		struct line *line = &lines.items[i];

		add_flow(is_source(line->account) ? from : to, line, whole);
		if (line->account == XN_ACCOUNT_RACK_OTHER || line->account == XN_ACCOUNT_HOST ||
		    line->account == XN_ACCOUNT_VM)
			it += line->amount.energy.mj;
	}
	for (size_t i = 0; i < agencies.count; i++)
		add_flow(tenants, &agencies.items[i], whole);
	answer = begin(question, &period);
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
	    row, "unexplained_share", share_of(balance->unexplained, balance->sources));
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
	struct lines lines;
	json_t *rows;

	if (xn_question_period(question, &period, err) != XN_OK ||
	    read_step(question, XN_BOOKS_DAY, &query.step, err) != XN_OK)
		return NULL;
	query.from = period.from;
	query.to = period.to;
	if (read_lines(question, &query, &lines, err) != XN_OK)
		return NULL;
	rows = json_array();
	for (size_t i = 0; i < lines.count; i++) {
		const struct line *line = &lines.items[i];
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
	return finish(begin(question, &period), &lines, rows);
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
	json_object_set_new(row, "change", share_of(now_mj - then_mj, then_mj));
	return row;
}

static int64_t
account_of(struct lines *lines, enum xn_account account)
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
	struct lines now = {0}, then = {0};
	json_t *answer, *rows;

	if (xn_question_period(question, &period, err) != XN_OK)
		return NULL;
	other = xn_period_before(&period, place.utc_offset_s);
	if (with != NULL && xn_period_parse(with, &place, &other, err) != XN_OK)
		return NULL;
	query.from = period.from;
	query.to = period.to;
	if (read_lines(question, &query, &now, err) != XN_OK)
		return NULL;
	query.from = other.from;
	query.to = other.to;
	if (read_lines(question, &query, &then, err) != XN_OK) {
		free(now.items);
		return NULL;
	}
	rows = json_array();
	for (enum xn_account account = XN_ACCOUNT_GRID; account < XN_ACCOUNT_METER; account++) {
		int64_t a = account_of(&now, account), b = account_of(&then, account);

		if (a != 0 || b != 0)
			json_array_append_new(rows, compare_row(account, a, b));
	}
	answer = begin(question, &period);
	json_object_set_new(answer, "with", begin(question, &other));
	free(then.items);
	return finish(answer, &now, rows);
}

/* ---- tenants and VMs ---- */

static int
heavier(const void *a, const void *b)
{
	const struct line *one = a, *two = b;
	int64_t left = one->amount.energy.mj + one->amount.overhead.mj;
	int64_t right = two->amount.energy.mj + two->amount.overhead.mj;

	if (left != right)
		return left < right ? 1 : -1;
	return strcmp(one->name, two->name);
}

static json_t *
tenant_row(const struct line *line, int64_t whole)
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
	json_object_set_new(row, "share", share_of(all, whole));
	return row;
}

/* Names by what they and their overhead took, the largest first. */
static json_t *
ranked(const struct xn_question *question, struct xn_books_query query, struct xn_error *err)
{
	struct xn_period period;
	struct lines lines;
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
	if (read_lines(question, &query, &lines, err) != XN_OK)
		return NULL;
	for (size_t i = 0; i < lines.count; i++) {
		struct line *line = &lines.items[i];

		if (line->amount.energy.mj < 0) /* VMs are sinks; the memo accounts are not */
			line->amount.energy.mj = -line->amount.energy.mj;
		whole += line->amount.energy.mj + line->amount.overhead.mj;
	}
	if (lines.count > 0)
		qsort(lines.items, lines.count, sizeof(*lines.items), heavier);
	rows = json_array();
	for (size_t i = 0; i < lines.count && i < (size_t)top; i++)
		json_array_append_new(rows, tenant_row(&lines.items[i], whole));
	answer = begin(question, &period);
	json_object_set_new(answer, "total_kwh", xn_json_kwh((xn_energy){whole}));
	json_object_set_new(answer, "method",
	    json_string("allocated: idle watts by reserved vCPUs, the rest by CPU time, summing to "
			"the metered outlets; cooling and losses by the ratio of the zone"));
	return finish(answer, &lines, rows);
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
	const struct lines *lines;
	json_t *rows;
};

static const char *
role_word(int role)
{
	static const char *const words[] = {
	    "grid", "pv", "battery", "generator", "cooling", "feed", "outlet", "inlet"};

	return role >= 0 && role < (int)(sizeof(words) / sizeof(words[0])) ? words[role] : "?";
}

static int
by_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct line *)item)->name);
}

static int
coverage_row(const struct xn_books_meter *meter, void *context, struct xn_error *err)
{
	struct coverage *coverage = context;
	const struct line *line = coverage->lines->count == 0
	    ? NULL
	    : bsearch(meter->name, coverage->lines->items, coverage->lines->count, sizeof(*line),
		  by_name);
	const struct line none = {0};
	json_t *row = json_object();

	(void)err;
	json_object_set_new(row, "meter", xn_json_name(meter->name));
	json_object_set_new(row, "role", json_string(role_word(meter->role)));
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
	struct lines lines;

	if (xn_question_period(question, &period, err) != XN_OK)
		return NULL;
	query.from = period.from;
	query.to = period.to;
	if (read_lines(question, &query, &lines, err) != XN_OK)
		return NULL;
	coverage = (struct coverage){&lines, json_array()};
	if (xn_books_meters(question->books, coverage_row, &coverage, err) != XN_OK) {
		json_decref(coverage.rows);
		free(lines.items);
		return NULL;
	}
	return finish(begin(question, &period), &lines, coverage.rows);
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
