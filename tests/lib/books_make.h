/*
 * Books for a test: a state folder's state.db, written by the store as xanhd writes it, one
 * transaction at a time. Failures to write are the test's.
 *
 *     struct books_make make;
 *
 *     books_make_open(&make, NULL, NULL);
 *     books_make_entry(&make, &(struct books_make_entry){
 *         .start = books_make_at("2026-11-25T00:00"), .account = XN_ACCOUNT_GRID, .energy_mj = 9});
 *     books = books_make_read(&make);     commits what is there and opens it
 *     ...
 *     books_make_close(&make);            the reader too
 */
#ifndef XN_TESTS_LIB_BOOKS_MAKE_H
#define XN_TESTS_LIB_BOOKS_MAKE_H

#include "orchestrator/books/books.h"
#include "orchestrator/shell/store.h"

struct books_make {
	char folder[4096];
	bool own; /* the folder: goes with the books */
	struct xn_books_site site;
	struct xn_store *store; /* in a transaction; its functions may be used beside those here */
	struct xn_books *books; /* of books_make_read */
};

struct books_make_entry {
	xn_instant start, end; /* end 0: an interval of the site later */
	enum xn_account account;
	const char *name; /* NULL: the site */
	const char *uuid, *platform, *agency;
	int64_t energy_mj, overhead_mj, estimated_mj;
	int64_t covered_ms, span_ms; /* span 0: measured from start to end */
	enum xn_grade grade;         /* NONE: MEASURED, or ESTIMATED if some of it is */
	uint32_t events;
	int64_t revision; /* > 0: a correction */
	const char *author, *reason;
};

/* `folder` NULL: one of its own below /tmp; `site` NULL: dc-test, +07:00, 30 minutes. */
void books_make_open(struct books_make *make, const char *folder, const struct xn_books_site *site);
void books_make_entry(struct books_make *make, const struct books_make_entry *entry);
/* The same again, `count` intervals one after the other. */
void books_make_entries(
    struct books_make *make, const struct books_make_entry *entry, unsigned count);
void books_make_commit(struct books_make *make);
struct xn_books *books_make_read(struct books_make *make);
void books_make_close(struct books_make *make);

/* "2026-11-25" or "2026-11-25T14:30" in +07:00. */
xn_instant books_make_at(const char *text);

#endif
