/*
 * State <-> bytes. The tables go as they lie in memory, after a head that says how they lie there
 * and for which topology; a CRC ends it. A build with another layout, or a site with another
 * topology, refuses the bytes and replays its journal from the beginning instead.
 */
#include "orchestrator/core/core.h"

#include <assert.h>

#include "common/crc32c.h"
#include "orchestrator/core/inventory.h"

#define MAGIC          UINT32_C(0x584e4331) /* "XNC1" */
#define PATH_BYTES_MAX 4096u

struct span {
	void *base;
	size_t size;
};

#define SPANS 5

static void
tables(struct xn_core *core, struct span spans[SPANS])
{
	spans[0] = (struct span){core, sizeof(*core)};
	spans[1] = (struct span){core->racks, core->topology->rack_count * sizeof(*core->racks)};
	spans[2] = (struct span){core->meters, core->topology->meter_count * sizeof(*core->meters)};
	spans[3] = (struct span){core->hosts, core->topology->host_count * sizeof(*core->hosts)};
	spans[4] = (struct span){core->vms, core->vm_capacity * sizeof(*core->vms)};
}

/* Changes with the size of any table's row. */
static uint32_t
layout(const struct xn_core *core)
{
	uint32_t sizes[] = {(uint32_t)sizeof(struct xn_core), (uint32_t)sizeof(struct xn_rack),
	    (uint32_t)sizeof(struct xn_meter), (uint32_t)sizeof(struct xn_host),
	    (uint32_t)sizeof(struct xn_vm), (uint32_t)sizeof(struct xn_plan), core->vm_capacity,
	    core->topology->rack_count, core->topology->meter_count, core->topology->host_count,
	    9 /* raise when a field changes its meaning but not its size */};

	return xn_crc32c(0, sizes, sizeof(sizes));
}

static size_t
tables_size(const struct xn_core *core)
{
	return sizeof(struct xn_core) + core->topology->rack_count * sizeof(struct xn_rack) +
	    core->topology->meter_count * sizeof(struct xn_meter) +
	    core->topology->host_count * sizeof(struct xn_host) +
	    core->vm_capacity * sizeof(struct xn_vm);
}

size_t
xn_core_save_size(const struct xn_core *core)
{
	size_t policy = 0;

	if (core->policy != NULL)
		policy = xn_policy_source(core->policy)->size + PATH_BYTES_MAX;
	return tables_size(core) + policy + 64;
}

void
xn_core_save(const struct xn_core *core, struct xn_writer *out)
{
	size_t start = out->used;
	const struct xn_source *source =
	    core->policy == NULL ? NULL : xn_policy_source(core->policy);
	size_t path = source == NULL ? 0 : strnlen(source->path, PATH_BYTES_MAX - 1) + 1;

	xn_write_u32(out, MAGIC);
	xn_write_u32(out, layout(core));
	xn_write_u64(out, core->topology->fingerprint);
	xn_write_bytes(out, core, sizeof(*core));
	xn_write_bytes(out, core->racks, core->topology->rack_count * sizeof(*core->racks));
	xn_write_bytes(out, core->meters, core->topology->meter_count * sizeof(*core->meters));
	xn_write_bytes(out, core->hosts, core->topology->host_count * sizeof(*core->hosts));
	xn_write_bytes(out, core->vms, core->vm_capacity * sizeof(*core->vms));
	xn_write_u32(out, (uint32_t)path);
	xn_write_u32(out, source == NULL ? 0 : (uint32_t)source->size);
	if (source != NULL) {
		xn_write_bytes(out, source->path, path - 1);
		xn_write_u8(out, 0);
		xn_write_bytes(out, source->bytes, source->size);
	}
	if (!out->full)
		xn_write_u32(out, xn_crc32c(0, out->base + start, out->used - start));
}

/* The policy's text after the tables; false if the bytes are wrong. */
static bool
read_policy(struct xn_reader *in, struct xn_source *ret_policy)
{
	uint32_t path = xn_read_u32(in);
	uint32_t size = xn_read_u32(in);
	const uint8_t *path_at = xn_read_bytes(in, path);
	const uint8_t *text_at = xn_read_bytes(in, size);

	*ret_policy = (struct xn_source){0};
	if (in->short_ || path > PATH_BYTES_MAX || (path > 0 && path_at[path - 1] != '\0'))
		return false;
	if (path > 0)
		*ret_policy = (struct xn_source){
		    .path = (const char *)path_at, .bytes = (const char *)text_at, .size = size};
	return true;
}

/* Whether the bytes are a whole snapshot of this layout and topology; moves past them. */
static int
check(const struct xn_core *core, struct xn_reader *in, const uint8_t **ret_tables,
    struct xn_source *ret_policy, struct xn_error *err)
{
	const uint8_t *start = in->at;
	uint32_t magic = xn_read_u32(in);
	uint32_t lay = xn_read_u32(in);
	uint64_t fingerprint = xn_read_u64(in);
	size_t size;

	if (in->short_ || magic != MAGIC)
		return xn_fail(err, XN_EINVALID, "not a snapshot");
	if (lay != layout(core))
		return xn_fail(err, XN_EINVALID, "a snapshot of another version");
	if (fingerprint != core->topology->fingerprint)
		return xn_fail(err, XN_EINVALID, "a snapshot of another site configuration");
	*ret_tables = xn_read_bytes(in, tables_size(core));
	if (!read_policy(in, ret_policy))
		return xn_fail(err, XN_EINVALID, "snapshot is cut short");
	size = (size_t)(in->at - start);
	if (xn_read_u32(in) != xn_crc32c(0, start, size) || in->short_)
		return xn_fail(err, XN_EINVALID, "snapshot is damaged");
	return XN_OK;
}

int
xn_core_load(
    struct xn_core *core, struct xn_reader *in, struct xn_source *ret_policy, struct xn_error *err)
{
	const struct xn_topology *topology = core->topology;
	struct xn_arena *scratch = core->scratch;
	struct xn_rack *racks = core->racks;
	struct xn_meter *meters = core->meters;
	struct xn_host *hosts = core->hosts;
	struct xn_vm *vms = core->vms;
	uint32_t *vm_index = core->vm_index;
	struct span spans[SPANS];
	const uint8_t *at = NULL;

	if (check(core, in, &at, ret_policy, err) < 0)
		return err != NULL ? (int)err->code : XN_EINVALID;
	tables(core, spans);
	for (int s = 0; s < SPANS; s++) {
		if (spans[s].size > 0)
			memcpy(spans[s].base, at, spans[s].size);
		at += spans[s].size;
	}
	core->topology = topology;
	core->scratch = scratch;
	core->racks = racks;
	core->meters = meters;
	core->hosts = hosts;
	core->vms = vms;
	core->vm_index = vm_index;
	core->policy = NULL;
	xn_inventory_index(core);
	assert(core->vm_count <= core->vm_capacity);
	return XN_OK;
}
