/*
 * Frame: what an agent says, in the bytes that lie in its spool and cross the wire unchanged. A
 * frame is one poll tick: magic "XNF1", length, sequence, boot id, schema, instant, then columns of
 * slot, quality and value, then CRC32C over all before it. Slots are dense ids that the hello gave
 * meaning to: `schema` is the CRC32C of the hello's points, so a frame can never be read with the
 * wrong names.
 *
 * Invariants: (1) sequences of one agent and boot rise by one; (2) slots in a frame rise; (3) a
 * frame that decodes has a correct CRC, a known quality in every row and at most XN_SLOTS_MAX rows.
 */
#ifndef XN_COMMON_FRAME_H
#define XN_COMMON_FRAME_H

#include "common/bytes.h"
#include "common/error.h"
#include "common/point.h"

struct xn_frame_row {
	uint16_t slot;
	struct xn_sample sample;
};

struct xn_frame {
	uint64_t boot;     /* random, drawn when the agent's spool is created or lost */
	uint64_t sequence; /* of this boot, from 1 */
	uint32_t schema;
	xn_instant at;
	uint16_t count;
	struct xn_frame_row rows[XN_SLOTS_MAX];
};

/*
 * The schema of a hello: begin with 0 and continue over its points in the order of their slots.
 * Each adds "DEVICE\nPOINT\nCLASS\n", CLASS being the class's word.
 */
uint32_t xn_frame_schema(
    uint32_t schema, const char *device, const char *point, enum xn_point_class class_);

/* Appends one encoded frame; sets out->full when it does not fit. */
void xn_frame_encode(const struct xn_frame *frame, struct xn_writer *out);

/*
 * Decodes the frame at the cursor and moves past it. XN_EINVALID when the bytes are no frame (bad
 * magic, cut short, wrong CRC, unknown quality, slots that do not rise); the cursor then stays.
 */
int xn_frame_decode(struct xn_reader *in, struct xn_frame *ret_frame, struct xn_error *err);

#endif
