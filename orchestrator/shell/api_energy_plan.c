/* Applying an energy plan: checked, stored with its text, and written to the audit trail. */
#include "orchestrator/shell/api.h"

#include <stdio.h>

#include "common/yaml.h"
#include "policies/energy_plan.h"

#define ARENA_SIZE ((size_t)256 << 20) /* address space: 1 MiB of text, its tree, the plan */

/* The plan is the first document; the files that it names follow it. */
static const struct xn_energy_plan *
compile(struct xn_call *call, struct xn_arena *arena, struct xn_problems *problems)
{
	struct xn_source *source = xn_new(arena, struct xn_source, 1);
	const struct xn_yaml *documents;

	*source = (struct xn_source){
	    .path = "energy-plan.yaml", .bytes = call->request->body, .size = call->request->size};
	documents = xn_yaml_read_text(arena, source, problems);
	if (documents->first == NULL || problems->count > 0)
		return NULL;
	return xn_energy_plan_compile(arena, documents->first, problems);
}

static int
store(
    struct xn_call *call, const struct xn_energy_plan *plan, const char *text, struct xn_error *err)
{
	struct xn_store *into = call->daemon->store;
	xn_instant now = call->daemon->engine.now;
	char said[XN_SENTENCE_SIZE];
	int result = xn_store_begin(into, err);

	if (result != XN_OK)
		return result;
	snprintf(said, sizeof(said), "energy plan %s is applied", xn_energy_plan_name(plan));
	result = xn_store_energy_plan(into, now, xn_energy_plan_name(plan), call->actor,
	    xn_energy_plan_from(plan), xn_energy_plan_to(plan), text, err);
	if (result == XN_OK)
		result = xn_store_audit(into, now, call->actor, "energy-plan", said, err);
	if (result == XN_OK)
		result = xn_store_commit(into, err);
	if (result != XN_OK)
		xn_store_rollback(into);
	return result;
}

static int
apply(struct xn_call *call, struct xn_arena *arena, const struct xn_energy_plan *plan,
    struct xn_error *err)
{
	xn_duration interval = call->daemon->map.topology.interval;
	char border[8];

	if (!xn_energy_plan_fits(plan, interval, border))
		return xn_fail(err, XN_EREFUSED,
		    "%s does not lie on the interval of %lld min: set control.interval to one that "
		    "divides it",
		    border, (long long)(interval.ms / 60000));
	return store(
	    call, plan, xn_text_copy(arena, call->request->body, call->request->size), err);
}

void
xn_api_energy_plan_put(struct xn_call *call)
{
	struct xn_arena arena;
	struct xn_problems problems;
	const struct xn_energy_plan *plan;
	struct xn_error err = {.code = XN_OK};

	xn_arena_map(&arena, ARENA_SIZE);
	xn_problems_init(&problems, &arena);
	plan = compile(call, &arena, &problems);
	if (plan == NULL || problems.count > 0)
		xn_api_problems(
		    call->request, "the energy plan has problems; nothing was changed", &problems);
	else if (apply(call, &arena, plan, &err) != XN_OK)
		xn_api_fail(call->request, &err);
	else
		xn_api_json(call->request, 200,
		    json_pack("{s:o, s:s}", "name", xn_json_name(xn_energy_plan_name(plan)), "text",
			"applied"));
	xn_arena_unmap(&arena);
}
