/*
 * Schema: the tables of the books in state.db, in one place for who writes them
 * (orchestrator/shell/store_ledger.c) and who reads them (orchestrator/books/books.c). Instants are
 * milliseconds since 1970, amounts as in struct xn_amount.
 *
 *   holder    what an entry is booked to, numbered once: account, name, and of a VM its UUID,
 *             platform and agency. A VM that changes one of them is another holder, so an old
 *             month keeps the platform it was booked to.
 *   entry     an interval of what stays for ever (site, racks, platforms, agencies); by holder,
 *             because it is asked for over long times.
 *   detail    an interval of what is pruned (VM, HOST, METER; XN_BOOKS_DETAIL); by time, because
 *             each interval writes and each pruning deletes all of them.
 *   interval  every interval that has entries.
 *   day       sums of a holder's intervals of `detail` in a day of site time, per revision.
 *   month     sums of a holder's intervals in a month of site time, per revision.
 *   total     sums of an account's holders in an interval, per revision.
 *
 * Invariants: (1) rows of entry and detail are only added, day, month and total are their sums at
 * every commit; month and total stay when detail and day are pruned; (2) a row belongs to one
 * revision, so that an older answer can be repeated exactly: corrections (revision > 0) are rows of
 * their own in all.
 */
#ifndef XN_BOOKS_SCHEMA_H
#define XN_BOOKS_SCHEMA_H

#include "orchestrator/core/action.h"

/* PRAGMA user_version: 1 had the table `ledger`. */
#define XN_BOOKS_VERSION 2

/* The accounts of `detail`. */
#define XN_BOOKS_DETAIL                                                                            \
	(XN_ACCOUNT_BIT(XN_ACCOUNT_VM) | XN_ACCOUNT_BIT(XN_ACCOUNT_HOST) |                         \
	    XN_ACCOUNT_BIT(XN_ACCOUNT_METER))

#define XN_BOOKS_SUMS                                                                              \
	" energy_mj INTEGER NOT NULL, overhead_mj INTEGER NOT NULL,"                               \
	" estimated_mj INTEGER NOT NULL, covered_ms INTEGER NOT NULL, span_ms INTEGER NOT NULL,"   \
	" grades INTEGER NOT NULL, events INTEGER NOT NULL,"

/* `grades` has a bit for each enum xn_grade that occurs. */
#define XN_BOOKS_SCHEMA                                                                            \
	"CREATE TABLE IF NOT EXISTS holder(id INTEGER PRIMARY KEY, account INTEGER NOT NULL,"      \
	" name TEXT NOT NULL, subject TEXT NOT NULL, platform TEXT NOT NULL, agency TEXT NOT "     \
	"NULL,"                                                                                    \
	" UNIQUE(account, name, subject, platform, agency)) STRICT;"                               \
	"CREATE TABLE IF NOT EXISTS interval(start_ms INTEGER PRIMARY KEY,"                        \
	" end_ms INTEGER NOT NULL) STRICT;"                                                        \
	"CREATE TABLE IF NOT EXISTS entry(holder INTEGER NOT NULL, start_ms INTEGER NOT NULL,"     \
	" revision INTEGER NOT NULL," XN_BOOKS_SUMS                                                \
	" PRIMARY KEY(holder, start_ms, revision)) STRICT, WITHOUT ROWID;"                         \
	"CREATE TABLE IF NOT EXISTS detail(start_ms INTEGER NOT NULL, holder INTEGER NOT NULL,"    \
	" revision INTEGER NOT NULL," XN_BOOKS_SUMS                                                \
	" PRIMARY KEY(start_ms, holder, revision)) STRICT, WITHOUT ROWID;"                         \
	"CREATE TABLE IF NOT EXISTS day(day_ms INTEGER NOT NULL, holder INTEGER NOT NULL,"         \
	" revision INTEGER NOT NULL," XN_BOOKS_SUMS                                                \
	" PRIMARY KEY(day_ms, holder, revision)) STRICT, WITHOUT ROWID;"                           \
	"CREATE TABLE IF NOT EXISTS month(month_ms INTEGER NOT NULL, holder INTEGER NOT NULL,"     \
	" revision INTEGER NOT NULL," XN_BOOKS_SUMS                                                \
	" PRIMARY KEY(month_ms, holder, revision)) STRICT, WITHOUT ROWID;"                         \
	"CREATE TABLE IF NOT EXISTS total(account INTEGER NOT NULL, start_ms INTEGER NOT NULL,"    \
	" revision INTEGER NOT NULL," XN_BOOKS_SUMS                                                \
	" PRIMARY KEY(account, start_ms, revision)) STRICT, WITHOUT ROWID;"                        \
	"CREATE TABLE IF NOT EXISTS correction(revision INTEGER PRIMARY KEY,"                      \
	" at_ms INTEGER NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL,"                     \
	" evidence TEXT NOT NULL) STRICT;"                                                         \
	"CREATE TABLE IF NOT EXISTS gauge(kind INTEGER NOT NULL, start_ms INTEGER NOT NULL,"       \
	" name TEXT NOT NULL, end_ms INTEGER NOT NULL, mean INTEGER NOT NULL,"                     \
	" min INTEGER NOT NULL, max INTEGER NOT NULL, samples INTEGER NOT NULL,"                   \
	" PRIMARY KEY(kind, start_ms, name)) STRICT, WITHOUT ROWID;"                               \
	"CREATE TABLE IF NOT EXISTS meter(name TEXT PRIMARY KEY, role INTEGER NOT NULL,"           \
	" rack TEXT NOT NULL, host TEXT NOT NULL, feed TEXT NOT NULL,"                             \
	" accuracy_ppm INTEGER NOT NULL, transformer_ppm INTEGER NOT NULL,"                        \
	" calibrated TEXT NOT NULL, certificate TEXT NOT NULL) STRICT, WITHOUT ROWID;"             \
	"CREATE TABLE IF NOT EXISTS activity(revision INTEGER PRIMARY KEY, at_ms INTEGER NOT "     \
	"NULL,"                                                                                    \
	" kind TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,"                 \
	" milli INTEGER NOT NULL, about TEXT NOT NULL, author TEXT NOT NULL,"                      \
	" evidence TEXT NOT NULL) STRICT;"                                                         \
	"CREATE INDEX IF NOT EXISTS activity_start ON activity(start_ms, kind, end_ms, about);"    \
	"CREATE TABLE IF NOT EXISTS energy_plan(seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"  \
	" name TEXT NOT NULL, actor TEXT NOT NULL, from_ms INTEGER NOT NULL,"                      \
	" to_ms INTEGER NOT NULL, text TEXT NOT NULL) STRICT;"

/* What was frozen (orchestrator/reports/archive.c), and what is made by the clock. */
#define XN_BOOKS_REPORT_SCHEMA                                                                     \
	"CREATE TABLE IF NOT EXISTS report(seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"      \
	" kind TEXT NOT NULL, period TEXT NOT NULL, revision INTEGER NOT NULL,"                    \
	" state TEXT NOT NULL CHECK(state IN ('frozen', 'filed')), as_of INTEGER NOT NULL,"        \
	" slice TEXT NOT NULL, config TEXT NOT NULL, sha256 TEXT NOT NULL, manifest TEXT NOT "     \
	"NULL,"                                                                                    \
	" signature BLOB, made_ms INTEGER NOT NULL, actor TEXT NOT NULL,"                          \
	" reference TEXT NOT NULL) STRICT;"                                                        \
	"CREATE TABLE IF NOT EXISTS report_schedule(id INTEGER PRIMARY KEY, kind TEXT NOT NULL,"   \
	" every TEXT NOT NULL, day INTEGER NOT NULL, minute INTEGER NOT NULL,"                     \
	" formats TEXT NOT NULL, languages TEXT NOT NULL, folder TEXT NOT NULL,"                   \
	" freeze INTEGER NOT NULL, done TEXT NOT NULL, problem TEXT NOT NULL) STRICT;"

/* Keys of the table `meta` that say what the site is (struct xn_books_site). */
#define XN_BOOKS_META_NAME     "site"
#define XN_BOOKS_META_TITLE_VI "site.title.vi"
#define XN_BOOKS_META_TITLE_EN "site.title.en"
#define XN_BOOKS_META_TIMEZONE "site.timezone"
#define XN_BOOKS_META_OFFSET   "site.utc_offset_s"
#define XN_BOOKS_META_INTERVAL "site.interval_ms"

#endif
