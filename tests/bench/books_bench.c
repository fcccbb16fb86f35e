/*
 * What questions over a year of a 1,000-rack site cost: 17,520 intervals, 40,000 VMs, 200
 * platforms. XANH_YEAR names a state folder of year_load that is there already.
 */
#include <stdlib.h>

#include "orchestrator/books/kpis_view.h"
#include "orchestrator/books/period.h"
#include "orchestrator/books/question.h"
#include "tests/bench/bench.h"
#include "tests/lib/books_year.h"

#define BALANCE (XN_ACCOUNT_BIT(XN_ACCOUNT_UNEXPLAINED) * 2 - 1)

static int
count(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	long *rows = context;

	(void)row;
	(void)err;
	++*rows;
	return XN_OK;
}

/* The second of two answers: the first one fills the cache. */
static void
ask(struct xn_books *books, const char *name, const struct xn_books_query *query)
{
	struct xn_error err;
	double before = 0;
	long rows = 0;

	for (int i = 0; i < 2; i++) {
		before = bench_cpu();
		rows = 0;
		if (xn_books_entries(books, query, count, &rows, &err) != XN_OK) {
			fprintf(stderr, "books_bench: %s\n", err.text);
			exit(70);
		}
	}
	if (rows == 0) {
		fprintf(stderr, "books_bench: %s: no rows\n", name);
		exit(70);
	}
	bench_print(name, (bench_cpu() - before) * 1000, "CPU ms");
}

static void
ask_all(struct xn_books *books)
{
	const int offset_s = 7 * 3600;
	struct xn_books_query year = {
	    .from = xn_date_start((struct xn_date){2026, 1, 1}, offset_s),
	    .to = xn_date_start((struct xn_date){2027, 1, 1}, offset_s),
	};
	struct xn_books_query query = year;

	query.accounts = BALANCE;
	query.step = XN_BOOKS_INTERVAL;
	query.whole = true;
	ask(books, "books: a year's intervals of the balance", &query);
	query = year;
	query.accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_VM);
	query.step = XN_BOOKS_MONTH;
	ask(books, "books: a year's months of 40,000 VMs", &query);
	query.step = XN_BOOKS_TOTAL;
	query.platform = "platform-007";
	ask(books, "books: a year's sums of a platform's VMs", &query);
	query = year;
	query.accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_PLATFORM);
	query.name = "platform-007";
	query.step = XN_BOOKS_INTERVAL;
	ask(books, "books: a year's intervals of a platform", &query);
	query.name = NULL;
	ask(books, "books: a year's intervals of 200 platforms", &query);
}

/* All the indicators; the second of two answers, as above. */
static void
ask_indicators(struct xn_books *books, const char *name, const char *month, int months)
{
	const int offset_s = 7 * 3600;
	const int first = 13 - months;
	struct xn_period period = {
	    .from = xn_date_start((struct xn_date){2026, first, 1}, offset_s),
	    .to = xn_date_start((struct xn_date){2027, 1, 1}, offset_s),
	};
	struct xn_error err;
	double before = 0;

	snprintf(period.name, sizeof(period.name), "%s", month);
	for (int i = 0; i < 2; i++) {
		json_t *view;

		before = bench_cpu();
		view = xn_kpis_view(books, &period, period.to, XN_KPI_COUNT, &err);
		if (view == NULL) {
			fprintf(stderr, "books_bench: %s\n", err.text);
			exit(70);
		}
		json_decref(view);
	}
	bench_print(name, bench_cpu() - before, "CPU s");
}

static const char *
no_parameter(const void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

static void
answer(struct xn_books *books, const char *name, const char *path)
{
	struct xn_question question = {.books = books, .parameter = no_parameter};
	struct xn_error err;
	double before = 0;

	for (int i = 0; i < 2; i++) {
		json_t *found;

		before = bench_cpu();
		found = xn_question_answer(&question, path, &err);
		if (found == NULL) {
			fprintf(stderr, "books_bench: %s\n", err.text);
			exit(70);
		}
		json_decref(found);
	}
	bench_print(name, (bench_cpu() - before) * 1000, "CPU ms");
}

int
main(void)
{
	char own[] = "/tmp/xanh-year-XXXXXX";
	const char *folder = getenv("XANH_YEAR");
	struct xn_books *books;
	struct xn_error err;
	char command[64];

	if (folder == NULL) {
		double before = bench_cpu();

		folder = mkdtemp(own);
		if (folder == NULL)
			return 70;
		books_year_make(folder, NULL);
		bench_print("books: writing a year", bench_cpu() - before, "CPU s");
	}
	if (xn_books_open(&books, folder, &err) != XN_OK) {
		fprintf(stderr, "books_bench: %s\n", err.text);
		return 70;
	}
	ask_all(books);
	ask_indicators(books, "books: a year's indicators", "2026", 12);
	ask_indicators(books, "books: a month's indicators", "2026-12", 1);
	answer(books, "books: 48 h forecast of a year's load", "/forecast/load");
	answer(books, "books: 14 days of forecasts scored", "/forecast/load/score");
	xn_books_close(books);
	snprintf(command, sizeof(command), "rm -rf %s", own);
	return folder == own && system(command) != 0 ? 70 : 0;
}
