/*
 * Field list: the fields of Regulation (EU) 2024/1364 that ship with Xanh (policies/library),
 * within the program, so that a report does not depend on what lies where. Plain CSV: a header, no
 * quotes.
 */
#ifndef XN_REPORTS_FIELD_LIST_H
#define XN_REPORTS_FIELD_LIST_H

#include "common/arena.h"

enum {
	XN_EU_GROUP,
	XN_EU_CODE,
	XN_EU_NAME,
	XN_EU_UNIT,
	XN_EU_VI,
	XN_EU_EN,
	XN_EU_RULE,
	XN_EU_COLUMNS
};

struct xn_field_list {
	unsigned row_count;
	const char *(*rows)[XN_EU_COLUMNS]; /* without the header; "" where there is nothing */
};

struct xn_field_list xn_field_list(struct xn_arena *arena);

#endif
