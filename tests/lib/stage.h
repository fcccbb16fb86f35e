/*
 * Stage: a small site for stories about the core: racks r1 and r2 with feeds A and B of 2 kW, hosts
 * h1 and h2 in r1, h3 in r2, each on two outlets, a grid meter and a cooler. The test plays the
 * shell: it says what happened and when, and reads what the core asks for.
 */
#ifndef XN_TESTS_LIB_STAGE_H
#define XN_TESTS_LIB_STAGE_H

#include "orchestrator/core/core.h"

enum stage_host { H1, H2, H3, STAGE_HOSTS };
enum stage_rack { R1, R2, STAGE_RACKS };

enum stage_meter {
	GRID,
	COOLING,
	R1_A, /* feeds */
	R1_B,
	R2_A,
	R2_B,
	R1_INLET,
	R2_INLET,
	H1_A, /* outlets */
	H1_B,
	H2_A,
	H2_B,
	H3_A,
	H3_B,
	STAGE_METERS
};

#define STAGE_VMS   8
#define STAGE_HEARD 4096

struct stage {
	struct xn_topology topology;
	struct xn_topo_rack racks[STAGE_RACKS];
	struct xn_topo_host hosts[STAGE_HOSTS];
	struct xn_topo_meter meters[STAGE_METERS];
	struct xn_arena life, scratch, policies;
	struct xn_core *core;
	xn_instant now;
	int64_t watts[STAGE_METERS]; /* what each meter shows when everything is read */
	int64_t energy_mj[STAGE_METERS];
	int64_t inlet_milli[STAGE_RACKS];
	struct xn_actions *last; /* of the newest step */
	struct xn_action *heard; /* everything since stage_forget */
	uint32_t heard_count;
};

/* A new site at a round instant; booted, hosts up and listed empty, every meter read. */
struct stage *stage_new(void);
/* The same, begun so many minutes into an interval. */
struct stage *stage_begun(int64_t minutes);
struct stage *stage_silent(void); /* the same, before anything happened */
void stage_end(struct stage *stage);

void stage_step(struct stage *stage, struct xn_event event);
void stage_wait(struct stage *stage, int64_t seconds); /* reads every meter each 10 s, ticks */
void stage_pass(struct stage *stage, int64_t seconds); /* time passes; nobody reads anything */
void stage_read(struct stage *stage);
void stage_up(struct stage *stage, uint32_t host);
void stage_down(struct stage *stage, uint32_t host);
void stage_seen(struct stage *stage, uint32_t host, int vm, enum xn_vm_state state);
void stage_listed(struct stage *stage, uint32_t host);
/* One VM's copies as both hosts list them, in the order source, target. */
void stage_lists(struct stage *stage, int vm, uint32_t from, enum xn_vm_state source, uint32_t to,
    enum xn_vm_state target);
void stage_done(struct stage *stage, uint64_t request, enum xn_virt_outcome outcome);
void stage_say(struct stage *stage, enum xn_verb verb, const char *subject);
void stage_policy(struct stage *stage, const char *yaml);

/* VM number n of the stage: uuid and facts ("vm1": 1 vCPU, 512 MiB, lockable). */
xn_uuid stage_uuid(int vm);
uint32_t stage_vm(const struct stage *stage, int vm);

/* The newest request of a kind since stage_forget; NULL. And how many. */
const struct xn_action *stage_asked(const struct stage *stage, enum xn_action_kind kind);
uint32_t stage_count(const struct stage *stage, enum xn_action_kind kind);
/* Whether a note or alarm text since stage_forget contains this. */
bool stage_told(const struct stage *stage, const char *text);
const struct xn_action *stage_reply(const struct stage *stage);
void stage_forget(struct stage *stage);

#endif
