/*
 * CSV: the rows of a table (RFC 4180) as values of ours, each field a scalar with its place, so
 * that the functions of common/value.h read it and a mistake is told at its line and column. Pure.
 *
 * Invariants: (1) columns are found by the names of the first row; (2) a field that is not there
 * reads as ""; (3) a cell in quotes may hold commas, lines and doubled quotes; one whose quotes do
 * not close is read as it stands, so that no number is made of it; (4) a cell longer than
 * XN_CSV_CELL_MAX bytes is cut and ends in an ellipsis.
 */
#ifndef XN_COMMON_CSV_H
#define XN_COMMON_CSV_H

#include "common/yaml.h"

#define XN_CSV_COLUMNS_MAX 32
#define XN_CSV_CELL_MAX    8192

struct xn_csv {
	struct xn_arena *arena;
	const struct xn_source *source;
	const char *at;
	unsigned line; /* of `at` */
	unsigned columns;
	const char *names[XN_CSV_COLUMNS_MAX];
	struct xn_yaml fields[XN_CSV_COLUMNS_MAX]; /* of the row read last */
};

/* Reads the first row. */
void xn_csv_open(struct xn_csv *csv, struct xn_arena *arena, const struct xn_source *source);
/* The column of a name; -1: there is none. */
int xn_csv_column(const struct xn_csv *csv, const char *name);
/* The next row that is not empty; false at the end. */
bool xn_csv_next(struct xn_csv *csv);
/* The field of a column by its name; NULL: there is no such column. Good until the next row. */
const struct xn_yaml *xn_csv_field(const struct xn_csv *csv, const char *name);

#endif
