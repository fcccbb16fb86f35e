#include "orchestrator/core/action.h"

#include <assert.h>

struct xn_action *
xn_act(struct xn_actions *actions, enum xn_action_kind kind)
{
	struct xn_action *action;

	assert(actions->count < XN_ACTIONS_MAX);
	action = &actions->items[actions->count++];
	memset(action, 0, sizeof(*action));
	action->kind = kind;
	return action;
}

void
xn_action_encode(const struct xn_action *action, struct xn_writer *out)
{
	assert(action->kind >= XN_ACT_MIGRATE && action->kind <= XN_ACT_LIST);
	xn_write_u8(out, (uint8_t)action->kind);
	xn_write_u64(out, action->virt.request);
	xn_write_bytes(out, action->virt.uuid.bytes, sizeof(action->virt.uuid.bytes));
	xn_write_u32(out, action->virt.host);
	xn_write_u32(out, action->virt.target);
	xn_write_u8(out, action->virt.paused);
	xn_write_u64(out, action->virt.generation);
	xn_write_i64(out, action->virt.deadline.ms);
}

int
xn_action_decode(struct xn_reader *in, struct xn_action *ret_action, struct xn_error *err)
{
	struct xn_action action = {0};
	uint8_t kind = xn_read_u8(in);
	const uint8_t *uuid;
	uint8_t paused;

	action.virt.request = xn_read_u64(in);
	uuid = xn_read_bytes(in, sizeof(action.virt.uuid.bytes));
	if (uuid != NULL)
		memcpy(action.virt.uuid.bytes, uuid, sizeof(action.virt.uuid.bytes));
	action.virt.host = xn_read_u32(in);
	action.virt.target = xn_read_u32(in);
	paused = xn_read_u8(in);
	action.virt.generation = xn_read_u64(in);
	action.virt.deadline.ms = xn_read_i64(in);

	if (in->short_)
		return xn_fail(err, XN_EINVALID, "request is cut short");
	if (kind < XN_ACT_MIGRATE || kind > XN_ACT_LIST)
		return xn_fail(err, XN_EINVALID, "request of unknown kind %d", (int)kind);
	if (paused > 1)
		return xn_fail(err, XN_EINVALID, "request with a flag of %d", (int)paused);
	action.kind = (enum xn_action_kind)kind;
	action.virt.paused = paused != 0;
	*ret_action = action;
	return XN_OK;
}
