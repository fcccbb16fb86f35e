/*
 * Archive: what was frozen, and what is made by the clock, in state.db (orchestrator/books/
 * schema.h); the files lie in STATE/reports. A connection of its own, for a worker or a command.
 */
#ifndef XN_REPORTS_ARCHIVE_H
#define XN_REPORTS_ARCHIVE_H

#include "common/error.h"
#include "common/limits.h"
#include "orchestrator/books/period.h"
#include "orchestrator/reports/evidence.h"

struct xn_archive;

#define XN_SCHEDULES_MAX 64

#define XN_ARCHIVE_ID    320

struct xn_archive_row {
	int64_t seq;
	char id[XN_ARCHIVE_ID]; /* "hoa-lac-1/site-energy/2026-11/r1" */
	char kind[XN_NAME_SIZE];
	char period[XN_PERIOD_NAME_SIZE];
	int revision;
	char state[16]; /* frozen, filed */
	int64_t as_of;
	char slice[XN_SHA256_TEXT_SIZE];
	char config[XN_SHA256_TEXT_SIZE];
	char sha256[XN_SHA256_TEXT_SIZE]; /* of the manifest */
	xn_instant made;
	char actor[XN_NAME_SIZE];
	char reference[XN_SENTENCE_SIZE]; /* of FILED: where it was handed in */
};

int xn_archive_open(
    struct xn_archive **ret_archive, const char *state_folder, struct xn_error *err);
void xn_archive_close(struct xn_archive *archive);

/* In the order in which they were frozen. */
int xn_archive_list(struct xn_archive *archive,
    int (*each)(const struct xn_archive_row *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err);
/* The newest revision of what begins with `id` ("SITE/KIND/PERIOD"); XN_ENOTFOUND. */
int xn_archive_newest(struct xn_archive *archive, const char *id, struct xn_archive_row *ret_row,
    struct xn_error *err);
/* The SHA-256 of the last manifest in the chain; "" if there is none. */
int xn_archive_last(
    struct xn_archive *archive, char ret_sha256[XN_SHA256_TEXT_SIZE], struct xn_error *err);
/* row->seq is not read. */
int xn_archive_add(struct xn_archive *archive, const struct xn_archive_row *row,
    const char *manifest, const void *signature, size_t signature_size, struct xn_error *err);
/* XN_ENOTFOUND; XN_EREFUSED: it is filed already. */
int xn_archive_file(struct xn_archive *archive, const char *id, const char *reference,
    struct xn_archive_row *ret_row, struct xn_error *err);

/* ---- schedules ---- */

struct xn_schedule_row {
	int64_t id;
	char kind[XN_NAME_SIZE]; /* or "all", "open-data" */
	char every[16];          /* month, quarter, year: of the one before */
	int day;                 /* of the month: 1..28 */
	int minute;              /* of the day, site time */
	char formats[64];        /* "csv,pdf" */
	char languages[16];      /* "vi,en" */
	char folder[512];
	bool freeze;
	char done[XN_PERIOD_NAME_SIZE]; /* the last period that was made; "" */
	char problem[XN_SENTENCE_SIZE]; /* of the last try; "" */
};

int xn_archive_schedules(struct xn_archive *archive,
    int (*each)(const struct xn_schedule_row *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err);
int xn_archive_schedule_add(struct xn_archive *archive, const struct xn_schedule_row *row,
    int64_t *ret_id, struct xn_error *err);
int xn_archive_schedule_remove(struct xn_archive *archive, int64_t id, struct xn_error *err);
int xn_archive_schedule_done(struct xn_archive *archive, int64_t id, const char *period,
    const char *problem, struct xn_error *err);

#endif
