/*
 * Paper: a sample report for tests and benches of the writers: an energy table of racks by hour
 * with every kind of column, remarks and charts; the same seed, the same report.
 */
#ifndef XN_TESTS_LIB_PAPER_H
#define XN_TESTS_LIB_PAPER_H

#include "orchestrator/reports/document.h"

/* Columns of its first table. */
enum paper_column {
	PAPER_AT,
	PAPER_DAY,
	PAPER_RACK,
	PAPER_E_DC,
	PAPER_E_IT,
	PAPER_PUE,
	PAPER_COST,
	PAPER_COVERAGE,
	PAPER_GRADE,
	PAPER_NOTE,
	PAPER_COLUMNS
};

struct xn_document *paper_new(struct xn_arena *arena, uint32_t rows, uint64_t seed);

/* Adds its charts: bars of the days' energy, lines of PUE, of a table of their own. */
void paper_charts(struct xn_document *document, uint64_t seed);

/* A table "numbers" of random scaled integers of all sizes, a column for each of some decimals. */
void paper_numbers(struct xn_document *document, uint32_t rows, uint64_t seed);

/* A writer's bytes, NUL behind them; free() them. Its failure is the test's. */
char *paper_written(const struct xn_document *document, enum xn_report_format format,
    enum xn_language language, size_t *ret_size);

#endif
