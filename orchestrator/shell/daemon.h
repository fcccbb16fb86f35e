/*
 * Daemon: the parts of xanhd and how they hang together. One loop thread owns everything here;
 * librrd has a worker, libvirt a child. Opening goes from the inside out (store, engine, history,
 * hypervisors, doors) and closing back, so that no door is open before the state behind it is
 * restored.
 *
 * Invariants: (1) one daemon per state folder (a lock); (2) an agent is answered "durable" only
 * after the commit; (3) the core's first event after a restart is XN_EV_BOOT, before any door is
 * served.
 */
#ifndef XN_SHELL_DAEMON_H
#define XN_SHELL_DAEMON_H

#include "common/log.h"
#include "common/site.h"
#include "orchestrator/shell/asker.h"
#include "orchestrator/shell/engine.h"
#include "orchestrator/shell/facts.h"
#include "orchestrator/shell/history.h"
#include "orchestrator/shell/intake.h"
#include "orchestrator/shell/meters.h"
#include "orchestrator/shell/reporter.h"
#include "orchestrator/shell/session.h"
#include "orchestrator/shell/sse.h"
#include "orchestrator/shell/views.h"

struct xn_daemon_options {
	const char *state;
	const char *credentials; /* NULL: $CREDENTIALS_DIRECTORY */
	const char *authority;   /* file of the CA that clients must be signed by; NULL */
	const char *policy;      /* file applied when there is none yet; NULL */
	bool simulated;
};

/* An upload that waits for the common commit. */
struct xn_upload {
	struct xn_http_request *request;
	char agent[XN_NAME_SIZE];
	int result;
	uint64_t durable;
	struct xn_error err;
};

#define XN_UPLOADS_MAX 256 /* in one commit */

struct xn_daemon {
	const struct xn_site *site;
	struct xn_daemon_options options;
	struct xn_arena arena;
	struct xn_map map;
	struct xn_loop *loop;
	int lock;
	struct xn_store *store;
	struct xn_engine engine;
	struct xn_intake *intake;
	struct xn_upload *uploads; /* [XN_UPLOADS_MAX] */
	unsigned upload_count;
	struct xn_loop_source *upload_timer;
	struct xn_meters *meters;
	struct xn_gauges *gauges;
	struct xn_log_repeat books_fault;
	struct xn_series *series;
	struct xn_meters_row *rows; /* of the history, being made */
	struct xn_history *history;
	struct xn_asker *asker;
	struct xn_reporter *reporter;
	struct xn_virt *virt;
	struct xn_http *http;
	struct xn_sse *sse;
	struct xn_sessions sessions;
	char page[300]; /* base of the page's address: "http://127.0.0.1:8080"; "" if no door has it
			 */

	bool booted;          /* its state is worth a snapshot */
	uint64_t shown_steps; /* of the engine when the last `status` event was sent */
	char shown_plan[160];
	int64_t seconds; /* since the start */
	int64_t pinged_s, roomed_s, snapshot_s, reported_s;
};

/* `problems` gets what is wrong with the policy file (XN_EINVALID). */
int xn_daemon_open(struct xn_daemon *daemon, const struct xn_site *site,
    const struct xn_daemon_options *options, struct xn_problems *problems, struct xn_error *err);
/* Serves until SIGTERM or SIGINT. */
int xn_daemon_run(struct xn_daemon *daemon, struct xn_error *err);
void xn_daemon_close(struct xn_daemon *daemon);

/* What agents send, made durable. Errors as of intake; XN_EFULL, XN_ESYSTEM: not durable. */
int xn_daemon_hello(struct xn_daemon *daemon, const char *agent, const char *body, size_t size,
    uint64_t *ret_durable, struct xn_error *err);

/*
 * Takes the frames that are the request's body, with those of other agents that come within a few
 * milliseconds, in one commit; then answers with xn_api_answer_agent.
 */
void xn_daemon_frames(struct xn_daemon *daemon, const char *agent, struct xn_http_request *request);

struct xn_views xn_daemon_views(const struct xn_daemon *daemon);

#endif
