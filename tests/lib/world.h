/*
 * World: a small site that exists only in memory, and the truth about it: racks with two feeds,
 * hosts with libvirt daemons, VMs with copies, meters with registers, agents with spools. It
 * answers the core's requests the way libvirt does, failures included (knowledge: the table of
 * migration failures), and tells only what a real site would tell, late, twice or never.
 *
 * Invariant: whatever happens here happens because of the seed; the same seed gives the same world.
 */
#ifndef XN_TESTS_LIB_WORLD_H
#define XN_TESTS_LIB_WORLD_H

#include "orchestrator/core/core.h"
#include "tests/lib/dice.h"

#define WORLD_RACKS  4
#define WORLD_HOSTS  8
#define WORLD_VMS    24
#define WORLD_METERS (3 + WORLD_RACKS * 3 + WORLD_HOSTS * 2)
#define WORLD_JOBS   64
#define WORLD_SPOOL  4096

/* How a migration ends: what real daemons were seen to leave, by the row of the failure table. */
enum world_fate {
	FATE_DONE,
	FATE_FAILED,            /* the call fails; the guest runs on at the source */
	FATE_SOURCE_DIES_EARLY, /* row 1: source daemon killed mid-copy; one copy, at the source */
	FATE_TARGET_DIES_EARLY, /* row 2 */
	FATE_ANSWER_LOST,       /* row 3a: it completes; nobody hears */
	FATE_SOURCE_DIES_LATE,  /* row 4: arrived; the source stays paused (migrating) */
	FATE_TARGET_DIES_LATE,  /* rows 5 to 7: arrived, but the source believes it failed */
	FATE_COUNT,
};

/* Which classes of fault this seed has, each with its rate in parts per million of an opportunity.
 */
struct faults {
	int64_t frame_lost, frame_late, frame_twice;
	int64_t agent_cut;   /* per agent and second: the start of a partition */
	int64_t reading_bad; /* absent, suspect or absurd */
	int64_t register_reset;
	int64_t move_failed, move_unknown;
	int64_t daemon_dies; /* per host and second */
	int64_t crash;       /* of the orchestrator, per second */
	int64_t disk_full;   /* per second: the start of a full disk */
	int64_t load_jump;
};

struct world_copy {
	enum xn_vm_state state; /* XN_VM_ABSENT: none here */
	uint64_t cpu_ns;
};

struct world_vm {
	xn_uuid uuid;
	struct xn_vm_facts facts;
	int64_t load_millicores;
	struct world_copy copies[WORLD_HOSTS];
};

struct world_host {
	bool daemon_up;
	xn_instant daemon_back; /* when it comes up again */
	bool told_up;
	xn_power idle, full;
	int64_t millicores;
};

struct world_meter {
	xn_power power;  /* the truth now */
	int64_t true_mj; /* since the beginning */
	int64_t zero_mj; /* what a register reset took away */
	xn_temperature temperature;
};

/* What one agent said at one tick, waiting in its spool until it is acknowledged. */
struct world_frame {
	xn_instant at;
	uint64_t sequence;
	struct {
		bool present;
		enum xn_quality quality;
		xn_power power;
		xn_energy energy;
		xn_temperature temperature;
	} rows[WORLD_METERS];
};

struct world_agent {
	uint64_t next_sequence;
	uint64_t acked; /* trimmed up to here */
	xn_instant cut_until;
	struct world_frame *spool; /* ring of WORLD_SPOOL */
};

/* A request at work in a hypervisor. */
struct world_job {
	bool used;
	enum xn_action_kind kind;
	uint64_t request;
	uint32_t vm, from, to;
	bool paused;
	xn_instant ends;
	enum world_fate fate; /* of a migration */
};

struct world {
	uint64_t seed;
	struct faults faults;
	bool calm;                 /* the liveness phase: no new faults */
	enum world_fate next_fate; /* of the next migration, in a story */
	xn_instant now;
	uint32_t rack_count, host_count, vm_count, meter_count;
	struct xn_topology topology;
	struct xn_topo_rack racks[WORLD_RACKS];
	struct xn_topo_host topo_hosts[WORLD_HOSTS];
	struct xn_topo_meter topo_meters[WORLD_METERS];
	uint32_t rack_meters[WORLD_RACKS]; /* first of feed A, feed B, inlet */
	uint32_t host_meters[WORLD_HOSTS]; /* first of outlet A, outlet B */
	char names[WORLD_METERS][24];
	struct world_host hosts[WORLD_HOSTS];
	struct world_vm vms[WORLD_VMS];
	struct world_meter meters[WORLD_METERS];
	struct world_agent agents[WORLD_RACKS + 1]; /* the last one is the site's */
	struct world_job jobs[WORLD_JOBS];
	bool disk_full;
	xn_instant disk_until;
	struct dice load_dice, agent_dice, virt_dice, fault_dice;
};

/* Sends a fact to the orchestrator. */
typedef void world_tell(void *context, const struct xn_event *event);

/* A site without racks, at 2026-11-23 09:00 in its zone; then racks, hosts and VMs, in this order.
 */
void world_begin(struct world *world, uint64_t seed);
uint32_t world_add_rack(struct world *world, const char *name, xn_power feed_rating);
uint32_t world_add_host(
    struct world *world, const char *name, uint32_t rack, xn_power idle, xn_power full);
uint32_t world_add_vm(
    struct world *world, const char *name, uint32_t host, int64_t load_millicores, bool lockable);

/* A site of drawn shape with drawn faults. */
void world_draw(struct world *world, uint64_t seed);
void world_free(struct world *world);

/* One second of life: loads, watts, registers, agents sampling, faults beginning and ending. */
void world_second(struct world *world);

/* Hypervisors: a request arrives; jobs end; what the worker then says. */
void world_request(struct world *world, const struct xn_action *action);
void world_virt_second(struct world *world, world_tell *tell, void *context);
/* The worker process is new (the orchestrator restarted): it lists everything again. */
void world_virt_restart(struct world *world);

/* Racks' watts in truth, and after the loss of a feed. */
xn_power world_rack_power(const struct world *world, uint32_t rack);

/* Copies of a VM that run, and copies that exist, in truth. */
int world_running_copies(const struct world *world, uint32_t vm);
int world_copies(const struct world *world, uint32_t vm);
int64_t world_host_memory_used(const struct world *world, uint32_t host);

uint32_t world_vm_of(const struct world *world, xn_uuid uuid);

#endif
