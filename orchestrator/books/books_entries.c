/*
 * Sums of entries. A question names lines (holders, or whole accounts) and steps of time; a table
 * of cells, line by step, is filled from the rows as they come and told in order. Long questions
 * are answered in chunks of steps, so that the cells stay below CELLS_MAX.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/books/books_inside.h"
#include "orchestrator/books/period.h"
#include "orchestrator/books/schema.h"

#define CELLS_MAX (UINT32_C(1) << 18)
#define NO_RANK   UINT32_MAX
#define DAY_MS    INT64_C(86400000)
/* A table is read as a whole when more than one holder in so many is asked for. */
#define FEW       8

struct question {
	struct xn_books *books;
	const struct xn_books_query *query;
	int64_t as_of;
	int64_t to;      /* of `query`, or later when nothing is booked in between */
	uint32_t picked; /* holders that belong to a line */
	uint32_t picked_detail, picked_entry;
	uint32_t step; /* where the row before went */
};

static void *
grow(void *items, size_t count, size_t size)
{
	items = realloc(items, (count > 0 ? count : 1) * size);
	if (items == NULL)
		abort();
	return items;
}

/* ---- holders ---- */

static int
order_holders(const void *a, const void *b)
{
	const struct xn_books_holder *first = a, *second = b;
	int order = (first->account > second->account) - (first->account < second->account);

	if (order == 0)
		order = strcmp(first->name, second->name);
	if (order == 0)
		order = strcmp(first->subject, second->subject);
	if (order == 0)
		order = strcmp(first->platform, second->platform);
	return order != 0 ? order : strcmp(first->agency, second->agency);
}

static void
add_holder(struct xn_books *books, sqlite3_stmt *statement)
{
	const char **texts[4];
	struct xn_books_holder *holder;
	size_t size = 0;
	char *at;

	if (books->holder_count == books->holder_room) {
		books->holder_room = books->holder_room == 0 ? 256 : books->holder_room * 2;
		books->holders = grow(books->holders, books->holder_room, sizeof(*books->holders));
	}
	holder = &books->holders[books->holder_count++];
	holder->id = sqlite3_column_int64(statement, 0);
	holder->account = (enum xn_account)sqlite3_column_int(statement, 1);
	for (int i = 2; i < 6; i++)
		size += strlen(xn_books_text(statement, i)) + 1;
	holder->text = at = grow(NULL, size, 1);
	texts[0] = &holder->name;
	texts[1] = &holder->subject;
	texts[2] = &holder->platform;
	texts[3] = &holder->agency;
	for (int i = 0; i < 4; i++) {
		size = strlen(xn_books_text(statement, i + 2)) + 1;
		memcpy(at, xn_books_text(statement, i + 2), size);
		*texts[i] = at;
		at += size;
	}
	books->holder_last = holder->id;
}

/* Holders are only ever added: what is in memory stays true. */
static int
load_holders(struct xn_books *books, struct xn_error *err)
{
	sqlite3_stmt *statement = xn_books_sql(books, XN_BOOKS_SQL_HOLDERS, err);
	uint32_t before = books->holder_count;
	int code;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, books->holder_last);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		add_holder(books, statement);
	sqlite3_reset(statement);
	if (code != SQLITE_DONE)
		return xn_books_fail(books, "reading who entries belong to", err);
	if (books->holder_count > before)
		qsort(books->holders, books->holder_count, sizeof(*books->holders), order_holders);
	books->rank_of =
	    grow(books->rank_of, (size_t)books->holder_last + 1, sizeof(*books->rank_of));
	books->selected =
	    grow(books->selected, books->holder_count + XN_ACCOUNT_COUNT, sizeof(*books->selected));
	return XN_OK;
}

static bool
is_filtered(const struct xn_books_query *query)
{
	return query->name != NULL || query->platform != NULL || query->agency != NULL;
}

static bool
fits(const struct xn_books_query *query, const struct xn_books_holder *holder)
{
	return (query->accounts & XN_ACCOUNT_BIT(holder->account)) != 0 &&
	    (query->name == NULL || strcmp(query->name, holder->name) == 0) &&
	    (query->platform == NULL || strcmp(query->platform, holder->platform) == 0) &&
	    (query->agency == NULL || strcmp(query->agency, holder->agency) == 0);
}

/* Gives each holder that fits its line; of `whole`, the line of its account. */
static void
pick_holders(struct question *question)
{
	struct xn_books *books = question->books;

	for (uint32_t i = 0; i < books->holder_count; i++) {
		const struct xn_books_holder *holder = &books->holders[i];
		bool same = question->query->whole && books->selected_count > 0 &&
		    books->selected[books->selected_count - 1]->account == holder->account;

		books->rank_of[holder->id] = NO_RANK;
		if (!fits(question->query, holder))
			continue;
		if (!same)
			books->selected[books->selected_count++] = holder;
		books->rank_of[holder->id] = books->selected_count - 1;
		if ((XN_BOOKS_DETAIL & XN_ACCOUNT_BIT(holder->account)) != 0)
			question->picked_detail++;
		else
			question->picked_entry++;
	}
	question->picked = question->picked_detail + question->picked_entry;
}

/* ---- steps ---- */

static void
add_step(struct xn_books *books, int64_t start, int64_t end)
{
	if (books->step_count == books->step_room) {
		books->step_room = books->step_room == 0 ? 64 : books->step_room * 2;
		books->steps = grow(books->steps, books->step_room, sizeof(*books->steps));
	}
	books->steps[books->step_count++] = (struct xn_books_step_span){start, end};
}

static int
interval_steps(struct question *question, int64_t from, uint32_t most, struct xn_error *err)
{
	struct xn_books *books = question->books;
	sqlite3_stmt *statement = xn_books_sql(books, XN_BOOKS_SQL_INTERVALS, err);
	int code = SQLITE_DONE;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, from);
	sqlite3_bind_int64(statement, 2, question->query->to.ms);
	while (books->step_count < most && (code = sqlite3_step(statement)) == SQLITE_ROW)
		add_step(
		    books, sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1));
	sqlite3_reset(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE
	    ? XN_OK
	    : xn_books_fail(books, "reading intervals", err);
}

static int64_t
step_end(const struct question *question, int64_t start)
{
	const struct xn_books_query *query = question->query;
	int offset = question->books->site.utc_offset_s;
	int64_t end = query->to.ms;

	if (query->step == XN_BOOKS_DAY)
		end = xn_day_start((xn_instant){start}, offset).ms + DAY_MS;
	else if (query->step == XN_BOOKS_MONTH)
		end = xn_month_next((xn_instant){start}, offset).ms;
	return end < query->to.ms ? end : query->to.ms;
}

/* The next steps from `from`, at most `most`; none when there are no more. */
static int
make_steps(struct question *question, int64_t from, uint32_t most, struct xn_error *err)
{
	struct xn_books *books = question->books;

	books->step_count = 0;
	if (question->query->step == XN_BOOKS_INTERVAL)
		return interval_steps(question, from, most, err);
	while (from < question->query->to.ms && books->step_count < most) {
		int64_t end = step_end(question, from);

		add_step(books, from, end);
		from = end;
	}
	return XN_OK;
}

/* ---- filling cells ---- */

static struct xn_books_cell *
cell_at(struct question *question, int64_t start, uint32_t rank)
{
	const struct xn_books *books = question->books;
	const struct xn_books_step_span *steps = books->steps;
	uint32_t low = 0, high = books->step_count - 1;

	if (start < steps[question->step].start || start >= steps[question->step].end) {
		while (low < high) {
			uint32_t middle = (low + high + 1) / 2;

			if (steps[middle].start <= start)
				low = middle;
			else
				high = middle - 1;
		}
		question->step = low;
	}
	return &books->cells[(size_t)question->step * books->selected_count + rank];
}

/* `key` (a holder or an account), instant, revision, sums: how every statement answers. */
static void
add_row(struct question *question, sqlite3_stmt *statement, uint32_t rank)
{
	struct xn_books_cell *cell = cell_at(question, sqlite3_column_int64(statement, 1), rank);

	cell->energy += sqlite3_column_int64(statement, 3);
	cell->overhead += sqlite3_column_int64(statement, 4);
	cell->estimated += sqlite3_column_int64(statement, 5);
	cell->covered += sqlite3_column_int64(statement, 6);
	cell->span += sqlite3_column_int64(statement, 7);
	cell->grades |= (uint32_t)sqlite3_column_int64(statement, 8);
	cell->events |= (uint32_t)sqlite3_column_int64(statement, 9);
	cell->count++;
}

/* Adds what a statement answers of [from, to), of one key or (0) of every holder that has a line.
 */
static int
add_rows(struct question *question, enum xn_books_sql which, int64_t from, int64_t to, int64_t key,
    uint32_t rank, struct xn_error *err)
{
	struct xn_books *books = question->books;
	sqlite3_stmt *statement = xn_books_sql(books, which, err);
	int code;

	if (statement == NULL)
		return XN_ESYSTEM;
	sqlite3_bind_int64(statement, 1, from);
	sqlite3_bind_int64(statement, 2, to);
	if (rank != NO_RANK)
		sqlite3_bind_int64(statement, 3, key);
	sqlite3_bind_int64(statement, 4, question->as_of);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		uint32_t to_rank = rank;

		if (rank == NO_RANK)
			to_rank = books->rank_of[sqlite3_column_int64(statement, 0)];
		if (to_rank != NO_RANK)
			add_row(question, statement, to_rank);
	}
	sqlite3_reset(statement);
	return code == SQLITE_DONE ? XN_OK : xn_books_fail(books, "reading entries", err);
}

/* Asks `which` for each picked holder among `accounts`. */
static int
add_each(struct question *question, enum xn_books_sql which, uint64_t accounts, int64_t from,
    int64_t to, struct xn_error *err)
{
	struct xn_books *books = question->books;
	int result = XN_OK;

	for (uint32_t i = 0; i < books->holder_count && result == XN_OK; i++) {
		const struct xn_books_holder *holder = &books->holders[i];
		uint32_t rank = books->rank_of[holder->id];

		if (rank != NO_RANK && (accounts & XN_ACCOUNT_BIT(holder->account)) != 0)
			result = add_rows(question, which, from, to, holder->id, rank, err);
	}
	return result;
}

static int
add_details(struct question *question, int64_t from, int64_t to, struct xn_error *err)
{
	bool few = question->picked_detail < question->books->holder_count / FEW;

	if (from >= to)
		return XN_OK;
	return few ? add_each(question, XN_BOOKS_SQL_DETAIL_ONE, XN_BOOKS_DETAIL, from, to, err)
		   : add_rows(question, XN_BOOKS_SQL_DETAIL, from, to, 0, NO_RANK, err);
}

static int
add_days(struct question *question, int64_t from, int64_t to, struct xn_error *err)
{
	bool few = question->picked_detail < question->books->holder_count / FEW;
	int result = XN_OK;

	for (; from < to && result == XN_OK; from += DAY_MS)
		result = few
		    ? add_each(
			  question, XN_BOOKS_SQL_DAY_ONE, XN_BOOKS_DETAIL, from, from + DAY_MS, err)
		    : add_rows(question, XN_BOOKS_SQL_DAY, from, from + DAY_MS, 0, NO_RANK, err);
	return result;
}

static int
add_months(struct question *question, int64_t from, int64_t to, struct xn_error *err)
{
	bool few = question->picked < question->books->holder_count / FEW;
	int offset = question->books->site.utc_offset_s;
	int result = XN_OK;

	while (from < to && result == XN_OK) {
		int64_t next = xn_month_next((xn_instant){from}, offset).ms;

		result = few
		    ? add_each(question, XN_BOOKS_SQL_MONTH_ONE, UINT64_MAX, from, next, err)
		    : add_rows(question, XN_BOOKS_SQL_MONTH, from, next, 0, NO_RANK, err);
		from = next;
	}
	return result;
}

/* What is less than a month: of detail whole days come from their sums. */
static int
add_parts(struct question *question, int64_t from, int64_t to, struct xn_error *err)
{
	int offset = question->books->site.utc_offset_s;
	int64_t first, last;
	int result = XN_OK;

	if (from >= to)
		return XN_OK;
	if (question->picked_entry > 0)
		result = add_each(
		    question, XN_BOOKS_SQL_ENTRY, ~(uint64_t)XN_BOOKS_DETAIL, from, to, err);
	if (result != XN_OK || question->picked_detail == 0)
		return result;
	first = xn_day_start((xn_instant){from + DAY_MS - 1}, offset).ms;
	last = xn_day_start((xn_instant){to}, offset).ms;
	if (question->query->step == XN_BOOKS_INTERVAL || last <= first)
		return add_details(question, from, to, err);
	result = add_details(question, from, first, err);
	if (result == XN_OK)
		result = add_days(question, first, last, err);
	return result == XN_OK ? add_details(question, last, to, err) : result;
}

/* Each account's totals are rows of their own. */
static int
add_totals(struct question *question, int64_t from, int64_t to, struct xn_error *err)
{
	struct xn_books *books = question->books;
	int result = XN_OK;

	for (uint32_t rank = 0; rank < books->selected_count && result == XN_OK; rank++)
		result = add_rows(question, XN_BOOKS_SQL_TOTAL, from, to,
		    (int64_t)books->selected[rank]->account, rank, err);
	return result;
}

/* Whole months come from their sums. */
static int
add_span(struct question *question, int64_t from, int64_t to, struct xn_error *err)
{
	int offset = question->books->site.utc_offset_s;
	enum xn_books_step step = question->query->step;
	int64_t first, last;
	int result;

	if (question->query->whole && !is_filtered(question->query))
		return add_totals(question, from, to, err);
	if (to == question->query->to.ms)
		to = question->to;
	first = xn_month_start((xn_instant){from}, offset).ms;
	if (first < from)
		first = xn_month_next((xn_instant){from}, offset).ms;
	last = xn_month_start((xn_instant){to}, offset).ms;
	if ((step != XN_BOOKS_MONTH && step != XN_BOOKS_TOTAL) || last <= first)
		return add_parts(question, from, to, err);
	result = add_parts(question, from, first, err);
	if (result == XN_OK)
		result = add_months(question, first, last, err);
	return result == XN_OK ? add_parts(question, last, to, err) : result;
}

/* ---- telling ---- */

static enum xn_grade
worst_of(const struct xn_books_cell *cell)
{
	uint32_t grades = cell->grades;
	uint32_t others = grades & ~(UINT32_C(1) << XN_GRADE_ESTIMATED);

	if (cell->estimated == 0 && others > UINT32_C(1) << XN_GRADE_NONE)
		grades = others;
	return grades == 0 ? XN_GRADE_NONE : (enum xn_grade)(31 - __builtin_clz(grades));
}

static struct xn_amount
amount_of(const struct xn_books_cell *cell)
{
	return (struct xn_amount){
	    .energy = {cell->energy},
	    .overhead = {cell->overhead},
	    .estimated = {cell->estimated},
	    .covered = {cell->covered},
	    .span = {cell->span},
	    .worst = worst_of(cell),
	    .events = cell->events,
	};
}

struct listener {
	int (*each)(const struct xn_books_row *row, void *context, struct xn_error *err);
	void *context;
};

static int
tell(struct question *question, const struct listener *listener, struct xn_error *err)
{
	const struct xn_books *books = question->books;
	const struct xn_books_cell *cell = books->cells;
	bool whole = question->query->whole;

	for (uint32_t step = 0; step < books->step_count; step++)
		for (uint32_t rank = 0; rank < books->selected_count; rank++, cell++) {
			const struct xn_books_holder *holder = books->selected[rank];
			struct xn_books_row row = {
			    .start = {books->steps[step].start},
			    .end = {books->steps[step].end},
			    .account = holder->account,
			    .name = whole ? books->site.name : holder->name,
			    .subject = whole ? "" : holder->subject,
			    .platform = whole ? "" : holder->platform,
			    .agency = whole ? "" : holder->agency,
			    .amount = amount_of(cell),
			};
			int result;

			if (cell->count == 0)
				continue;
			result = listener->each(&row, listener->context, err);
			if (result != XN_OK)
				return result;
		}
	return XN_OK;
}

/* When nothing is booked from the question's end on, the month (or day) that runs is whole as it
 * is. */
static void
find_end(struct question *question)
{
	int offset = question->books->site.utc_offset_s;
	xn_instant first, last, to = question->query->to;

	question->to = to.ms;
	if (question->query->step == XN_BOOKS_INTERVAL ||
	    xn_books_range(question->books, &first, &last, NULL) != XN_OK || to.ms < last.ms)
		return;
	if (question->query->step == XN_BOOKS_DAY)
		question->to = xn_day_start((xn_instant){to.ms + DAY_MS - 1}, offset).ms;
	else if (xn_month_start(to, offset).ms != to.ms)
		question->to = xn_month_next(to, offset).ms;
}

static int
answer(struct question *question, const struct listener *listener, struct xn_error *err)
{
	struct xn_books *books = question->books;
	uint32_t most = CELLS_MAX / (books->selected_count > 0 ? books->selected_count : 1);
	int64_t from = question->query->from.ms;
	int result = XN_OK;

	while (result == XN_OK && books->selected_count > 0) {
		size_t cells;

		result = make_steps(question, from, most > 0 ? most : 1, err);
		if (result != XN_OK || books->step_count == 0)
			return result;
		cells = (size_t)books->step_count * books->selected_count;
		if (cells > books->cell_room) {
			books->cells = grow(books->cells, cells, sizeof(*books->cells));
			books->cell_room = cells;
		}
		memset(books->cells, 0, cells * sizeof(*books->cells));
		question->step = 0;
		from = books->steps[books->step_count - 1].end;
		result = add_span(question, books->steps[0].start, from, err);
		if (result == XN_OK)
			result = tell(question, listener, err);
	}
	return result;
}

int
xn_books_entries(struct xn_books *books, const struct xn_books_query *query,
    int (*each)(const struct xn_books_row *row, void *context, struct xn_error *err), void *context,
    struct xn_error *err)
{
	struct question question = {.books = books, .query = query};
	const struct listener listener = {each, context};
	int result = xn_books_hold(books, err);

	if (result != XN_OK)
		return result;
	question.as_of = query->as_of == 0 ? INT64_MAX : query->as_of;
	books->selected_count = 0;
	if ((result = load_holders(books, err)) == XN_OK) {
		pick_holders(&question);
		find_end(&question);
		result = answer(&question, &listener, err);
	}
	xn_books_release(books);
	return result;
}

/* ---- one sum ---- */

static int
add_amount(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct xn_amount *sum = context;

	(void)err;
	sum->energy.mj += row->amount.energy.mj;
	sum->overhead.mj += row->amount.overhead.mj;
	sum->estimated.mj += row->amount.estimated.mj;
	sum->covered.ms += row->amount.covered.ms;
	sum->span.ms += row->amount.span.ms;
	if (row->amount.worst > sum->worst)
		sum->worst = row->amount.worst;
	sum->events |= row->amount.events;
	return XN_OK;
}

int
xn_books_sum(struct xn_books *books, const struct xn_books_query *query,
    struct xn_amount *ret_amount, struct xn_error *err)
{
	struct xn_books_query whole = *query;
	struct xn_amount sum = {0};
	int result;

	whole.whole = true;
	whole.step = XN_BOOKS_TOTAL;
	result = xn_books_entries(books, &whole, add_amount, &sum, err);
	if (result == XN_OK)
		*ret_amount = sum;
	return result;
}
