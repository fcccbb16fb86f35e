/*
 * All nine reports of a year, in both languages and every format, as a freeze makes them: one CPU
 * time and one peak of memory for all of it.
 *
 *     report_load STATE PERIOD
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "orchestrator/reports/reports.h"

static double
cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
give_up(const struct xn_error *err)
{
	fprintf(stderr, "report_load: %s\n", err->text);
	exit(1);
}

static size_t
print(const struct xn_document *document, enum xn_report_format format, enum xn_language language)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);
	struct xn_error err;

	if (xn_report_print(document, format, language, out, &err) != XN_OK)
		give_up(&err);
	fclose(out);
	free(bytes);
	return size;
}

static void
one(struct xn_books *books, const struct xn_report_order *order)
{
	struct xn_document *document;
	char config[XN_SHA256_TEXT_SIZE];
	struct xn_arena arena;
	struct xn_error err;
	double begun = cpu_s(), made;
	size_t size = 0;

	xn_arena_map(&arena, XN_REPORT_ARENA);
	if (xn_report_make(books, order, &arena, &document, config, &err) != XN_OK)
		give_up(&err);
	made = cpu_s();
	for (enum xn_report_format format = 0; format <= XN_REPORT_PDF; format++)
		for (enum xn_language l = 0; l < XN_LANGUAGE_COUNT; l++)
			size += print(document, format, l);
	printf("%-14s made %6.2f s, printed %6.2f s, %9.1f MB\n", xn_report_word(order->kind),
	    made - begun, cpu_s() - made, (double)size / 1e6);
	fflush(stdout);
	xn_arena_unmap(&arena);
}

int
main(int argc, char **argv)
{
	static const struct xn_facts none = {.text = ""};
	struct xn_report_order order = {.state = "draft", .facts = &none};
	struct xn_period_place place = {0};
	struct xn_books *books;
	struct xn_error err;
	struct rusage use;
	xn_instant first;

	if (argc != 3) {
		fprintf(stderr, "usage: report_load STATE PERIOD\n");
		return 64;
	}
	if (xn_books_open(&books, argv[1], &err) != XN_OK ||
	    xn_books_range(books, &first, &place.now, &err) != XN_OK)
		give_up(&err);
	place.utc_offset_s = xn_books_site(books)->utc_offset_s;
	if (xn_period_parse(argv[2], &place, &order.period, &err) != XN_OK)
		give_up(&err);
	for (order.kind = 0; order.kind < XN_REPORT_COUNT; order.kind++)
		one(books, &order);
	xn_books_close(books);
	getrusage(RUSAGE_SELF, &use);
	printf("all            %.2f s of CPU, %.0f MB\n", cpu_s(), (double)use.ru_maxrss / 1024);
	return 0;
}
