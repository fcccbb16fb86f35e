/* What can be looked at. */
#include "orchestrator/shell/api.h"
#include "orchestrator/books/period.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void
show(struct xn_call *call, json_t *(*view)(const struct xn_views *views))
{
	struct xn_views views = xn_daemon_views(call->daemon);

	xn_api_json(call->request, 200, view(&views));
}

void
xn_api_status(struct xn_call *call)
{
	show(call, xn_view_status);
}

void
xn_api_racks(struct xn_call *call)
{
	show(call, xn_view_racks);
}

void
xn_api_hosts(struct xn_call *call)
{
	show(call, xn_view_hosts);
}

void
xn_api_vms(struct xn_call *call)
{
	show(call, xn_view_vms);
}

void
xn_api_devices(struct xn_call *call)
{
	show(call, xn_view_devices);
}

void
xn_api_meters(struct xn_call *call)
{
	show(call, xn_view_meters);
}

void
xn_api_alarms(struct xn_call *call)
{
	show(call, xn_view_alarms);
}

void
xn_api_plans(struct xn_call *call)
{
	show(call, xn_view_plans);
}

void
xn_api_why(struct xn_call *call)
{
	struct xn_views views = xn_daemon_views(call->daemon);
	json_t *why = xn_view_why(&views, call->argument);

	if (why == NULL)
		xn_api_error(call->request, 404, "not-found", "there is no such VM");
	else
		xn_api_json(call->request, 200, why);
}

void
xn_api_plan(struct xn_call *call)
{
	struct xn_views views = xn_daemon_views(call->daemon);
	const struct xn_plan *plan = xn_core_plan_of(call->daemon->engine.core, call->argument);

	if (plan == NULL)
		xn_api_error(call->request, 404, "not-found", "there is no such plan");
	else
		xn_api_json(call->request, 200, xn_view_plan(&views, plan));
}

void
xn_api_policy(struct xn_call *call)
{
	static const char *const modes[] = {
	    [XN_MODE_OBSERVE] = "observe", [XN_MODE_APPROVE] = "approve", [XN_MODE_AUTO] = "auto"};
	const struct xn_policy *policy = call->daemon->engine.core->policy;
	const struct xn_source *source;

	if (policy == NULL) {
		xn_api_error(call->request, 404, "not-found", "no policy was applied yet");
		return;
	}
	source = xn_policy_source(policy);
	xn_api_json(call->request, 200,
	    json_pack("{s:o, s:s, s:o}", "name", xn_json_name(xn_policy_name(policy)), "mode",
		modes[xn_policy_mode(policy)], "yaml", json_stringn(source->bytes, source->size)));
}

void
xn_api_metrics(struct xn_call *call)
{
	struct xn_views views = xn_daemon_views(call->daemon);
	char *text = xn_view_metrics(&views);

	xn_http_reply(call->request,
	    &(struct xn_http_reply){.status = 200,
		.type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
		.body = text,
		.size = strlen(text)});
	free(text);
}

void
xn_api_ask(struct xn_call *call)
{
	xn_asker_ask(call->daemon->asker, call->request, call->request->path + strlen("/api/v1"));
}

/* ---- spans of time ---- */

/* `from` and `to` of the query; the last hour if they are not given. Answers when they are wrong.
 */
static bool
read_span(struct xn_call *call, xn_instant *ret_from, xn_instant *ret_to)
{
	const char *from = xn_http_query(call->request, "from");
	const char *to = xn_http_query(call->request, "to");
	int offset_s = call->daemon->map.topology.utc_offset_s;

	*ret_to = xn_clock_now();
	if (to != NULL && !xn_period_instant(to, offset_s, ret_to)) {
		xn_api_error(call->request, 400, "bad-time", "to: Unix seconds or RFC 3339");
		return false;
	}
	ret_from->ms = ret_to->ms - INT64_C(3600) * 1000;
	if (from != NULL && !xn_period_instant(from, offset_s, ret_from)) {
		xn_api_error(call->request, 400, "bad-time", "from: Unix seconds or RFC 3339");
		return false;
	}
	if (ret_from->ms >= ret_to->ms) {
		xn_api_error(call->request, 400, "bad-time", "from is not before to");
		return false;
	}
	return true;
}

/* ---- history ---- */

struct fetch {
	struct xn_http_request *request;
	const struct xn_series *series;
};

static json_t *
column_of(const struct xn_history_result *result, unsigned column)
{
	json_t *values = json_array();

	for (unsigned row = 0; row < result->rows; row++) {
		double value = result->values[(size_t)row * result->columns + column];

		json_array_append_new(
		    values, isfinite(value) ? json_real(round(value * 1000) / 1000) : json_null());
	}
	return values;
}

static void
on_fetched(void *context, const struct xn_history_result *result, const struct xn_error *err)
{
	struct fetch *fetch = context;
	json_t *times, *columns;

	if (err != NULL) {
		xn_api_fail(fetch->request, err);
		free(fetch);
		return;
	}
	times = json_array();
	columns = json_object();
	for (unsigned row = 0; row < result->rows; row++)
		json_array_append_new(times, json_integer(result->times_s[row]));
	for (unsigned column = 0; column < result->columns; column++)
		json_object_set_new(
		    columns, fetch->series->columns[column], column_of(result, column));
	xn_api_json(
	    fetch->request, 200, json_pack("{s:o, s:o}", "times", times, "series", columns));
	free(fetch);
}

/* "site" or "rack:NAME"; XN_NONE. */
static uint32_t
series_of(const struct xn_topology *topology, const char *name)
{
	if (name == NULL || strcmp(name, "site") == 0)
		return 0;
	if (strncmp(name, "rack:", 5) != 0)
		return XN_NONE;
	for (uint32_t i = 0; i < topology->rack_count; i++)
		if (strcmp(topology->racks[i].name, name + 5) == 0)
			return i + 1;
	return XN_NONE;
}

void
xn_api_history(struct xn_call *call)
{
	struct xn_daemon *daemon = call->daemon;
	const char *points = xn_http_query(call->request, "points");
	long wanted = points == NULL ? 600 : strtol(points, NULL, 10);
	struct xn_history_query query;
	struct fetch *fetch;
	xn_instant from, to;

	query.series = series_of(&daemon->map.topology, xn_http_query(call->request, "series"));
	if (query.series == XN_NONE) {
		xn_api_error(call->request, 404, "not-found", "series: site or rack:NAME");
		return;
	}
	if (wanted < 1 || wanted > XN_HISTORY_POINTS_MAX) {
		xn_api_error(call->request, 400, "bad-points", "points: 1 to 2000");
		return;
	}
	if (!read_span(call, &from, &to))
		return;
	query.from_s = from.ms / 1000;
	query.to_s = to.ms / 1000 > query.from_s ? to.ms / 1000 : query.from_s + 1;
	query.points = (unsigned)wanted;
	fetch = malloc(sizeof(*fetch));
	if (fetch == NULL)
		abort();
	*fetch = (struct fetch){call->request, &daemon->series[query.series]};
	if (!xn_history_fetch(daemon->history, &query, on_fetched, fetch)) {
		free(fetch);
		xn_api_error(
		    call->request, 503, "busy", "too many graphs are being read: try again");
	}
}
