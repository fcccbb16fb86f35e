#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agents/spool_files.h"
#include "agents/spool_state.h"

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
take_piece(struct xn_spool *spool, const struct xn_spool_segment *segment, size_t got,
    uint64_t after, uint8_t *buffer, size_t size, struct xn_spool_batch *batch)
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
cut_damage(struct xn_spool *spool, struct xn_spool_segment *segment)
{
	uint64_t last = segment->first - 1;

	if (spool->read_segment == segment->first && spool->read_offset > 0)
		last = spool->read_sequence;
	xn_spool_count_dropped(spool, last + 1, segment->last);
	if (segment == xn_spool_active(spool)) {
		spool->roll = true;
		spool->synced_bytes = spool->read_offset;
	}
	spool->state.bytes -= segment->bytes - spool->read_offset;
	segment->bytes = spool->read_offset;
	segment->last = last;
}

/* Reads on in one segment; false when the batch is done, true at the segment's end. */
static bool
read_segment(struct xn_spool *spool, int fd, struct xn_spool_segment *segment, uint64_t after,
    uint8_t *buffer, size_t size, struct xn_spool_batch *batch)
{
	uint64_t limit = segment == xn_spool_active(spool) ? spool->synced_bytes : segment->bytes;

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
		const struct xn_spool_kept *kept =
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
		struct xn_spool_segment *segment = &spool->segments[i];
		char name[XN_SPOOL_NAME_SIZE];
		bool more;
		int fd;

		if (segment->last <= after || segment->last < segment->first)
			continue;
		xn_spool_segment_name(segment->first, name);
		fd = openat(spool->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return xn_fail(err, XN_ESYSTEM, "spool: %s: %s", name, strerror(errno));
		more = read_segment(spool, fd, segment, after, buffer, size, ret_batch);
		close(fd);
		if (!more)
			return XN_OK;
	}
	if (xn_spool_active(spool) == NULL || xn_spool_active(spool)->bytes == spool->synced_bytes)
		read_kept(spool, after, buffer, size, ret_batch);
	return XN_OK;
}
