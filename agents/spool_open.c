#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/spool_files.h"
#include "agents/spool_state.h"

/* Past all that can have been sent from memory: months of it. */
#define SKIP_AHEAD (UINT64_C(1) << 20)

static int
by_first(const void *a, const void *b)
{
	const struct xn_spool_segment *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static void
note_file(struct xn_spool *spool, const char *name)
{
	struct stat status;
	uint32_t schema;
	uint64_t first;
	char exact[XN_SPOOL_NAME_SIZE];

	if (sscanf(name, "%20" SCNu64 ".seg", &first) == 1 && first > 0) {
		xn_spool_segment_name(first, exact);
		if (strcmp(exact, name) == 0 && spool->segment_count < XN_SPOOL_SEGMENTS_MAX &&
		    fstatat(spool->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			spool->segments[spool->segment_count++] = (struct xn_spool_segment){
			    .first = first, .last = first - 1, .bytes = (uint64_t)status.st_size};
	} else if (sscanf(name, "hello-%8" SCNx32 ".json", &schema) == 1) {
		xn_spool_note_schema(spool, schema, UINT64_MAX);
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
	struct xn_spool_segment *last = xn_spool_active(spool);
	char name[XN_SPOOL_NAME_SIZE];
	uint8_t *bytes;
	unsigned count;
	size_t good = 0;

	if (last == NULL)
		return XN_OK;
	xn_spool_segment_name(last->first, name);
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
	if (last->last < last->first - 1) /* killed while the segment was begun anew */
		last->last = last->first - 1;
	spool->state.next = last->last + 1;
	return XN_OK;
}

int
xn_spool_write_boot(struct xn_spool *spool, char mark, struct xn_error *err)
{
	char text[XN_SPOOL_BOOT_SIZE + 1];

	snprintf(text, sizeof(text), "%016" PRIx64 " %c\n", spool->state.boot, mark);
	if (!xn_file_write_at(spool->boot_fd, text, XN_SPOOL_BOOT_SIZE, 0) ||
	    fsync(spool->boot_fd) != 0 || fsync(spool->dir_fd) != 0)
		return xn_fail(err, XN_EFULL, "spool: boot: %s", strerror(errno));
	return XN_OK;
}

static int
read_boot(struct xn_spool *spool, struct xn_error *err)
{
	char text[XN_SPOOL_BOOT_SIZE + 1] = {0};
	char mark = 'C';
	uint64_t boot = 0;

	spool->boot_fd = openat(spool->dir_fd, "boot", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (spool->boot_fd < 0)
		return xn_fail(err, XN_ESYSTEM, "spool: boot: %s", strerror(errno));
	if (flock(spool->boot_fd, LOCK_EX | LOCK_NB) != 0) /* invariant 4 */
		return xn_fail(err, XN_EREFUSED, "spool: another agent is using it");
	if (xn_file_read_at(spool->boot_fd, text, XN_SPOOL_BOOT_SIZE, 0) == XN_SPOOL_BOOT_SIZE &&
	    sscanf(text, "%16" SCNx64 " %c", &boot, &mark) == 2 && boot != 0) {
		spool->state.boot = boot;
		if (mark == 'D') /* what was sent from memory must not be said twice */
			spool->state.next += SKIP_AHEAD;
	} else if (spool->state.boot == 0) {
		while (spool->state.boot == 0)
			if (getrandom(&spool->state.boot, sizeof(spool->state.boot), 0) < 0)
				return xn_fail(err, XN_ESYSTEM, "spool: %s", strerror(errno));
	}
	return xn_spool_write_boot(spool, 'C', err);
}

static void
settle(struct xn_spool *spool)
{
	struct xn_spool_segment *last = xn_spool_active(spool);

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
