/*
 * Event: one fact, with the instant at which the shell learned it. Plain data without pointers but
 * one (a compiled policy), so that the journal, the virt worker and the simulator carry the same
 * bytes.
 *
 * Invariants: (1) `now` never runs back from one event to the next; (2) ids are below the
 * topology's counts; (3) an encoded event decodes to an equal one.
 */
#ifndef XN_CORE_EVENT_H
#define XN_CORE_EVENT_H

#include "common/bytes.h"
#include "common/error.h"
#include "common/point.h"
#include "orchestrator/core/topology.h"
#include "policies/policy.h"

typedef struct {
	uint8_t bytes[16];
} xn_uuid;

#define XN_UUID_TEXT_SIZE 37 /* 8-4-4-4-12 and the terminating NUL */

enum xn_event_kind {
	XN_EV_BOOT = 1, /* the process (re)started: whatever was in flight has an unknown outcome */
	XN_EV_TICK,     /* time to decide */
	XN_EV_READING,  /* a meter said something */
	XN_EV_HOST_UP,  /* a hypervisor answers; with its size */
	XN_EV_HOST_DOWN,   /* it does not, or its worker gave up */
	XN_EV_VM_SEEN,     /* one entry of a host's list of domains */
	XN_EV_HOST_LISTED, /* the list is complete: what was not seen in it is not there */
	XN_EV_VM_LOAD,     /* CPU time a domain has used */
	XN_EV_VIRT_DONE,   /* the answer to a request to a hypervisor */
	XN_EV_COMMAND,     /* a person asks for something */
	XN_EV_POLICY,      /* a person applied a policy */
	XN_EV_STORAGE,     /* the disk is full, or has room again */
	XN_EV_CORRECTION,  /* a person or an import corrects closed intervals */
};

/* What a hypervisor says of a domain; libvirt's words. */
enum xn_vm_state {
	XN_VM_ABSENT = 0,
	XN_VM_RUNNING,
	XN_VM_PAUSED,           /* by a person or by VIR_MIGRATE_PAUSED: paused (user) */
	XN_VM_PAUSED_MIGRATING, /* a daemon died at the hand-over: paused (migrating) */
	XN_VM_INCOMING,         /* a migration is arriving */
	XN_VM_SHUTOFF,
};

/* Carried in the domain's metadata (https://xanh.vn/vm/1) and its XML. */
struct xn_vm_facts {
	char name[XN_NAME_SIZE];
	char group[XN_NAME_SIZE];
	char platform[XN_NAME_SIZE];
	char agency[XN_NAME_SIZE];
	char labels[XN_LABELS_SIZE];
	uint32_t vcpus;
	uint32_t memory_mib;
	uint8_t security_level;
	bool movable;
	bool lockable; /* has a writable disk whose image lock fences a second copy */
};

enum xn_virt_outcome {
	XN_VIRT_OK = 1,
	XN_VIRT_FAILED,  /* it surely did not happen; the VM stays where it was */
	XN_VIRT_UNKNOWN, /* re-read both sides */
};

/* How an amount came about, the worst of its parts (facts/energy-standards.md 2.3). */
enum xn_grade {
	XN_GRADE_NONE,         /* - nothing was booked */
	XN_GRADE_MEASURED,     /* M */
	XN_GRADE_ROLLOVER,     /* R measured across a roll-over */
	XN_GRADE_INTERPOLATED, /* I measured total, interpolated split */
	XN_GRADE_ESTIMATED,    /* E */
	XN_GRADE_SUBSTITUTED,  /* S by a person, with evidence */
	XN_GRADE_EXCLUDED,     /* X */
};

enum xn_verb {
	XN_DO_PLAN = 1, /* propose a plan now */
	XN_DO_APPROVE,  /* subject: plan id */
	XN_DO_APPLY,
	XN_DO_ABORT,
	XN_DO_DRAIN, /* subject: host */
	XN_DO_UNDRAIN,
	XN_DO_ACK,   /* subject: alarm id */
	XN_DO_PAUSE, /* all automation */
	XN_DO_RESUME,
};

/* What is to be added to what a meter counted in closed intervals. */
struct xn_correction {
	char meter[XN_NAME_SIZE];
	xn_instant start, end; /* whole intervals */
	xn_energy energy;      /* signed; spread evenly over them */
	enum xn_grade grade;   /* SUBSTITUTED or ESTIMATED */
	char author[XN_NAME_SIZE];
	char reason[XN_SENTENCE_SIZE];
	char evidence[XN_SENTENCE_SIZE]; /* what supports it: a document, an invoice */
};

struct xn_event {
	enum xn_event_kind kind;
	xn_instant now;
	union {
		struct {
			uint32_t meter;
			enum xn_quality quality;
			bool has_power, has_energy;
			xn_power power;
			xn_energy energy;           /* the register */
			xn_temperature temperature; /* of XN_METER_INLET */
			xn_instant at;              /* when the device was read */
		} reading;
		struct {
			uint32_t host;
			uint32_t cpus;
			uint64_t memory_mib;
		} host; /* HOST_UP, HOST_DOWN, HOST_LISTED */
		struct {
			uint32_t host;
			xn_uuid uuid;
			enum xn_vm_state state;
			struct xn_vm_facts facts;
		} vm;
		struct {
			uint32_t host;
			xn_uuid uuid;
			uint64_t cpu_ns; /* since the domain started on this host */
			xn_instant at;
		} load;
		struct {
			uint64_t request;
			enum xn_virt_outcome outcome;
			char text[XN_SENTENCE_SIZE];
		} virt;
		struct {
			uint64_t
			    request; /* the shell's; answered by XN_ACT_REPLY with the same one */
			enum xn_verb verb;
			char subject[XN_NAME_SIZE];
			char actor[XN_NAME_SIZE];
			char note[XN_SENTENCE_SIZE];
		} command;
		struct {
			uint64_t request;
			char actor[XN_NAME_SIZE];
			const struct xn_policy *policy; /* encoded as its source's path and text */
		} policy;
		struct {
			bool full;
		} storage;
		struct {
			uint64_t request;
			struct xn_correction what;
		} correction;
	};
};

void xn_event_encode(const struct xn_event *event, struct xn_writer *out);

/*
 * A decoded XN_EV_POLICY has policy NULL; *ret_source is then the policy's text within the bytes
 * that were read, for the shell to compile before it steps. XN_EINVALID: the bytes are no event.
 */
int xn_event_decode(struct xn_reader *in, struct xn_event *ret_event, struct xn_source *ret_source,
    struct xn_error *err);

#endif
