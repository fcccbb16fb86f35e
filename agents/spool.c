#include "agents/spool.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/spool_files.h"

#define SEGMENTS_MAX 4096
#define SCHEMAS_MAX  64
#define NAME_SIZE    32
#define HELLO_MAX    (4u << 20)
#define BOOT_SIZE    19 /* sixteen digits, blank, C or D, newline */
#define BOOT_MARK    17 /* where the C or D stands */
/* More frames than memory holds were never given out at once, so this is past them all. */
#define SKIP_AHEAD   (UINT64_C(1) << 20)

struct segment {
	uint64_t first; /* its name; no frame in it is older */
	uint64_t last;  /* first - 1: empty */
	uint64_t bytes;
};

struct kept { /* a frame in memory while the disk is full */
	uint8_t *bytes;
	size_t size;
	uint64_t sequence;
	uint32_t schema;
};

struct schema {
	uint32_t schema;
	uint64_t last; /* the last sequence that needs it */
};

struct xn_spool {
	struct xn_spool_limits limits;
	struct xn_spool_state state;
	int dir_fd, boot_fd;
	int active_fd; /* of the last segment; -1: none yet */
	struct segment segments[SEGMENTS_MAX];
	unsigned segment_count;
	uint64_t synced_bytes; /* of the last segment: safe against a power cut */
	bool roll;             /* the last segment is damaged: begin another */
	struct kept *kept;     /* ring of limits.memory_frames */
	unsigned kept_first, kept_count;
	struct schema schemas[SCHEMAS_MAX];
	unsigned schema_count;
	uint32_t current; /* schema whose hello was saved last */
	char *hello;      /* its text, also when the disk is too full to hold it */
	/* Where the last read ended, so that the next one need not search. */
	uint64_t read_segment, read_offset, read_sequence;
	struct xn_frame scratch;
	uint8_t chunk[XN_FRAME_BYTES_MAX];
};

static void
segment_name(uint64_t first, char ret_name[NAME_SIZE])
{
	snprintf(ret_name, NAME_SIZE, "%020" PRIu64 ".seg", first);
}

static void
hello_name(uint32_t schema, char ret_name[NAME_SIZE])
{
	snprintf(ret_name, NAME_SIZE, "hello-%08x.json", schema);
}

static struct segment *
active(struct xn_spool *spool)
{
	return spool->segment_count > 0 ? &spool->segments[spool->segment_count - 1] : NULL;
}

/* ---- opening ---- */

static int
by_first(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static void
note_schema(struct xn_spool *spool, uint32_t schema, uint64_t last)
{
	for (unsigned i = 0; i < spool->schema_count; i++)
		if (spool->schemas[i].schema == schema) {
			spool->schemas[i].last = last;
			return;
		}
	if (spool->schema_count < SCHEMAS_MAX)
		spool->schemas[spool->schema_count++] =
		    (struct schema){.schema = schema, .last = last};
}

static void
note_file(struct xn_spool *spool, const char *name)
{
	struct stat status;
	uint32_t schema;
	uint64_t first;
	char exact[NAME_SIZE];

	if (sscanf(name, "%20" SCNu64 ".seg", &first) == 1 && first > 0) {
		segment_name(first, exact);
		if (strcmp(exact, name) == 0 && spool->segment_count < SEGMENTS_MAX &&
		    fstatat(spool->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			spool->segments[spool->segment_count++] = (struct segment){
			    .first = first, .last = first - 1, .bytes = (uint64_t)status.st_size};
	} else if (sscanf(name, "hello-%8" SCNx32 ".json", &schema) == 1) {
		note_schema(spool, schema, UINT64_MAX);
	}
}

static int
list_files(struct xn_spool *spool, struct xn_error *err)
{
	int fd = openat(spool->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL)
		return xn_fail(err, XN_ESYSTEM, "spool: %s", strerror(errno));
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		note_file(spool, entry->d_name);
	closedir(dir);
	qsort(spool->segments, spool->segment_count, sizeof(spool->segments[0]), by_first);
	for (unsigned i = 0; i + 1 < spool->segment_count; i++)
		spool->segments[i].last = spool->segments[i + 1].first - 1;
	return XN_OK;
}

/* Finds the last whole frame of the last segment and cuts off what is behind it (invariant 3). */
static int
recover(struct xn_spool *spool, struct xn_error *err)
{
	struct segment *last = active(spool);
	char name[NAME_SIZE];
	uint8_t *bytes;
	unsigned count;
	size_t good = 0;

	if (last == NULL)
		return XN_OK;
	segment_name(last->first, name);
	spool->active_fd = openat(spool->dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bytes = last->bytes > UINT32_MAX ? NULL : malloc(last->bytes + 1);
	if (spool->active_fd < 0 || bytes == NULL ||
	    xn_file_read_at(spool->active_fd, bytes, last->bytes, 0) < 0) {
		free(bytes);
		return xn_fail(err, XN_ESYSTEM, "spool: %s: %s", name, strerror(errno));
	}
	good = xn_spool_scan(bytes, last->bytes, &spool->scratch, &count);
	if (good < last->bytes && ftruncate(spool->active_fd, (off_t)good) != 0) {
		free(bytes);
		return xn_fail(err, XN_ESYSTEM, "spool: %s: %s", name, strerror(errno));
	}
	if (count > 0) { /* scratch may hold the head of a refused frame: read the last again */
		struct xn_reader in = {.at = bytes, .left = good};

		while (in.left > 0 && xn_frame_decode(&in, &spool->scratch, NULL) == XN_OK)
			last->last = spool->scratch.sequence;
		spool->state.boot = spool->scratch.boot;
	}
	free(bytes);
	last->bytes = good;
	spool->state.next = last->last + 1;
	return XN_OK;
}

static int
write_boot(struct xn_spool *spool, char mark, struct xn_error *err)
{
	char text[BOOT_SIZE + 1];

	snprintf(text, sizeof(text), "%016" PRIx64 " %c\n", spool->state.boot, mark);
	if (!xn_file_write_at(spool->boot_fd, text, BOOT_SIZE, 0) || fsync(spool->boot_fd) != 0 ||
	    fsync(spool->dir_fd) != 0)
		return xn_fail(err, XN_EFULL, "spool: boot: %s", strerror(errno));
	return XN_OK;
}

static int
read_boot(struct xn_spool *spool, struct xn_error *err)
{
	char text[BOOT_SIZE + 1] = {0};
	char mark = 'C';
	uint64_t boot = 0;

	spool->boot_fd = openat(spool->dir_fd, "boot", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (spool->boot_fd < 0)
		return xn_fail(err, XN_ESYSTEM, "spool: boot: %s", strerror(errno));
	if (flock(spool->boot_fd, LOCK_EX | LOCK_NB) != 0) /* invariant 4 */
		return xn_fail(err, XN_EREFUSED, "spool: another agent is using it");
	if (xn_file_read_at(spool->boot_fd, text, BOOT_SIZE, 0) == BOOT_SIZE &&
	    sscanf(text, "%16" SCNx64 " %c", &boot, &mark) == 2 && boot != 0) {
		spool->state.boot = boot;
		if (mark == 'D') /* what was sent from memory must not be said twice */
			spool->state.next += SKIP_AHEAD;
	} else if (spool->state.boot == 0) {
		while (spool->state.boot == 0)
			if (getrandom(&spool->state.boot, sizeof(spool->state.boot), 0) < 0)
				return xn_fail(err, XN_ESYSTEM, "spool: %s", strerror(errno));
	}
	return write_boot(spool, 'C', err);
}

static void
settle(struct xn_spool *spool)
{
	struct segment *last = active(spool);

	spool->synced_bytes = last != NULL ? last->bytes : 0;
	spool->state.bytes = 0;
	for (unsigned i = 0; i < spool->segment_count; i++)
		spool->state.bytes += spool->segments[i].bytes;
	if (spool->segment_count > 0)
		spool->state.durable = spool->segments[0].first - 1; /* at least */
	for (unsigned i = 0; i < spool->schema_count; i++)
		spool->schemas[i].last = spool->state.next - 1;
	xn_spool_last_schema(spool, &spool->current);
}

static int
open_files(struct xn_spool *spool, const char *dir, struct xn_error *err)
{
	int result;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return xn_fail(err, XN_ESYSTEM, "spool: %s: %s", dir, strerror(errno));
	spool->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool->dir_fd < 0)
		return xn_fail(err, XN_ESYSTEM, "spool: %s: %s", dir, strerror(errno));
	spool->kept = calloc(spool->limits.memory_frames, sizeof(spool->kept[0]));
	if (spool->kept == NULL)
		return xn_fail(err, XN_ESYSTEM, "spool: no memory");
	result = list_files(spool, err);
	if (result == XN_OK)
		result = recover(spool, err);
	if (result == XN_OK)
		result = read_boot(spool, err);
	return result;
}

int
xn_spool_open(struct xn_spool **ret_spool, const char *dir, struct xn_spool_limits limits,
    struct xn_error *err)
{
	struct xn_spool *spool = calloc(1, sizeof(*spool));
	int result;

	if (spool == NULL)
		return xn_fail(err, XN_ESYSTEM, "spool: no memory");
	spool->limits = limits;
	spool->dir_fd = spool->boot_fd = spool->active_fd = -1;
	spool->state.next = 1;
	result = open_files(spool, dir, err);
	if (result < 0) {
		xn_spool_close(spool);
		return result;
	}
	settle(spool);
	*ret_spool = spool;
	return XN_OK;
}

void
xn_spool_close(struct xn_spool *spool)
{
	if (spool == NULL)
		return;
	for (unsigned i = 0; i < spool->kept_count; i++)
		free(spool->kept[(spool->kept_first + i) % spool->limits.memory_frames].bytes);
	free(spool->kept);
	free(spool->hello);
	if (spool->active_fd >= 0)
		close(spool->active_fd);
	if (spool->boot_fd >= 0)
		close(spool->boot_fd);
	if (spool->dir_fd >= 0)
		close(spool->dir_fd);
	free(spool);
}

struct xn_spool_state
xn_spool_state(const struct xn_spool *spool)
{
	struct xn_spool_state state = spool->state;

	state.waiting = state.next - 1 - state.durable;
	return state;
}

/* ---- removing ---- */

static void
remove_oldest(struct xn_spool *spool)
{
	char name[NAME_SIZE];

	assert(spool->segment_count > 1);
	segment_name(spool->segments[0].first, name);
	unlinkat(spool->dir_fd, name, 0);
	spool->state.bytes -= spool->segments[0].bytes;
	spool->segment_count--;
	memmove(&spool->segments[0], &spool->segments[1],
	    spool->segment_count * sizeof(spool->segments[0]));
}

/* Frames of an interval of sequences that are given up although nobody has them. */
static void
count_dropped(struct xn_spool *spool, uint64_t first, uint64_t last)
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
		spool->segment_count == SEGMENTS_MAX)) {
		count_dropped(spool, spool->segments[0].first, spool->segments[0].last);
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
	char name[NAME_SIZE];

	for (unsigned i = 0; i < spool->schema_count; i++) {
		struct schema schema = spool->schemas[i];

		/* The current one stays: it is what the agent starts with next time. */
		if (schema.schema != spool->current && schema.last <= spool->state.durable) {
			hello_name(schema.schema, name);
			unlinkat(spool->dir_fd, name, 0);
			continue;
		}
		spool->schemas[left++] = schema;
	}
	spool->schema_count = left;
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
	remove_old_hellos(spool);
}

/* ---- writing ---- */

static bool
sync_active(struct xn_spool *spool)
{
	struct segment *last = active(spool);

	if (last == NULL)
		return true;
	if (fdatasync(spool->active_fd) != 0)
		return false;
	spool->synced_bytes = last->bytes;
	return true;
}

static struct segment *
begin_segment(struct xn_spool *spool, uint64_t first)
{
	struct segment *begun = &spool->segments[spool->segment_count];
	char name[NAME_SIZE];
	int fd;

	if (!sync_active(spool))
		return NULL;
	segment_name(first, name);
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
	*begun = (struct segment){.first = first, .last = first - 1};
	return begun;
}

/* The segment that takes `size` more bytes. */
static struct segment *
segment_for(struct xn_spool *spool, size_t size, uint64_t sequence)
{
	struct segment *last;

	keep_cap(spool, size);
	last = active(spool);
	if (last == NULL || spool->roll ||
	    (last->bytes > 0 && last->bytes + size > spool->limits.segment_bytes))
		return begin_segment(spool, sequence);
	return last;
}

static bool
write_record(struct xn_spool *spool, const uint8_t *bytes, size_t size, uint64_t sequence)
{
	struct segment *last = segment_for(spool, size, sequence);

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
		struct kept *kept = &spool->kept[spool->kept_first];

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
	struct kept *kept;

	if (!spool->state.full)
		xn_file_write_at(spool->boot_fd, "D", 1, BOOT_MARK); /* in place: needs no room */
	spool->state.full = true;
	if (spool->kept_count == spool->limits.memory_frames) {
		uint64_t oldest = spool->kept[spool->kept_first].sequence;

		count_dropped(spool, oldest, oldest);
		forget_oldest_kept(spool);
	}
	kept = &spool->kept[(spool->kept_first + spool->kept_count) % spool->limits.memory_frames];
	*kept = (struct kept){.bytes = malloc(size),
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
	note_schema(spool, frame->schema, frame->sequence);
	if (!write_kept(spool) || !write_record(spool, out.base, out.used, frame->sequence)) {
		spool->scratch.sequence = frame->sequence;
		spool->scratch.schema = frame->schema;
		return keep(spool, out.base, out.used, err);
	}
	if (spool->state.full && sync_active(spool)) {
		spool->state.full = false;
		write_boot(spool, 'C', NULL);
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

/* ---- reading ---- */

/* Adds a frame to the batch; false when it is of another schema or does not fit: the batch is done.
 */
static bool
take(const struct xn_frame *frame, const uint8_t *bytes, size_t length, uint8_t *buffer,
    size_t size, struct xn_spool_batch *batch)
{
	if (batch->count > 0 && frame->schema != batch->schema)
		return false;
	if (length > size - batch->used)
		return false;
	memcpy(buffer + batch->used, bytes, length);
	batch->used += length;
	batch->count++;
	batch->last = frame->sequence;
	batch->schema = frame->schema;
	return true;
}

/* Takes the frames of the piece in chunk; false when the batch is done. */
static bool
take_piece(struct xn_spool *spool, const struct segment *segment, size_t got, uint64_t after,
    uint8_t *buffer, size_t size, struct xn_spool_batch *batch)
{
	struct xn_reader in = {.at = spool->chunk, .left = got};
	const uint8_t *at = in.at;

	while (xn_frame_decode(&in, &spool->scratch, NULL) == XN_OK) {
		size_t length = (size_t)(in.at - at);

		if (spool->scratch.sequence > after &&
		    !take(&spool->scratch, at, length, buffer, size, batch))
			return false;
		at = in.at;
		spool->read_segment = segment->first;
		spool->read_offset += length;
		spool->read_sequence = spool->scratch.sequence;
	}
	return true;
}

/* What lies behind a damaged place cannot be trusted: the segment ends here from now on. */
static void
cut_damage(struct xn_spool *spool, struct segment *segment)
{
	uint64_t last = segment->first - 1;

	if (spool->read_segment == segment->first && spool->read_offset > 0)
		last = spool->read_sequence;
	count_dropped(spool, last + 1, segment->last);
	if (segment == active(spool)) {
		spool->roll = true;
		spool->synced_bytes = spool->read_offset;
	}
	spool->state.bytes -= segment->bytes - spool->read_offset;
	segment->bytes = spool->read_offset;
	segment->last = last;
}

/* Reads on in one segment; false when the batch is done, true at the segment's end. */
static bool
read_segment(struct xn_spool *spool, int fd, struct segment *segment, uint64_t after,
    uint8_t *buffer, size_t size, struct xn_spool_batch *batch)
{
	uint64_t limit = segment == active(spool) ? spool->synced_bytes : segment->bytes;

	if (spool->read_segment != segment->first || spool->read_sequence > after)
		spool->read_offset = 0;
	while (spool->read_offset < limit) {
		uint64_t want = limit - spool->read_offset;
		uint64_t before = spool->read_offset;
		int64_t got;

		if (want > sizeof(spool->chunk))
			want = sizeof(spool->chunk);
		got = xn_file_read_at(fd, spool->chunk, (size_t)want, before);
		if (!take_piece(
			spool, segment, got < 0 ? 0 : (size_t)got, after, buffer, size, batch))
			return false;
		if (spool->read_offset == before) { /* not one whole frame in the largest piece */
			cut_damage(spool, segment);
			return true;
		}
	}
	return true;
}

static void
read_kept(struct xn_spool *spool, uint64_t after, uint8_t *buffer, size_t size,
    struct xn_spool_batch *batch)
{
	for (unsigned i = 0; i < spool->kept_count; i++) {
		const struct kept *kept =
		    &spool->kept[(spool->kept_first + i) % spool->limits.memory_frames];

		spool->scratch.sequence = kept->sequence;
		spool->scratch.schema = kept->schema;
		if (kept->sequence > after &&
		    !take(&spool->scratch, kept->bytes, kept->size, buffer, size, batch))
			return;
	}
}

int
xn_spool_read(struct xn_spool *spool, uint64_t after, uint8_t *buffer, size_t size,
    struct xn_spool_batch *ret_batch, struct xn_error *err)
{
	*ret_batch = (struct xn_spool_batch){0};
	for (unsigned i = 0; i < spool->segment_count; i++) {
		struct segment *segment = &spool->segments[i];
		char name[NAME_SIZE];
		bool more;
		int fd;

		if (segment->last <= after || segment->last < segment->first)
			continue;
		segment_name(segment->first, name);
		fd = openat(spool->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return xn_fail(err, XN_ESYSTEM, "spool: %s: %s", name, strerror(errno));
		more = read_segment(spool, fd, segment, after, buffer, size, ret_batch);
		close(fd);
		if (!more)
			return XN_OK;
	}
	if (active(spool) == NULL || active(spool)->bytes == spool->synced_bytes)
		read_kept(spool, after, buffer, size, ret_batch);
	return XN_OK;
}

/* ---- hellos ---- */

int
xn_spool_save_hello(struct xn_spool *spool, uint32_t schema, const char *json, struct xn_error *err)
{
	char *copy = strdup(json);
	char name[NAME_SIZE];
	char hex[16];
	int result;

	if (copy == NULL)
		return xn_fail(err, XN_ESYSTEM, "spool: no memory");
	free(spool->hello);
	spool->hello = copy;
	spool->current = schema;
	note_schema(spool, schema, spool->state.next - 1);
	hello_name(schema, name);
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
	char name[NAME_SIZE];

	if (spool->hello != NULL && spool->current == schema) {
		*ret_json = strdup(spool->hello);
		return *ret_json != NULL ? XN_OK : xn_fail(err, XN_ESYSTEM, "spool: no memory");
	}
	hello_name(schema, name);
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
