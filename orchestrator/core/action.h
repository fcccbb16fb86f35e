/*
 * Action: one request of the core to its shell. The shell carries them out in order, after the
 * events that caused them are durable. Requests to hypervisors carry an id that is used once; each
 * is answered by exactly one XN_EV_VIRT_DONE, or by none if the process dies (then XN_EV_BOOT
 * comes). XN_ACT_LIST is answered by the host's list alone (XN_EV_VM_SEEN ... XN_EV_HOST_LISTED),
 * begun after the question; a host that does not answer is asked again.
 */
#ifndef XN_CORE_ACTION_H
#define XN_CORE_ACTION_H

#include "orchestrator/core/event.h"

enum xn_action_kind {
	XN_ACT_MIGRATE = 1, /* live; arrives paused unless the VM is lockable */
	XN_ACT_ABORT_JOB,   /* of a migration that is too old */
	XN_ACT_RESUME,      /* the copy on `host` */
	XN_ACT_DESTROY, /* the copy on `host`, which is not the one that runs; undefine it too */
	XN_ACT_LIST,    /* re-read `host` */
	XN_ACT_LEDGER,  /* a balanced interval's row */
	XN_ACT_ALARM,   /* raised, changed or cleared */
	XN_ACT_NOTE,    /* a decision in words, for stories, explain and the audit */
	XN_ACT_REPLY,   /* to XN_EV_COMMAND, XN_EV_POLICY, XN_EV_CORRECTION */
};

enum xn_severity { XN_SEVERITY_INFO, XN_SEVERITY_WARNING, XN_SEVERITY_CRITICAL };

/* An account of the ledger: where joules come from and go to. */
enum xn_account {
	XN_ACCOUNT_GRID,
	XN_ACCOUNT_PV,
	XN_ACCOUNT_BATTERY,
	XN_ACCOUNT_GENERATOR,
	XN_ACCOUNT_COOLING,
	XN_ACCOUNT_LOSSES, /* sources minus cooling and IT, as far as cables and UPS explain it */
	XN_ACCOUNT_RACK_OTHER, /* feeds minus hosts' outlets: switches and the PDUs themselves */
	XN_ACCOUNT_HOST,       /* what of a host belongs to no VM */
	XN_ACCOUNT_VM,
	XN_ACCOUNT_UNEXPLAINED,
	/* Memo accounts, outside the balance: */
	XN_ACCOUNT_METER,    /* what one meter counted */
	XN_ACCOUNT_RACK,     /* what a rack drew */
	XN_ACCOUNT_PLATFORM, /* what the VMs of one platform drew */
	XN_ACCOUNT_AGENCY,
	XN_ACCOUNT_COUNT
};

#define XN_ACCOUNT_BIT(account) (UINT64_C(1) << (account))

struct xn_action {
	enum xn_action_kind kind;
	union {
		struct {
			uint64_t request;
			xn_uuid uuid;
			uint32_t
			    host; /* RESUME, DESTROY, LIST; the source of MIGRATE and ABORT_JOB */
			uint32_t target; /* of MIGRATE */
			bool paused;     /* MIGRATE: VIR_MIGRATE_PAUSED */
			uint64_t generation;
			xn_duration deadline;
		} virt;
		struct {
			xn_instant start, end;
			enum xn_account account;
			uint32_t subject; /* rack, host or meter id, or VM slot; XN_NONE */
			char name[XN_NAME_SIZE];
			char platform[XN_NAME_SIZE]; /* of a VM; "" */
			char agency[XN_NAME_SIZE];
			char uuid[XN_UUID_TEXT_SIZE]; /* of a VM; "" */
			xn_energy
			    energy; /* sources positive, sinks negative: an interval sums to 0 */
			xn_energy overhead;  /* of VM, PLATFORM, AGENCY: carried to it */
			xn_energy estimated; /* of |energy| */
			xn_duration covered; /* measured time of its meters */
			xn_duration span;    /* what there was to measure */
			enum xn_grade grade;
			uint32_t events; /* enum xn_meter_event */
			bool correction; /* of an interval that is closed: what is to be added */
			char author[XN_NAME_SIZE];
			char reason[XN_SENTENCE_SIZE];
			char evidence[XN_SENTENCE_SIZE]; /* of a person's; "" */
		} ledger;
		struct {
			uint32_t id;
			bool raised;
			enum xn_severity severity;
			char subject[XN_NAME_SIZE];
			char text[XN_SENTENCE_SIZE];
		} alarm;
		struct {
			char subject[XN_NAME_SIZE];
			char text[XN_SENTENCE_SIZE];
		} note;
		struct {
			uint64_t request;
			enum xn_code code;
			char subject[XN_NAME_SIZE]; /* the plan it made, if it made one */
			char text[XN_SENTENCE_SIZE];
		} reply;
	};
};

struct xn_actions {
	uint32_t count;
	struct xn_action items[XN_ACTIONS_MAX];
};

/* The next free place in `actions`, zeroed. Aborts when full: the core never asks for that much. */
struct xn_action *xn_act(struct xn_actions *actions, enum xn_action_kind kind);

/* Requests to hypervisors cross to the virt worker as bytes; the other kinds are never encoded. */
void xn_action_encode(const struct xn_action *action, struct xn_writer *out);
int xn_action_decode(struct xn_reader *in, struct xn_action *ret_action, struct xn_error *err);

#endif
