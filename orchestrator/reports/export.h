/*
 * Export: a report's files and the evidence beside them, and the life of a report: a draft is made
 * of the books as they are; freezing keeps every format in STATE/reports/KIND/PERIOD/rN with a
 * signed manifest that names the one before it; filing notes where it was handed in. What is frozen
 * is never written again: newer data make revision N+1, with a table of the differences.
 *
 * Invariants: (1) an export of a frozen period is a copy of the frozen bytes; (2) one freeze at a
 * time (a lock), so the chain has no branches; (3) a folder rN is complete or not there.
 */
#ifndef XN_REPORTS_EXPORT_H
#define XN_REPORTS_EXPORT_H

#include "orchestrator/reports/archive.h"
#include "orchestrator/reports/reports.h"

/* What a person asked for. */
struct xn_export {
	const char *state;        /* folder */
	struct xn_signer *signer; /* NULL: not signed */
	struct xn_report_order order;
	enum xn_report_format format;
	enum xn_language language;
	const char *table; /* of CSV: which one; NULL: the first */
	bool draft;        /* the books as they are, although the period is frozen */
	void (*progress)(void *context, const char *what); /* NULL */
	void *context;
};

/* The file's bytes, malloc'ed; no evidence. */
int xn_export_bytes(struct xn_books *books, const struct xn_export *export, char **ret_bytes,
    size_t *ret_size, struct xn_error *err);

/* Writes `path` and beside it the manifest, signature and sums, and of CSV the metadata. */
int xn_export_file(
    struct xn_books *books, const struct xn_export *export, const char *path, struct xn_error *err);

/* Freezes the period. XN_EREFUSED: it is not over. *ret_new is false when the newest revision still
 * says what the books say; ret_row is then that one. */
int xn_export_freeze(struct xn_books *books, const struct xn_export *export, xn_instant now,
    const char *actor, struct xn_archive_row *ret_row, bool *ret_new, struct xn_error *err);

/* Manifest, signature and sums of the files that are in the manifest; `stem` NULL: those of the
 * whole folder. Fills manifest->signer. ret_sha256 (may be NULL) is the manifest's. */
int xn_evidence_seal(struct xn_manifest *manifest, const char *folder, const char *stem,
    struct xn_signer *signer, char ret_sha256[XN_SHA256_TEXT_SIZE], struct xn_error *err);

/* The manifest of a document, without files. */
void xn_export_manifest(const struct xn_document *document, const char *config,
    const char *language, struct xn_manifest *ret_manifest);

#endif
