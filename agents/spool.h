/*
 * Spool: frames on the agent's disk until the orchestrator has them durably. Segment files of 4 MB,
 * named by the first sequence they may hold, contain frames one after another exactly as they cross
 * the wire. Beside them lie `boot` (whose sequences these are) and hello-SCHEMA.json for every
 * schema that frames here were written with, so that old frames can still be understood.
 *
 * Invariants: (1) a sequence is given once, also across crashes: what was not synced was never
 * sent, and after a time in memory only (full disk) sequences skip ahead; (2) a segment is removed
 * when all of it is durable at the orchestrator, or, oldest first and counted, when the spool is
 * over its cap; (3) at open the last segment is cut behind its last whole frame; (4) one process
 * owns the folder.
 *
 * A full disk is no reason to stop measuring: frames then stay in memory (bounded, oldest dropped
 * and counted), are sent from there, and go to disk as soon as there is room.
 */
#ifndef XN_AGENTS_SPOOL_H
#define XN_AGENTS_SPOOL_H

#include "common/frame.h"

struct xn_spool;

struct xn_spool_limits {
	uint64_t bytes_max; /* of all segments */
	uint64_t segment_bytes;
	unsigned memory_frames; /* while the disk is full */
};

/* 1 GB: 100 points every 10 s for more than a hundred days. */
#define XN_SPOOL_LIMITS                                                                            \
	((struct xn_spool_limits){                                                                 \
	    .bytes_max = UINT64_C(1) << 30, .segment_bytes = 4u << 20, .memory_frames = 1024})

struct xn_spool_state {
	uint64_t boot;
	uint64_t next;    /* sequence of the next frame */
	uint64_t durable; /* at the orchestrator, as far as we were told */
	uint64_t waiting; /* frames that are not durable yet */
	uint64_t bytes;   /* on disk */
	uint64_t dropped; /* frames given up since the start: cap, memory, damage */
	bool full;        /* the disk took no more at the last try */
};

/* Several frames of one schema, ready to be sent. */
struct xn_spool_batch {
	size_t used;
	unsigned count;
	uint64_t last;
	uint32_t schema;
};

int xn_spool_open(struct xn_spool **ret_spool, const char *dir, struct xn_spool_limits limits,
    struct xn_error *err);
void xn_spool_close(struct xn_spool *spool);
struct xn_spool_state xn_spool_state(const struct xn_spool *spool);

/* Gives the frame its boot and sequence and writes it. XN_EFULL: kept in memory, err says why. */
int xn_spool_append(struct xn_spool *spool, struct xn_frame *frame, struct xn_error *err);
/* Makes what was appended safe against a power cut; only then may it be read and sent. */
int xn_spool_sync(struct xn_spool *spool, struct xn_error *err);

/* Fills `buffer` with whole frames of one schema that follow sequence `after`; count 0: none. */
int xn_spool_read(struct xn_spool *spool, uint64_t after, uint8_t *buffer, size_t size,
    struct xn_spool_batch *ret_batch, struct xn_error *err);

/* The orchestrator has everything up to `durable` for good. */
void xn_spool_durable(struct xn_spool *spool, uint64_t durable);

/*
 * The hello of a schema, to be saved before the first frame of that schema is appended. XN_EFULL:
 * the disk did not take it; it is remembered while the agent runs, so save it again later.
 */
int xn_spool_save_hello(
    struct xn_spool *spool, uint32_t schema, const char *json, struct xn_error *err);
/* free() the text. XN_ENOTFOUND if there is none. */
int xn_spool_load_hello(
    struct xn_spool *spool, uint32_t schema, char **ret_json, struct xn_error *err);
/* The schema whose hello was saved last; false if none is there. */
bool xn_spool_last_schema(struct xn_spool *spool, uint32_t *ret_schema);

/* The length of the whole frames, with rising sequences, at the start of a segment's bytes. */
size_t xn_spool_scan(
    const uint8_t *bytes, size_t size, struct xn_frame *scratch, unsigned *ret_count);

#endif
