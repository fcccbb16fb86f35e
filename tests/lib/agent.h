/*
 * Agent: an SNMP device (v1 and v2c) on a thread of the test, on a loopback port of its own. It
 * says what a recording says, which the test may change between two polls, and refuses what it is
 * told to.
 */
#ifndef XN_TESTS_LIB_AGENT_H
#define XN_TESTS_LIB_AGENT_H

#include "tests/lib/shelf.h"

struct agent;

/* `rows`: OID|tag|value, a line each. The shelf keeps them. */
struct agent *agent_start(struct shelf *shelf, const char *rows);
void agent_stop(struct agent *agent);

/* From now on it says these. */
void agent_say(struct agent *agent, const char *rows);

/* A request that holds this object is answered by genErr; NULL: none is. */
void agent_refuse(struct agent *agent, const char *oid);

/* A request of more variables is answered by tooBig; 0: none is. */
void agent_limit(struct agent *agent, unsigned variables);

/* Requests that name this object are not answered; NULL: all are. */
void agent_ignore(struct agent *agent, const char *oid);

/* Requests until now. */
unsigned agent_asked(struct agent *agent);

/* Good until the next call. */
const char *agent_url(const struct agent *agent, int version);

#endif
