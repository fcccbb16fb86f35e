/*
 * History: power and temperature over time, for graphs. Averages in, averages out; reports cite the
 * ledger instead. This header is the seam: RRD files in one worker thread stand behind it.
 *
 * Invariants: (1) nothing here blocks the caller; (2) rows of a series are written in the order of
 * their instants, older ones are skipped, so feeding the same rows twice is harmless; (3) a result
 * has at most the points asked for; (4) every fetch is answered once, by xn_history_stop at the
 * latest.
 */
#ifndef XN_SHELL_HISTORY_H
#define XN_SHELL_HISTORY_H

#include "common/error.h"
#include "common/limits.h"
#include "common/loop.h"

#define XN_SERIES_COLUMNS_MAX 8
#define XN_HISTORY_POINTS_MAX 2000

/* Columns are 1..19 letters, digits, '_' or '-'. */
struct xn_series {
	char name[XN_NAME_SIZE + 8]; /* of its file: "site", "rack-A07" */
	const char *columns[XN_SERIES_COLUMNS_MAX];
	unsigned column_count;
};

struct xn_history_layout {
	int64_t step_s; /* of the raw rows */
	int64_t raw_keep_s;
	int64_t hour_keep_s; /* of hourly averages, minima and maxima */
};

struct xn_history_query {
	uint32_t series;
	int64_t from_s, to_s; /* Unix seconds, from < to */
	unsigned points;      /* 1 .. XN_HISTORY_POINTS_MAX */
};

struct xn_history_result {
	unsigned rows;
	unsigned columns;
	int64_t *times_s; /* [rows] ends of the averaged spans */
	double *values;   /* [rows * columns], NAN: unknown */
};

struct xn_history;

typedef void xn_history_call(
    void *context, const struct xn_history_result *result, const struct xn_error *err);

/* `series` must outlive the history. Files lie in `folder`, which is made. */
int xn_history_start(struct xn_history **ret_history, struct xn_loop *loop, const char *folder,
    const struct xn_history_layout *layout, const struct xn_series *series, uint32_t series_count,
    struct xn_error *err);

/* One row; false when the worker is behind and the row was dropped. */
bool xn_history_put(
    struct xn_history *history, uint32_t series, xn_instant at, const double *values);

/* Calls back from the loop, with a result or an error. False when too many fetches are waiting. */
bool xn_history_fetch(struct xn_history *history, const struct xn_history_query *query,
    xn_history_call *call, void *context);

/* Writes what is waiting and ends. */
void xn_history_stop(struct xn_history *history);

void xn_history_result_free(struct xn_history_result *result);

#endif
