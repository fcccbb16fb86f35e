/*
 * Engine: the core with its journal. Facts are committed, then stepped; what the core asks for is
 * committed, then done. A restart loads the newest snapshot, steps the journal after it with
 * actions thrown away (but for ledger rows, which are written again to the same values), and then
 * says XN_EV_BOOT, so that whatever was in flight is re-read instead of repeated.
 *
 * Invariants: (1) no event is stepped before it is durable, but the one that says the disk is full;
 * (2) no operation is sent to a hypervisor before it is durable: one that cannot be written is
 * answered as failed; (3) event instants never run back; (4) a batch is one transaction.
 *
 * A full disk: the ballast is given up, the core told (it holds), agents are not acknowledged (they
 * spool) and facts from hypervisors wait; when there is room again all is made up for.
 */
#ifndef XN_SHELL_ENGINE_H
#define XN_SHELL_ENGINE_H

#include "orchestrator/core/core.h"
#include "orchestrator/shell/store.h"

struct xn_engine_hooks {
	void (*send)(void *context, const struct xn_action *action); /* to a hypervisor */
	void (*news)(void *context, const struct xn_action *action); /* XN_ACT_ALARM, XN_ACT_NOTE */
	void *context;
};

struct xn_reply {
	enum xn_code code;
	char subject[XN_NAME_SIZE];
	char text[XN_SENTENCE_SIZE];
};

struct xn_engine {
	struct xn_core *core; /* to look at; changed by events only */
	struct xn_store *store;
	const struct xn_topology *topology;
	int64_t seq;    /* of the journal, stepped */
	xn_instant now; /* of the last event */
	bool full;      /* the disk */
	uint64_t steps;
	struct xn_engine_inside *inside;
};

/*
 * Loads and replays; no hook is called. When the last three starts ended early, an event in the
 * journal may be what ends them: then the journal after the snapshot is passed over, and said so.
 */
int xn_engine_open(struct xn_engine *engine, const struct xn_topology *topology,
    struct xn_store *store, const struct xn_engine_hooks *hooks, struct xn_error *err);
/* Says XN_EV_BOOT; from then on hooks are called. */
void xn_engine_boot(struct xn_engine *engine);
void xn_engine_close(struct xn_engine *engine);

/* Facts that nobody waits for: journalled and stepped at once, or kept while the disk is full. */
void xn_engine_take(struct xn_engine *engine, const struct xn_event *event);

/*
 * A batch: begin, add ..., then commit. After an error of anything in between the batch is given up
 * with xn_engine_fail; a commit that fails has done that itself.
 */
int xn_engine_begin(struct xn_engine *engine, struct xn_error *err);
int xn_engine_add(struct xn_engine *engine, const struct xn_event *event, const char *agent,
    uint64_t frame, struct xn_error *err);
int xn_engine_commit(struct xn_engine *engine, struct xn_error *err);
void xn_engine_fail(struct xn_engine *engine, const struct xn_error *err);

/* A person asks; the core's answer. XN_EFULL, XN_ESYSTEM: it could not be asked. */
int xn_engine_command(struct xn_engine *engine, enum xn_verb verb, const char *subject,
    const char *actor, const char *note, struct xn_reply *ret_reply, struct xn_error *err);

/* A person or an import corrects closed intervals: the core's answer, as above. */
int xn_engine_correct(struct xn_engine *engine, const struct xn_correction *correction,
    struct xn_reply *ret_reply, struct xn_error *err);

/*
 * A person applies a policy text. With problems (in `arena`) it is not applied and the result is
 * XN_EINVALID. With `apply` false it is only checked.
 */
int xn_engine_policy(struct xn_engine *engine, const char *path, const char *text, size_t size,
    const char *actor, bool apply, struct xn_problems *problems, struct xn_reply *ret_reply,
    struct xn_error *err);

/* Writes a snapshot now. */
int xn_engine_snapshot(struct xn_engine *engine, struct xn_error *err);

/* Looks at the disk: finds that it fills up before a write does, and that there is room again. */
void xn_engine_check_room(struct xn_engine *engine);

#endif
