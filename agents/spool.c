#include "agents/spool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/spool_files.h"
#include "agents/spool_state.h"

#define HELLO_MAX   (4u << 20)
/* Below this a last segment that nobody needs is left alone: an hour of a rack. */
#define RENEW_BYTES (512u << 10)

struct xn_spool_state
xn_spool_state(const struct xn_spool *spool)
{
	struct xn_spool_state state = spool->state;

	state.waiting = state.next - 1 - state.durable;
	return state;
}

void
xn_spool_note_schema(struct xn_spool *spool, uint32_t schema, uint64_t last)
{
	for (unsigned i = 0; i < spool->schema_count; i++)
		if (spool->schemas[i].schema == schema) {
			spool->schemas[i].last = last;
			return;
		}
	if (spool->schema_count < XN_SPOOL_SCHEMAS_MAX)
		spool->schemas[spool->schema_count++] =
		    (struct xn_spool_schema){.schema = schema, .last = last};
}

static void
remove_oldest(struct xn_spool *spool)
{
	char name[XN_SPOOL_NAME_SIZE];

	assert(spool->segment_count > 1);
	xn_spool_segment_name(spool->segments[0].first, name);
	unlinkat(spool->dir_fd, name, 0);
	spool->state.bytes -= spool->segments[0].bytes;
	spool->segment_count--;
	memmove(&spool->segments[0], &spool->segments[1],
	    spool->segment_count * sizeof(spool->segments[0]));
}

void
xn_spool_count_dropped(struct xn_spool *spool, uint64_t first, uint64_t last)
{
	if (first <= spool->state.durable)
		first = spool->state.durable + 1;
	if (last >= first)
		spool->state.dropped += last - first + 1;
}

static void
keep_cap(struct xn_spool *spool, size_t more)
{
	while (spool->segment_count > 1 &&
	    (spool->state.bytes + more > spool->limits.bytes_max ||
		spool->segment_count == XN_SPOOL_SEGMENTS_MAX)) {
		xn_spool_count_dropped(spool, spool->segments[0].first, spool->segments[0].last);
		remove_oldest(spool);
	}
}

static void
forget_oldest_kept(struct xn_spool *spool)
{
	free(spool->kept[spool->kept_first].bytes);
	spool->kept_first = (spool->kept_first + 1) % spool->limits.memory_frames;
	spool->kept_count--;
}

static void
remove_old_hellos(struct xn_spool *spool)
{
	unsigned left = 0;
	char name[XN_SPOOL_NAME_SIZE];

	for (unsigned i = 0; i < spool->schema_count; i++) {
		struct xn_spool_schema schema = spool->schemas[i];

		/* The current one stays: it is what the agent starts with next time. */
		if (schema.schema != spool->current && schema.last <= spool->state.durable) {
			xn_spool_hello_name(schema.schema, name);
			unlinkat(spool->dir_fd, name, 0);
			continue;
		}
		spool->schemas[left++] = schema;
	}
	spool->schema_count = left;
}

/*
 * Begins the last segment anew when nobody needs it any more, so that a spool stays small and a
 * full disk gets room. Its name is changed first: whatever happens, it never promises an old
 * sequence.
 */
static void
renew_active(struct xn_spool *spool)
{
	struct xn_spool_segment *last = xn_spool_active(spool);
	bool worth = spool->state.full || (last != NULL && last->bytes > RENEW_BYTES);
	char old[XN_SPOOL_NAME_SIZE], renewed[XN_SPOOL_NAME_SIZE];

	if (last == NULL || !worth || last->bytes == 0 || last->last > spool->state.durable)
		return;
	xn_spool_segment_name(last->first, old);
	xn_spool_segment_name(last->last + 1, renewed);
	if (renameat(spool->dir_fd, old, spool->dir_fd, renewed) != 0)
		return;
	last->first = last->last + 1;
	if (fsync(spool->dir_fd) != 0 || ftruncate(spool->active_fd, 0) != 0)
		return; /* as it was, under its new name */
	spool->state.bytes -= last->bytes;
	spool->synced_bytes = 0;
	spool->read_segment = 0;
	last->bytes = 0;
}

void
xn_spool_durable(struct xn_spool *spool, uint64_t durable)
{
	if (durable > spool->state.durable)
		spool->state.durable = durable;
	/* The peer has more than we remember giving: a power cut took our tail (invariant 1). */
	if (durable >= spool->state.next)
		spool->state.next = durable + 1;
	while (spool->segment_count > 1 && spool->segments[0].last <= durable)
		remove_oldest(spool);
	while (spool->kept_count > 0 && spool->kept[spool->kept_first].sequence <= durable)
		forget_oldest_kept(spool);
	renew_active(spool);
	remove_old_hellos(spool);
}

/* ---- writing ---- */

static bool
sync_active(struct xn_spool *spool)
{
	struct xn_spool_segment *last = xn_spool_active(spool);

	if (last == NULL)
		return true;
	if (fdatasync(spool->active_fd) != 0)
		return false;
	spool->synced_bytes = last->bytes;
	return true;
}

static struct xn_spool_segment *
begin_segment(struct xn_spool *spool, uint64_t first)
{
	struct xn_spool_segment *begun = &spool->segments[spool->segment_count];
	char name[XN_SPOOL_NAME_SIZE];
	int fd;

	if (!sync_active(spool))
		return NULL;
	xn_spool_segment_name(first, name);
	fd = openat(spool->dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	if (fsync(spool->dir_fd) != 0) {
		close(fd);
		return NULL;
	}
	if (spool->active_fd >= 0)
		close(spool->active_fd);
	spool->active_fd = fd;
	spool->segment_count++;
	spool->synced_bytes = 0;
	spool->roll = false;
	*begun = (struct xn_spool_segment){.first = first, .last = first - 1};
	return begun;
}

/* The segment that takes `size` more bytes. */
static struct xn_spool_segment *
segment_for(struct xn_spool *spool, size_t size, uint64_t sequence)
{
	struct xn_spool_segment *last;

	keep_cap(spool, size);
	last = xn_spool_active(spool);
	if (last == NULL || spool->roll ||
	    (last->bytes > 0 && last->bytes + size > spool->limits.segment_bytes))
		return begin_segment(spool, sequence);
	return last;
}

static bool
write_record(struct xn_spool *spool, const uint8_t *bytes, size_t size, uint64_t sequence)
{
	struct xn_spool_segment *last = segment_for(spool, size, sequence);

	if (last == NULL)
		return false;
	if (!xn_file_write_at(spool->active_fd, bytes, size, last->bytes)) {
		int why = errno;

		if (ftruncate(spool->active_fd, (off_t)last->bytes) != 0)
			return false; /* the next write or the next open mends it */
		errno = why;
		return false;
	}
	last->bytes += size;
	last->last = sequence;
	spool->state.bytes += size;
	return true;
}

/* Brings what waited in memory to disk, in order; false when it does not all fit. */
static bool
write_kept(struct xn_spool *spool)
{
	while (spool->kept_count > 0) {
		struct xn_spool_kept *kept = &spool->kept[spool->kept_first];

		if (!write_record(spool, kept->bytes, kept->size, kept->sequence))
			return false;
		forget_oldest_kept(spool);
	}
	return true;
}

static int
keep(struct xn_spool *spool, const uint8_t *bytes, size_t size, struct xn_error *err)
{
	const char *why = strerror(errno);
	struct xn_spool_kept *kept;

	if (!spool->state.full)
		xn_file_write_at(
		    spool->boot_fd, "D", 1, XN_SPOOL_BOOT_MARK); /* in place: needs no room */
	spool->state.full = true;
	if (spool->kept_count == spool->limits.memory_frames) {
		uint64_t oldest = spool->kept[spool->kept_first].sequence;

		xn_spool_count_dropped(spool, oldest, oldest);
		forget_oldest_kept(spool);
	}
	kept = &spool->kept[(spool->kept_first + spool->kept_count) % spool->limits.memory_frames];
	*kept = (struct xn_spool_kept){.bytes = malloc(size),
	    .size = size,
	    .sequence = spool->scratch.sequence,
	    .schema = spool->scratch.schema};
	if (kept->bytes == NULL) {
		spool->state.dropped++;
		return xn_fail(err, XN_EFULL, "spool: no room on disk or in memory");
	}
	memcpy(kept->bytes, bytes, size);
	spool->kept_count++;
	return xn_fail(err, XN_EFULL, "spool: %s; keeping frames in memory", why);
}

int
xn_spool_append(struct xn_spool *spool, struct xn_frame *frame, struct xn_error *err)
{
	struct xn_writer out = {.base = spool->chunk, .size = sizeof(spool->chunk)};

	frame->boot = spool->state.boot;
	frame->sequence = spool->state.next++;
	xn_frame_encode(frame, &out);
	assert(!out.full);
	xn_spool_note_schema(spool, frame->schema, frame->sequence);
	if (!write_kept(spool) || !write_record(spool, out.base, out.used, frame->sequence)) {
		spool->scratch.sequence = frame->sequence;
		spool->scratch.schema = frame->schema;
		return keep(spool, out.base, out.used, err);
	}
	if (spool->state.full && sync_active(spool)) {
		spool->state.full = false;
		xn_spool_write_boot(spool, 'C', NULL);
	}
	return XN_OK;
}

int
xn_spool_sync(struct xn_spool *spool, struct xn_error *err)
{
	if (!sync_active(spool))
		return xn_fail(err, XN_ESYSTEM, "spool: %s", strerror(errno));
	return XN_OK;
}

/* ---- hellos ---- */

int
xn_spool_save_hello(struct xn_spool *spool, uint32_t schema, const char *json, struct xn_error *err)
{
	char *copy = strdup(json);
	char name[XN_SPOOL_NAME_SIZE];
	char hex[16];
	int result;

	if (copy == NULL)
		return xn_fail(err, XN_ESYSTEM, "spool: no memory");
	free(spool->hello);
	spool->hello = copy;
	spool->current = schema;
	xn_spool_note_schema(spool, schema, spool->state.next - 1);
	xn_spool_hello_name(schema, name);
	result = xn_file_replace(spool->dir_fd, name, json, strlen(json), err);
	if (result < 0)
		return xn_wrap(err, "spool");
	snprintf(hex, sizeof(hex), "%08x\n", schema);
	result = xn_file_replace(spool->dir_fd, "schema", hex, strlen(hex), err);
	return result < 0 ? xn_wrap(err, "spool") : XN_OK;
}

int
xn_spool_load_hello(struct xn_spool *spool, uint32_t schema, char **ret_json, struct xn_error *err)
{
	char name[XN_SPOOL_NAME_SIZE];

	if (spool->hello != NULL && spool->current == schema) {
		*ret_json = strdup(spool->hello);
		return *ret_json != NULL ? XN_OK : xn_fail(err, XN_ESYSTEM, "spool: no memory");
	}
	xn_spool_hello_name(schema, name);
	return xn_file_load(spool->dir_fd, name, HELLO_MAX, ret_json, err);
}

bool
xn_spool_last_schema(struct xn_spool *spool, uint32_t *ret_schema)
{
	char *text = NULL;
	bool found;

	if (xn_file_load(spool->dir_fd, "schema", 16, &text, NULL) < 0)
		return false;
	found = sscanf(text, "%8" SCNx32, ret_schema) == 1;
	free(text);
	return found;
}
