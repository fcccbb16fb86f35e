/*
 * Agent: reads the devices of one rack and brings what they say to the orchestrator, through the
 * spool. It acts on nothing: the only thing it can do to a device is read it.
 *
 * What was read within a moment becomes one frame, so that a slow device does not delay the others'
 * values; a frame is cut at least every `tick`, so that silence means the agent is gone. The
 * frame's instant is that of its first reading.
 */
#ifndef XN_AGENTS_AGENT_H
#define XN_AGENTS_AGENT_H

#include "agents/post.h"
#include "common/site.h"

struct xn_agent_options {
	const char *name; /* site devices whose `agent` this is are ours */
	const char *spool;
	const char *credentials; /* NULL: $CREDENTIALS_DIRECTORY */
	const char *profiles;
	int trap_port; /* 0: traps are not listened for */
	struct xn_post_options post;
};

/* Runs until SIGTERM or SIGINT. */
int xn_agent_run(
    const struct xn_site *site, const struct xn_agent_options *options, struct xn_error *err);

#endif
