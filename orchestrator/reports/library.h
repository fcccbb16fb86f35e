/*
 * Library: the tables that ship with Xanh (policies/library), within the program, so that a report
 * does not depend on what lies where. Plain CSV: a header, no quotes.
 */
#ifndef XN_REPORTS_LIBRARY_H
#define XN_REPORTS_LIBRARY_H

#include "common/arena.h"

#define XN_LIBRARY_COLUMNS 12

struct xn_library {
	unsigned row_count;
	const char *(*rows)[XN_LIBRARY_COLUMNS]; /* without the header; "" where there is nothing */
};

enum { XN_EU_GROUP, XN_EU_CODE, XN_EU_NAME, XN_EU_UNIT, XN_EU_VI, XN_EU_EN, XN_EU_RULE };
enum { XN_TOE_ENERGY, XN_TOE_UNIT, XN_TOE_VALUE, XN_TOE_FROM, XN_TOE_BASIS, XN_TOE_EVIDENCE };

/* eu-2024-1364-fields.csv, vn-toe.csv */
struct xn_library xn_library_eu_fields(struct xn_arena *arena);
struct xn_library xn_library_toe(struct xn_arena *arena);

#endif
