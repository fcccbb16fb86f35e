/*
 * Language: a compiled policy from the inside. Only policies/ looks in here; others ask policy.h.
 */
#ifndef XN_POLICIES_LANGUAGE_H
#define XN_POLICIES_LANGUAGE_H

#include "policies/policy.h"
#include "policies/terms.h"

struct xn_clause {
	const struct xn_constraint *constraint;
	struct xn_terms terms;
};

enum xn_level_hosts { XN_LEVEL_SHARED, XN_LEVEL_SEPARATED, XN_LEVEL_DEDICATED };
enum xn_level_migrate { XN_MIGRATE_ANY, XN_MIGRATE_TLS_ONLY, XN_MIGRATE_NEVER };

struct xn_level {
	unsigned levels;
	enum xn_level_hosts hosts;
	bool has_racks;
	struct xn_select racks;
	enum xn_level_migrate migrate;
};

enum xn_objective { XN_MINIMISE_ENERGY, XN_MINIMISE_CARBON, XN_MINIMISE_COST, XN_MINIMISE_MOVES };
#define XN_OBJECTIVES 4

/* Local time; days are since 1970-01-01, minutes of the day. A window has hours, dates or both. */
struct xn_freeze {
	bool has_hours;
	int start_minute, end_minute;
	unsigned days; /* bit 0 is Monday */
	bool has_dates;
	int64_t first_day, last_day;
	const char *why;
};

struct xn_moves_limits {
	int64_t per_hour; /* -1: no limit */
	int64_t at_once;
	int64_t per_vm; /* -1: no limit */
	xn_energy min_saving;
	xn_duration horizon;
	struct xn_freeze *freezes;
	unsigned freeze_count;
};

struct xn_policy {
	const struct xn_source *source;
	const char *name;
	enum xn_policy_mode mode;
	struct xn_words clusters;
	struct xn_clause *clauses;
	unsigned clause_count;
	struct xn_level *levels;
	unsigned level_count;
	int64_t weights[XN_OBJECTIVES]; /* in thousandths */
	struct xn_moves_limits moves;
	bool has_power_off;
	xn_duration idle_for;
	int64_t keep_spare_hosts;
	struct xn_select sleepers;
	unsigned deferrable_count;
};

/* Reads `moves` and `deferrable` (windows.c). */
void xn_policy_read_moves(struct xn_arena *arena, const struct xn_yaml *node,
    struct xn_problems *problems, struct xn_moves_limits *moves);
void xn_policy_read_deferrable(struct xn_arena *arena, const struct xn_yaml *node,
    struct xn_problems *problems, unsigned *ret_count);

/* Whether `now` is inside a freeze; the window, or NULL. */
const struct xn_freeze *xn_policy_frozen(
    const struct xn_policy *policy, xn_instant now, int utc_offset_s);

#endif
