/*
 * What a spool consists of, for its own files: spool_open.c (recovery), spool.c (writing, removing,
 * hellos) and spool_read.c. Everybody else sees spool.h.
 */
#ifndef XN_AGENTS_SPOOL_STATE_H
#define XN_AGENTS_SPOOL_STATE_H

#include <inttypes.h>
#include <stdio.h>

#include "agents/spool.h"

#define XN_SPOOL_SEGMENTS_MAX 4096
#define XN_SPOOL_SCHEMAS_MAX  64
#define XN_SPOOL_NAME_SIZE    32

struct xn_spool_segment {
	uint64_t first; /* its name; no frame in it is older */
	uint64_t last;  /* first - 1: empty */
	uint64_t bytes;
};

struct xn_spool_kept { /* a frame in memory while the disk is full */
	uint8_t *bytes;
	size_t size;
	uint64_t sequence;
	uint32_t schema;
};

struct xn_spool_schema {
	uint32_t schema;
	uint64_t last; /* the last sequence that needs it */
};

struct xn_spool {
	struct xn_spool_limits limits;
	struct xn_spool_state state;
	int dir_fd, boot_fd;
	int active_fd; /* of the last segment; -1: none yet */
	struct xn_spool_segment segments[XN_SPOOL_SEGMENTS_MAX];
	unsigned segment_count;
	uint64_t synced_bytes;      /* of the last segment: safe against a power cut */
	bool roll;                  /* the last segment is damaged: begin another */
	struct xn_spool_kept *kept; /* ring of limits.memory_frames */
	unsigned kept_first, kept_count;
	struct xn_spool_schema schemas[XN_SPOOL_SCHEMAS_MAX];
	unsigned schema_count;
	uint32_t current; /* schema whose hello was saved last */
	char *hello;      /* its text, also when the disk is too full to hold it */
	/* Where the last read ended, so that the next one need not search. */
	uint64_t read_segment, read_offset, read_sequence;
	struct xn_frame scratch;
	uint8_t chunk[XN_FRAME_BYTES_MAX];
};

static inline void
xn_spool_segment_name(uint64_t first, char ret_name[XN_SPOOL_NAME_SIZE])
{
	snprintf(ret_name, XN_SPOOL_NAME_SIZE, "%020" PRIu64 ".seg", first);
}

static inline void
xn_spool_hello_name(uint32_t schema, char ret_name[XN_SPOOL_NAME_SIZE])
{
	snprintf(ret_name, XN_SPOOL_NAME_SIZE, "hello-%08x.json", schema);
}

static inline struct xn_spool_segment *
xn_spool_active(struct xn_spool *spool)
{
	return spool->segment_count > 0 ? &spool->segments[spool->segment_count - 1] : NULL;
}

/* `schema` is needed up to this sequence. */
void xn_spool_note_schema(struct xn_spool *spool, uint32_t schema, uint64_t last);

/* Counts the frames of an interval of sequences that are given up although nobody has them. */
void xn_spool_count_dropped(struct xn_spool *spool, uint64_t first, uint64_t last);

/*
 * `boot`: sixteen digits, a blank and how it stands: C(lean), or D(irty) while frames that are not
 * on disk may have been sent. The letter is changed in place, which needs no room.
 */
#define XN_SPOOL_BOOT_SIZE 19
#define XN_SPOOL_BOOT_MARK 17
int xn_spool_write_boot(struct xn_spool *spool, char mark, struct xn_error *err);

#endif
