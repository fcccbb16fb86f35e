/*
 * History in RRD files: what the history worker does, call by call. One file per series (the site,
 * a rack), all its columns in it, created at its full size once; beside it FILE.sum, the checksum
 * of the part of its header that never changes. librrd is not proof against damaged files, so it
 * never opens one whose header, size and row pointers were not checked first; a damaged file is set
 * aside as FILE.corrupt-N and a new one begun.
 *
 * Blocking; one thread at a time. Values are numbers to draw, so `double`; NAN is "unknown".
 */
#ifndef XN_SHELL_HISTORY_RRD_H
#define XN_SHELL_HISTORY_RRD_H

#include "orchestrator/shell/history.h"

/* Makes FILE unless it is there and sound. *ret_quarantined: there was one, and it was not. */
int xn_rrd_prepare(const char *path, const struct xn_series *series,
    const struct xn_history_layout *layout, bool *ret_quarantined, struct xn_error *err);

struct xn_rrd_row {
	int64_t at_s;
	double values[XN_SERIES_COLUMNS_MAX];
};

/* Writes rows; what is not newer than the file's last row is skipped. */
int xn_rrd_update(const char *path, const struct xn_series *series, const struct xn_rrd_row *rows,
    unsigned count, struct xn_error *err);

/* At most `query->points` rows; free with xn_history_result_free. */
int xn_rrd_fetch(const char *path, const struct xn_series *series,
    const struct xn_history_layout *layout, const struct xn_history_query *query,
    struct xn_history_result *ret_result, struct xn_error *err);

#endif
