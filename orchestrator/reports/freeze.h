/*
 * Frozen: the folder of a revision, STATE/reports/KIND/PERIOD/rN, and what is read of it. Only
 * reports' own files include this.
 */
#ifndef XN_REPORTS_FREEZE_H
#define XN_REPORTS_FREEZE_H

#include "orchestrator/reports/export.h"

#define XN_FROZEN_BYTES ((size_t)1 << 30)
/* Room for a path; folders of states and of exports are shorter. */
#define XN_REPORT_PATH  2048

struct xn_frozen {
	struct xn_archive_row row;
	char folder[1536];
	char stem[256]; /* "site-energy-2026-11": files are named after it */
};

/* The newest revision of what is asked for; XN_ENOTFOUND. */
int xn_frozen_find(struct xn_archive *archive, struct xn_books *books,
    const struct xn_export *export, struct xn_frozen *ret_frozen, struct xn_error *err);

/* "STEM.csv", "STEM-vms.csv", "STEM-vi.pdf" */
void xn_frozen_name(const struct xn_frozen *frozen, enum xn_report_format format,
    enum xn_language language, const char *table, char *ret_name, size_t size);

int xn_frozen_path(const struct xn_frozen *frozen, const struct xn_export *export,
    char ret_path[XN_REPORT_PATH], struct xn_error *err);

/* The file and its evidence, as they were frozen, to `path`. */
int xn_frozen_copy(const struct xn_frozen *frozen, const struct xn_export *export, const char *path,
    struct xn_error *err);

/* difference.c: adds a table of what changed since the revision before to the document. XN_OK also
 * when there is nothing to compare with. */
int xn_frozen_compare(
    const struct xn_frozen *before, struct xn_document *document, struct xn_error *err);

#endif
