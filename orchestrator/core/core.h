/*
 * Core: every decision of Xanh, as a pure function over its own state. It is told the time, told
 * what happened, and answers with what it would like done. No clock, no I/O, no threads, no
 * floating point in state; memory only from the arenas handed in. The daemon, the what-if planner
 * and the simulator link the same object code (`make layers` proves it is pure).
 *
 * Invariants, checked after every step:
 *   (1) time never runs back;
 *   (2) a VM is in at most one move; both hosts reserve its resources until the move ends;
 *   (3) at most one plan is running; a plan's steps start only after those they depend on are done;
 *   (4) in hold (stale data, disk full, paused) no new move starts;
 *   (5) the watts of a host's VMs and its own remainder sum exactly to its outlets;
 *   (6) a closed interval of the ledger sums to zero;
 *   (7) a VM that runs on two hosts is an alarm, and nothing but curing it is done to it.
 */
#ifndef XN_CORE_CORE_H
#define XN_CORE_CORE_H

#include "common/arena.h"
#include "orchestrator/core/action.h"
#include "orchestrator/core/event.h"
#include "orchestrator/core/meter.h"
#include "policies/place.h"

/* ---- sums ---- */

/* What was booked in one interval. */
struct xn_tally {
	xn_energy energy, estimated;
	xn_duration covered;
	enum xn_grade grade; /* the worst */
	uint32_t events;     /* enum xn_meter_event */
};

/* Intervals that have sums: the one that began last, the one before it while readings of it may
 * still come, and the one that is being closed. They take turns. */
#define XN_SLOTS 3

/* An estimate that something measured takes the place of. */
struct xn_instead {
	xn_energy energy;
	xn_energy estimated; /* of it, in the host's own row */
};

/* Estimates of an outlet in intervals that follow each other (ledger_estimate.h). */
struct xn_owed {
	xn_instant start, end;
	struct xn_instead left;
	xn_duration missing; /* that they stand for */
};

/* What is to be added to closed intervals of one meter, evenly over [start, end). */
struct xn_late {
	xn_instant start, end;
	struct xn_tally tally; /* all zero: nothing is */
	struct xn_instead instead;
	xn_instant touched; /* when something was added last */
};

/* Energy carried to those who take from it in turn, each by its part of `base`, exactly. */
struct xn_pool {
	xn_energy total;
	xn_energy base;
	xn_energy seen;  /* of base, so far */
	xn_energy given; /* of total */
};

/* ---- telemetry: latest values and the booking of each meter ---- */

struct xn_meter {
	enum xn_quality quality; /* ABSENT until the first value; STALE by age */
	bool has_power, has_energy;
	xn_power power;
	xn_temperature temperature;
	xn_instant at;                 /* of the last reading with a value */
	struct xn_meter_state booking; /* meter.h */
	xn_energy booked;              /* since the core began; never falls */
	/* What flows back through a source: a battery that charges, a grid that is fed. */
	bool has_back;
	xn_power back; /* <= 0, at back_at */
	xn_instant back_at;
	xn_energy returned;              /* since the core began; <= 0, never rises */
	struct xn_tally slots[XN_SLOTS]; /* ledger.h */
	struct xn_late late;             /* of intervals that are closed, to be corrected */
	xn_energy estimate;              /* of an outlet, in the interval that is being closed */
	struct xn_owed owed;
	struct xn_pool zone;   /* of a cooling meter: carried to the racks that name it */
	uint32_t next_of_host; /* outlets of one host, and all meters of one rack, are chains */
	uint32_t next_of_rack;
};

struct xn_rack {
	uint32_t first_meter;
	bool lost;                   /* a meter of it is older than topology->lost */
	bool hold_told;              /* a note said that it holds */
	char hold[XN_SENTENCE_SIZE]; /* why it holds; empty: it does not */
};

/* What readings say of a host beside its plate (curve.h). */
struct xn_curve_fit {
	uint32_t readings; /* as far as they are counted */
	int64_t used_ppm;  /* CPU of the host in the last minutes, and mW above the plate there */
	int64_t above_mw;
	int64_t mean_ppm; /* the same in the last hours */
	int64_t mean_mw;
	int64_t spread;  /* sum of squares of the CPU's moves around mean_ppm: ppm^2 */
	int64_t product; /* ... and of them with the moves of the watts: ppm x mW */
};

/* ---- inventory: hosts and the VMs on them ---- */

struct xn_host {
	bool up;
	bool listed;  /* its list has been read since it came up */
	bool drained; /* a person asked for it to be emptied */
	uint32_t cpus;
	uint64_t memory_mib;
	xn_instant listed_at;
	xn_instant down_since;         /* of one that is not up */
	xn_instant split_asked;        /* when it was last asked because a VM seemed to run twice */
	xn_power power;                /* sum of its outlets */
	enum xn_quality power_quality; /* of the worst outlet */
	xn_power curve[11];            /* learned watts at 0..100 % CPU, in steps of 10 */
	uint32_t curve_weight[11];     /* readings there, as far as they are counted */
	struct xn_curve_fit curve_fit; /* what it is made of */
	xn_power curve_spread;    /* how far readings lie from the curve, on the whole (curve.h) */
	xn_instant strange_since; /* readings in a row that are far from those before; ms 0: none */
	uint32_t strange_count;
	xn_power strange;                /* by how much the newest one is */
	int64_t used_millicores;         /* by its domains, last interval */
	int64_t steady_millicores;       /* the same when its curve was last to learn */
	xn_power remainder;              /* of its power that belongs to no VM */
	struct xn_tally slots[XN_SLOTS]; /* the remainder's energy */
	xn_energy expected[XN_SLOTS];    /* what its curve says it draws */
	uint32_t first_meter;            /* of its outlets */
	uint32_t first_vm;               /* of the VMs it owns */
	uint32_t first_copy;             /* of the copies it holds */
};

/* One copy of a VM on one host: what that host said last. */
struct xn_copy {
	uint32_t host; /* XN_NONE: this place is free */
	enum xn_vm_state state;
	bool seen;             /* in the list that is being read */
	uint32_t next_of_host; /* next copy on the same host: VM x XN_COPIES_MAX + its place */
	uint64_t cpu_ns;
	xn_instant cpu_at; /* ms 0: no load was heard yet */
};

#define XN_COPIES_MAX 3 /* the two ends of a move, and one that should not be */

struct xn_vm {
	bool known;
	xn_uuid uuid;
	struct xn_vm_facts facts;
	uint32_t host; /* that owns it: where it runs, or ran last; XN_NONE: nowhere */
	struct xn_copy copies[XN_COPIES_MAX];
	int64_t used_millicores;
	int64_t p95_millicores;
	xn_power power;   /* its share of its host's outlets */
	xn_energy energy; /* since the core began */
	struct xn_tally slots[XN_SLOTS];
	uint32_t closing_host; /* its owner when the interval ended */
	uint32_t next_of_host; /* next VM of the same owner */
	uint32_t failures;     /* moves of it that failed in a row; 3 pin it until a person acks */
	xn_instant split_at;   /* when two running copies were first seen; ms 0: one at most */
	bool split;            /* ... and lists of both hosts since then agree */
	uint32_t moves_today;
	int64_t moves_day;
	uint64_t generation; /* rises with every act on it */
	uint32_t note;       /* number of its newest note, for `xanh vm why`; XN_NONE */
};

/* ---- moves: the migration machine (migrate.h) ---- */

enum xn_move_phase {
	XN_MOVE_NONE = 0,
	XN_MOVE_COPY,    /* asked; the hypervisors are at work */
	XN_MOVE_SWITCH,  /* arrived paused: asked to resume on the target */
	XN_MOVE_VERIFY,  /* both hosts are being re-read */
	XN_MOVE_UNKNOWN, /* outcome unknown: waiting for the lists of both hosts */
	XN_MOVE_CURE,    /* a left-over copy is being destroyed, or the one true copy resumed */
};

#define XN_MOVES_MAX 16 /* in flight at one time, over the whole site */

struct xn_move {
	enum xn_move_phase phase;
	uint32_t vm;
	uint32_t from, to; /* hosts */
	uint32_t step;     /* of the running plan; XN_NONE: of no plan any more */
	uint64_t request;  /* that is open; 0 */
	xn_instant started;
	xn_instant deadline; /* of the phase: when something is done if nothing was heard */
	xn_instant overdue;  /* of the whole move: then the job is aborted and an alarm raised */
	bool is_overdue;
	xn_instant asked_lists_at;
	bool listed_from, listed_to; /* since asked_lists_at */
	uint8_t verdict; /* of the last pair of lists (migrate.c), and how often in a row */
	uint8_t verdict_count;
	uint32_t cures;   /* that were tried */
	bool ok_reported; /* the migrate call returned success: the source is gone */
	bool failed;
	char why[XN_SENTENCE_SIZE];
};

/* ---- plans: propose -> approve -> apply -> done (plan.h) ---- */

enum xn_plan_state {
	XN_PLAN_NONE = 0,
	XN_PLAN_PROPOSED,
	XN_PLAN_APPROVED,
	XN_PLAN_RUNNING,
	XN_PLAN_DONE,
	XN_PLAN_STOPPED, /* a guard, a failure or drift stopped it; `why` says which */
	XN_PLAN_ABORTED, /* by a person */
	XN_PLAN_SUPERSEDED,
};

enum xn_step_state { XN_STEP_WAITING, XN_STEP_STARTED, XN_STEP_DONE, XN_STEP_FAILED };

struct xn_plan_step {
	uint32_t number;
	xn_uuid uuid; /* of the VM: its place may be given to another one */
	uint32_t vm, from, to;
	uint32_t after[8];
	uint32_t after_count;
	enum xn_step_state state;
	xn_power saves;
	xn_instant started, ended;
	char reason[XN_SENTENCE_SIZE];
};

struct xn_plan {
	enum xn_plan_state state;
	char id[XN_NAME_SIZE];
	uint64_t seed;
	xn_instant made, approved, started, ended;
	char actor[XN_NAME_SIZE]; /* who asked for it, or "xanhd" */
	char approver[XN_NAME_SIZE];
	char policy[XN_NAME_SIZE];
	uint32_t step_count;
	struct xn_plan_step steps[XN_STEPS_MAX];
	xn_power before_it, after_it, before_facility, after_facility, bound_it;
	uint32_t violations_before, violations_after;
	xn_power measured_before, measured_after; /* IT watts when it began, and after it settled */
	bool measured;                            /* measured_after is set */
	xn_instant held_since; /* a step has waited for a hold to end; ms 0: none does */
	char verdict[XN_SENTENCE_SIZE];
	char why[XN_SENTENCE_SIZE]; /* of STOPPED, ABORTED */
};

#define XN_PLANS_MAX 8 /* the newest; older ones live in the journal */

struct xn_alarm {
	uint32_t id;            /* 0: free */
	char key[XN_NAME_SIZE]; /* what it is about: "stale:pdu-a07-a", one alarm each */
	char subject[XN_NAME_SIZE];
	enum xn_severity severity;
	xn_instant raised;
	xn_instant acked; /* ms 0: not */
	char acked_by[XN_NAME_SIZE];
	char note[XN_SENTENCE_SIZE];
	char text[XN_SENTENCE_SIZE];
	bool touched; /* still true at this tick */
};

struct xn_note {
	xn_instant at;
	uint32_t vm;   /* XN_NONE */
	uint32_t next; /* number of the older note of the same VM; XN_NONE */
	char subject[XN_NAME_SIZE];
	char text[XN_SENTENCE_SIZE];
};

/* ---- the ledger (ledger.h) ---- */

/* What the VMs of one platform or agency drew. */
struct xn_group {
	char name[XN_NAME_SIZE]; /* empty: this place is free */
	xn_energy energy, overhead, estimated;
	xn_duration covered, span;
	enum xn_grade grade;
	uint32_t events;
};

/* The interval that is being closed, a few thousand rows per step. */
struct xn_closing {
	bool active;
	xn_instant start, end;
	uint32_t slot;
	uint32_t cursor;
	uint32_t vms;  /* places of VMs when it ended */
	xn_energy sum; /* of the rows so far */
	xn_energy sources, losses, unexplained;
	struct xn_pool site;   /* losses and the like, by IT over the site */
	struct xn_pool shared; /* cooling that serves the racks without a zone */
	struct xn_group platforms[XN_GROUPS_MAX], agencies[XN_GROUPS_MAX];
};

/* What nothing explains, against what the meters' classes leave open (ledger_doubt.h). */
struct xn_doubt {
	xn_energy unexplained; /* signed */
	xn_energy limit;
	xn_energy sources;
	uint32_t intervals;   /* in a row above the limit */
	uint32_t suspects[2]; /* meters to look at first; XN_NONE */
};

/* A correction on its way: what is left of it, and who says so. */
struct xn_correcting {
	uint32_t meter;
	struct xn_late left;
	bool person; /* or an import; the words below are its own */
	char author[XN_NAME_SIZE];
	char reason[XN_SENTENCE_SIZE];
	char evidence[XN_SENTENCE_SIZE];
};

/* The live power picture, as of the last reading (energy.h). */
struct xn_picture {
	/* Of what was heard last, also when that is old: see `complete`. */
	xn_power grid, pv, battery, generator;
	xn_power cooling;
	xn_power it;     /* sum of the racks' feeds */
	xn_power losses; /* sources minus cooling minus IT */
	bool complete;   /* every meter of the site is fresh */
};

struct xn_core {
	const struct xn_topology *topology;
	struct xn_arena *scratch; /* reset at the start of every step */
	xn_instant now;
	uint64_t next_request;
	uint64_t next_plan; /* as many were made */
	uint32_t next_alarm;
	bool booted; /* XN_EV_BOOT was stepped; before it no action leaves */
	bool paused; /* by a person */
	bool storage_full;
	char paused_by[XN_NAME_SIZE];
	xn_instant booted_at;
	xn_instant interval_start; /* of the interval that began last; ms 0: none did */
	xn_instant previous_start; /* of the one before it, while `previous_open` */
	bool previous_open;
	uint32_t slot;        /* of the interval that began last */
	uint32_t read_cursor; /* meters before it have said all of the interval before */
	xn_instant last_tick;
	xn_instant last_decision;       /* of mode auto */
	xn_instant last_learned;        /* when curves last learned */
	const struct xn_policy *policy; /* NULL: none was applied */

	struct xn_closing closing;
	struct xn_correcting correcting[XN_CORRECTIONS_MAX]; /* ring */
	uint32_t correcting_first, correcting_count;
	xn_instant expected_since, expected_at; /* when hosts were expected to draw something */
	xn_instant late_looked;                 /* when what was told late was last looked at */
	struct xn_doubt doubt;                  /* of the interval that was closed last */

	char site_hold[XN_SENTENCE_SIZE]; /* why the whole site holds; empty: it does not */
	struct xn_rack *racks;            /* [topology->rack_count] */
	struct xn_meter *meters;          /* [topology->meter_count] */
	struct xn_host *hosts;            /* [topology->host_count] */
	struct xn_vm *vms;                /* [vm_capacity]; a VM keeps its place */
	uint32_t vm_capacity;
	uint32_t vm_count;    /* places ever used */
	uint32_t vm_free;     /* no place below it is free */
	uint32_t vms_refused; /* seen when every place was taken */
	uint32_t *vm_index;   /* by uuid: open addressing, vm_index_size places, XN_NONE free */
	uint32_t vm_index_size;
	struct xn_move moves[XN_MOVES_MAX];
	struct xn_plan plans[XN_PLANS_MAX]; /* ring: newest at (next_plan - 1) % XN_PLANS_MAX */
	struct xn_alarm alarms[XN_ALARMS_MAX];
	struct xn_note notes[XN_NOTES_MAX]; /* ring */
	uint64_t note_count;
	struct xn_picture picture;
};

/*
 * A new core in `arena`, with room for `vm_capacity` VMs; `scratch` serves one step at a time. The
 * topology must outlive it.
 */
struct xn_core *xn_core_new(struct xn_arena *arena, struct xn_arena *scratch,
    const struct xn_topology *topology, uint32_t vm_capacity);

/* Bytes of arena that xn_core_new needs. */
size_t xn_core_size(const struct xn_topology *topology, uint32_t vm_capacity);

/* One fact in, requests out. `actions` is emptied first. */
void xn_core_step(struct xn_core *core, const struct xn_event *event, struct xn_actions *actions);

/* When the core wants an XN_EV_TICK at the latest: the next deadline or decision. */
xn_instant xn_core_next_deadline(const struct xn_core *core);

/* Why the whole site (rack XN_NONE) or a rack holds: a sentence; NULL if it does not. */
const char *xn_core_hold(const struct xn_core *core, uint32_t rack);

/* The fleet as placement sees it, in `arena` (whose lifetime it has). */
void xn_core_fleet(const struct xn_core *core, struct xn_arena *arena, struct xn_fleet *ret_fleet);

/* The newest plan; NULL if there never was one. And the plan of this id. */
const struct xn_plan *xn_core_plan(const struct xn_core *core);
const struct xn_plan *xn_core_plan_of(const struct xn_core *core, const char *id);

/*
 * State <-> bytes, versioned by layout and topology. Reading back refuses any other version
 * (XN_EINVALID; the core is then as new). *ret_policy is the applied policy's text within the bytes
 * (bytes NULL: none); the caller compiles it and sets core->policy.
 */
void xn_core_save(const struct xn_core *core, struct xn_writer *out);
int xn_core_load(
    struct xn_core *core, struct xn_reader *in, struct xn_source *ret_policy, struct xn_error *err);

/* Bytes that xn_core_save writes at most, for a policy of the size that is applied. */
size_t xn_core_save_size(const struct xn_core *core);

#endif
