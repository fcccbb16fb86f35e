/*
 * Store: what survives a restart. The journal of facts, snapshots of the core, the high-water mark
 * of every agent, the ledger, alarm history, operations sent to hypervisors, policies and the audit
 * trail. This header is the seam: SQLite (WAL, synchronous=FULL) stands behind it; another engine
 * is another set of files that implements it.
 *
 * Owns its folder's state.db and ballast. Invariants: (1) what xn_store_commit returned XN_OK for
 * survives a crash and a power cut; (2) journal sequences rise by one; (3) an audit row holds the
 * SHA-256 of itself and the row before, and is never changed or deleted; (4) writing a ledger row,
 * a mark or a schema again changes nothing but to the same or a later value, so that replay is
 * safe.
 *
 * Errors: XN_EFULL when the disk is full (the transaction is then to be rolled back), XN_ESYSTEM.
 */
#ifndef XN_SHELL_STORE_H
#define XN_SHELL_STORE_H

#include <stddef.h>

#include "common/error.h"
#include "orchestrator/books/books.h"

struct xn_store;

/*
 * Opens or creates the store in `folder`. A file that is no database any more is set aside as
 * state.db.corrupt-N and a new one begun; *ret_quarantined tells.
 */
int xn_store_open(
    struct xn_store **ret_store, const char *folder, bool *ret_quarantined, struct xn_error *err);
void xn_store_close(struct xn_store *store);

/* Everything written between the two is durable together or not at all. */
int xn_store_begin(struct xn_store *store, struct xn_error *err);
int xn_store_commit(struct xn_store *store, struct xn_error *err);
void xn_store_rollback(struct xn_store *store);

/* ---- the journal and snapshots ---- */

struct xn_journal_row {
	int64_t seq;
	xn_instant at;
	int kind;          /* enum xn_event_kind */
	const char *agent; /* that told it; "" */
	uint64_t frame;    /* sequence of the agent's frame; 0 */
	const void *body;  /* the encoded event */
	size_t size;
};

/* Appends; row->seq is not read. */
int xn_store_journal(struct xn_store *store, const struct xn_journal_row *row, int64_t *ret_seq,
    struct xn_error *err);

/* Every row after `seq`, in order, until `each` returns other than XN_OK. */
int xn_store_replay(struct xn_store *store, int64_t seq,
    int (*each)(const struct xn_journal_row *row, void *context, struct xn_error *err),
    void *context, struct xn_error *err);

/* The core as it was after journal row `seq`; older snapshots than the last two go, as do journal
 * rows before `keep_from` that both snapshots contain. */
int xn_store_snapshot(struct xn_store *store, int64_t seq, xn_instant at, const void *body,
    size_t size, xn_instant keep_from, struct xn_error *err);

/* The newest snapshot before row `before` (INT64_MAX: the newest), malloc'ed; XN_ENOTFOUND. */
int xn_store_snapshot_read(struct xn_store *store, int64_t before, int64_t *ret_seq,
    void **ret_body, size_t *ret_size, struct xn_error *err);

/* ---- agents ---- */

/* The highest durable frame of this agent and boot; 0 if there is none. */
uint64_t xn_store_mark_of(struct xn_store *store, const char *agent, uint64_t boot);
int xn_store_mark(struct xn_store *store, const char *agent, uint64_t boot, uint64_t sequence,
    struct xn_error *err);

/* The points of a hello, as text. Read: malloc'ed; NULL if unknown. */
int xn_store_schema(struct xn_store *store, const char *agent, uint32_t schema, const char *text,
    struct xn_error *err);
char *xn_store_schema_of(struct xn_store *store, const char *agent, uint32_t schema);

/* ---- rows that actions leave ---- */

int xn_store_alarm(
    struct xn_store *store, xn_instant at, const struct xn_action *alarm, struct xn_error *err);

/* An operation about to be sent to a hypervisor, and later its outcome. */
int xn_store_op(
    struct xn_store *store, xn_instant at, const struct xn_action *action, struct xn_error *err);
int xn_store_op_done(struct xn_store *store, xn_instant at, uint64_t request,
    enum xn_virt_outcome outcome, const char *text, struct xn_error *err);

int xn_store_policy(struct xn_store *store, xn_instant at, const char *name, const char *actor,
    const void *text, size_t size, struct xn_error *err);

/* The text that was stored last, malloc'ed; NULL if there is none. */
char *xn_store_policy_of(struct xn_store *store);
/* The highest request that an operation had; 0. Requests are never used twice. */
uint64_t xn_store_op_last(struct xn_store *store);

/* ---- the books (orchestrator/books/books.h reads them) ---- */

/* Days that intervals of VM, HOST and METER and gauges are kept; their sums stay. */
#define XN_STORE_DETAIL_DAYS 400

/* What the site is now. Called once at start, before anything is booked: months are of its time,
 * and the ledger of an older file is taken over. Not within a transaction. */
int xn_store_site(struct xn_store *store, const struct xn_books_site *site, struct xn_error *err);

/* Books an entry; `seq` is the journal row that caused it, the revision of a correction. */
int xn_store_ledger(struct xn_store *store, int64_t seq, xn_instant at, const struct xn_action *row,
    struct xn_error *err);

/* Drops at most `rows` of each kind that is too old. */
int xn_store_prune(struct xn_store *store, xn_instant now, uint32_t rows, uint32_t *ret_pruned,
    struct xn_error *err);

int xn_store_gauge(struct xn_store *store, enum xn_gauge gauge, const struct xn_books_gauge *row,
    struct xn_error *err);
/* Writes a meter's facts in place of the older ones; `first` and `last` are not read. */
int xn_store_meter(
    struct xn_store *store, const struct xn_books_meter *meter, struct xn_error *err);
/* Its revision is the next number. */
int xn_store_activity(struct xn_store *store, xn_instant at, const struct xn_books_activity *row,
    struct xn_error *err);
int xn_store_energy_plan(struct xn_store *store, xn_instant at, const char *name, const char *actor,
    xn_instant from, xn_instant to, const char *text, struct xn_error *err);

/* ---- audit ---- */

int xn_store_audit(struct xn_store *store, xn_instant at, const char *actor, const char *action,
    const char *body, struct xn_error *err);

/* Walks the chain. XN_EINVALID names the first row that does not fit. */
int xn_store_audit_verify(struct xn_store *store, int64_t *ret_rows, struct xn_error *err);

/* ---- small facts: "site", "fingerprint" ---- */

int xn_store_meta(struct xn_store *store, const char *key, const char *value, struct xn_error *err);
/* malloc'ed; NULL if unset. */
char *xn_store_meta_of(struct xn_store *store, const char *key);

/* ---- room on the disk ---- */

/* Bytes that are free beside the store. */
uint64_t xn_store_room(const struct xn_store *store);
/* The ballast: bytes kept in reserve and given up when the disk is full. */
uint64_t xn_store_ballast(const struct xn_store *store);
void xn_store_ballast_drop(struct xn_store *store);
bool xn_store_ballast_take(struct xn_store *store);

#endif
