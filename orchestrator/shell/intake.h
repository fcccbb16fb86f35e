/*
 * Intake: what agents say, checked before anything believes it. A hello gives the points their
 * slots; frames then carry values. Each frame becomes at most one XN_EV_READING per meter, handed
 * with the frame to a sink that journals it; a frame already durable is skipped.
 *
 * Owns the latest value of every point of every agent. Invariants: (1) an agent speaks only for
 * devices that the site gives to it; (2) a frame is handed to the sink only when its schema is
 * known, its sequence above the durable one and its instant within now - 7 days .. now + 30 s; (3)
 * a frame refused for its instant is counted and passed over, so that a wrong clock does not block
 * what follows; (4) values shown are the newest by the agent's own instants.
 */
#ifndef XN_SHELL_INTAKE_H
#define XN_SHELL_INTAKE_H

#include "common/frame.h"
#include "orchestrator/core/event.h"
#include "orchestrator/shell/store.h"
#include "orchestrator/shell/topology.h"

#define XN_POINT_SIZE 64

struct xn_slot {
	uint32_t device;
	char point[XN_POINT_SIZE];
	enum xn_point_class class_;
	struct xn_route route;
	struct xn_sample sample;
	xn_instant at; /* ms 0: never */
};

struct xn_agent {
	const char *name;
	char version[32];
	uint32_t schema;
	bool known; /* a hello was read, now or before a restart */
	struct xn_slot *slots;
	uint32_t slot_count;
	xn_instant heard;  /* by our clock */
	xn_instant newest; /* instant of its newest frame */
	uint64_t frames, repeated, refused;
};

/* Told each new frame with its readings, in order. Its failure ends the upload. */
struct xn_intake_sink {
	int (*frame)(void *context, const char *agent, const struct xn_frame *frame,
	    const struct xn_event *events, unsigned count, struct xn_error *err);
	void *context;
};

struct xn_intake;

struct xn_intake *xn_intake_new(const struct xn_map *map, struct xn_store *store);
void xn_intake_free(struct xn_intake *intake);

/* The agents of the site, in the order their devices are configured. */
const struct xn_agent *xn_intake_agents(const struct xn_intake *intake, uint32_t *ret_count);

/*
 * A hello: JSON {"agent","boot","schema","version","points":[{"device","point","class"}]},
 * boot in hexadecimal digits.
 * XN_EINVALID: it is none; XN_EREFUSED: the agent or a device is not its own. Writes the schema, in
 * a transaction of the caller.
 */
int xn_intake_hello(struct xn_intake *intake, const char *agent, const char *body, size_t size,
    xn_instant now, uint64_t *ret_durable, struct xn_error *err);

/*
 * Frames, one after the other. XN_ENOTFOUND: a schema is not known, say hello first. What came
 * before a bad frame has been handed over; *ret_durable is up to there, once the caller's
 * transaction is committed.
 */
int xn_intake_frames(struct xn_intake *intake, const char *agent, const void *bytes, size_t size,
    xn_instant now, const struct xn_intake_sink *sink, uint64_t *ret_durable, struct xn_error *err);

#endif
