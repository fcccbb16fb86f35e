/*
 * Views: what the API shows, as JSON made from the core, the topology and what agents said last.
 * Read-only. Field names carry their unit (W, Wh, degC, s); what is not known is null, never 0;
 * instants are RFC 3339 with the site's offset. The fields are described in openapi.json.
 */
#ifndef XN_SHELL_VIEWS_H
#define XN_SHELL_VIEWS_H

#include <jansson.h>

#include "orchestrator/books/json.h"
#include "orchestrator/core/core.h"
#include "orchestrator/shell/intake.h"

struct xn_views {
	const struct xn_core *core;
	const struct xn_map *map;
	const struct xn_intake *intake;
	xn_instant now;
};

/* New references. */
json_t *xn_view_time(const struct xn_views *views, xn_instant at);
json_t *xn_view_status(const struct xn_views *views);
json_t *xn_view_racks(const struct xn_views *views);
json_t *xn_view_hosts(const struct xn_views *views);
json_t *xn_view_vms(const struct xn_views *views);
/* NULL: there is no such VM. */
json_t *xn_view_why(const struct xn_views *views, const char *vm);
json_t *xn_view_alarms(const struct xn_views *views);
json_t *xn_view_meters(const struct xn_views *views);
json_t *xn_view_devices(const struct xn_views *views);
json_t *xn_view_plans(const struct xn_views *views);
json_t *xn_view_plan(const struct xn_views *views, const struct xn_plan *plan);

/* The OpenMetrics text; malloc'ed. */
char *xn_view_metrics(const struct xn_views *views);

/* Shared by the files of views. */
json_t *xn_json_watts(bool known, xn_power power);
enum xn_quality xn_view_quality(const struct xn_views *views, uint32_t meter);

#endif
