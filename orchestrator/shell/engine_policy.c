#include "orchestrator/shell/engine_policy.h"

#include <string.h>

#define POLICY_ARENA ((size_t)128 << 20) /* address space: 1 MiB of text, its tree, the policy */

const struct xn_policy *
xn_policy_slot_compile(struct xn_policy_slot *slot, const char *path, const char *text, size_t size,
    struct xn_problems *problems)
{
	struct xn_source *source;
	const struct xn_yaml *documents;

	if (slot->tried.base != NULL)
		xn_arena_unmap(&slot->tried);
	slot->tried_policy = NULL;
	xn_arena_map(&slot->tried, POLICY_ARENA);
	source = xn_new(&slot->tried, struct xn_source, 1);
	source->path = xn_text_copy(&slot->tried, path, strlen(path));
	source->bytes = xn_text_copy(&slot->tried, text, size);
	source->size = size;
	documents = xn_yaml_read_text(&slot->tried, source, problems);
	if (documents == NULL || documents->first == NULL || problems->count > 0)
		return NULL;
	if (documents->first->next != NULL) {
		xn_problem_add(
		    problems, documents->first->next->mark, NULL, "a policy is one document");
		return NULL;
	}
	slot->tried_policy = xn_policy_compile(&slot->tried, documents->first, problems);
	if (problems->count > 0)
		slot->tried_policy = NULL;
	return slot->tried_policy;
}

void
xn_policy_slot_settle(struct xn_policy_slot *slot, const struct xn_core *core)
{
	if (slot->tried.base == NULL)
		return;
	if (slot->tried_policy != NULL && core->policy == slot->tried_policy) {
		xn_arena_unmap(&slot->applied);
		slot->applied = slot->tried;
		slot->applied_policy = slot->tried_policy;
		slot->tried = (struct xn_arena){0};
	} else {
		xn_arena_unmap(&slot->tried);
	}
	slot->tried_policy = NULL;
}

void
xn_policy_slot_free(struct xn_policy_slot *slot)
{
	xn_arena_unmap(&slot->tried);
	xn_arena_unmap(&slot->applied);
}
