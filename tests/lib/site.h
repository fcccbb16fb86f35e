/*
 * Site: a world and its orchestrator. A shell as xanhd's, in miniature, around the real core:
 * frames are taken once, facts are journalled and committed before they are stepped, requests leave
 * only after that, and a crash forgets whatever was not committed. Truth and core are compared
 * after every second.
 *
 * The invariants (numbers of knowledge: failure model, section 3) are in check.c.
 */
#ifndef XN_TESTS_LIB_SITE_H
#define XN_TESTS_LIB_SITE_H

#include <stdio.h>

#include "tests/lib/world.h"

/* Seeded mistakes of the shell, to prove that the checks are not blind (--break NAME). */
enum sim_break {
	BREAK_NOTHING,
	BREAK_TWICE,  /* sends a migration twice: I7 */
	BREAK_RESUME, /* resumes what should be destroyed: I4 */
	BREAK_STALE,  /* tells old readings as if they were new: I6 */
	BREAK_FORGET, /* acknowledges frames before they are durable: I13 */
	BREAK_LEDGER, /* loses a joule: the ledger's balance */
};

#define SITE_LEDGER_MAX   65536
#define SITE_REQUESTS_MAX 65536

struct site_row {
	xn_instant start;
	enum xn_account account;
	uint32_t subject;
	int64_t mj;
	uint64_t revision; /* the step that corrected; 0: the first closing */
	bool person;       /* ... and it was a person's */
};

struct site {
	struct world world;
	enum sim_break broken;
	bool people; /* operators ask for things at random; in a story the test does */
	FILE *trace; /* NULL: silent */
	xn_instant began;
	struct xn_arena life, scratch, policies;
	struct xn_core *core;
	struct xn_actions *actions;
	struct dice dice; /* of the shell: crashes, deliveries, people */

	/* The disk: what survives a crash. */
	uint8_t *journal;
	size_t journal_used, journal_size;
	uint8_t *snapshot;
	size_t snapshot_used, snapshot_at; /* journal offset it stands for */
	uint64_t snapshot_steps;
	uint64_t seen[WORLD_RACKS + 1]; /* highest sequence committed, by agent */
	struct site_row *ledger;
	uint32_t ledger_count;

	/* Memory: what a crash forgets. */
	struct xn_event *pending;
	uint32_t pending_count;
	uint64_t pending_seen[WORLD_RACKS + 1];
	xn_instant retry[WORLD_RACKS + 1]; /* an agent waits until then */
	bool told_full;
	uint64_t steps; /* of the journal, stepped */
	bool replaying;

	/* What the checks remember. */
	uint64_t *requests; /* every request to a hypervisor ever sent */
	uint32_t request_count;
	xn_instant
	    delivered[WORLD_METERS]; /* newest good reading of a meter that the core was told */
	xn_power delivered_power[WORLD_METERS];
	int64_t booked[WORLD_METERS];
	uint64_t hash; /* of every event and action: same seed, same hash */
	uint32_t moves, crashes;
	char failure[256]; /* the first broken invariant */
};

/*
 * A story: a site whose racks, hosts and VMs were added to site->world (world_begin) by a test,
 * told in `trace`. Begin, then let seconds pass and people ask.
 */
void site_begin(struct site *site, const char *policy, enum sim_break broken, FILE *trace);
void site_pass(struct site *site, int seconds);
void site_command(struct site *site, enum xn_verb verb, const char *subject);
void site_crash(struct site *site);

/* Lives one seed through its faults and then in calm. False: site->failure says which invariant
 * broke. */
bool site_live(struct site *site, uint64_t seed, int minutes, enum sim_break broken, FILE *trace);
void site_free(struct site *site);

/* check.c */
void check_fail(struct site *site, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_action(struct site *site, const struct xn_action *action);
void check_second(struct site *site);
void check_calm(struct site *site);
void check_ledger(struct site *site);

#endif
