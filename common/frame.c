#include "common/frame.h"

#include <assert.h>

#include "common/crc32c.h"

#define MAGIC        UINT32_C(0x584E4631) /* "XNF1" */
#define HEADER_BYTES 38u                  /* magic length sequence boot schema instant count */
#define ROW_BYTES    11u                  /* slot quality value */
#define CRC_BYTES    4u

static_assert(HEADER_BYTES + XN_SLOTS_MAX * ROW_BYTES + CRC_BYTES <= XN_FRAME_BYTES_MAX,
    "a full frame fits its limit");

uint32_t
xn_frame_schema(uint32_t schema, const char *device, const char *point, enum xn_point_class class_)
{
	const char *parts[] = {device, point, xn_class_word(class_)};

	for (unsigned i = 0; i < 3; i++) {
		schema = xn_crc32c(schema, parts[i], strlen(parts[i]));
		schema = xn_crc32c(schema, "\n", 1);
	}
	return schema;
}

static size_t
frame_bytes(size_t rows)
{
	return HEADER_BYTES + rows * ROW_BYTES + CRC_BYTES;
}

static void
write_columns(const struct xn_frame *frame, struct xn_writer *out)
{
	for (unsigned i = 0; i < frame->count; i++) {
		assert(i == 0 || frame->rows[i].slot > frame->rows[i - 1].slot); /* invariant 2 */
		xn_write_u16(out, frame->rows[i].slot);
	}
	for (unsigned i = 0; i < frame->count; i++) {
		assert(frame->rows[i].sample.quality < XN_QUALITY_COUNT); /* invariant 3 */
		xn_write_u8(out, (uint8_t)frame->rows[i].sample.quality);
	}
	for (unsigned i = 0; i < frame->count; i++)
		xn_write_i64(out, frame->rows[i].sample.milli);
}

void
xn_frame_encode(const struct xn_frame *frame, struct xn_writer *out)
{
	size_t start = out->used;

	assert(frame->count <= XN_SLOTS_MAX);
	if (out->full || frame_bytes(frame->count) > out->size - out->used) {
		out->full = true; /* all of a frame or nothing of it */
		return;
	}
	xn_write_u32(out, MAGIC);
	xn_write_u32(out, (uint32_t)frame_bytes(frame->count));
	xn_write_u64(out, frame->sequence);
	xn_write_u64(out, frame->boot);
	xn_write_u32(out, frame->schema);
	xn_write_i64(out, frame->at.ms);
	xn_write_u16(out, frame->count);
	write_columns(frame, out);
	xn_write_u32(out, xn_crc32c(0, out->base + start, out->used - start));
	assert(!out->full && out->used - start == frame_bytes(frame->count));
}

static int
read_columns(struct xn_reader *in, struct xn_frame *ret_frame, struct xn_error *err)
{
	for (unsigned i = 0; i < ret_frame->count; i++) {
		ret_frame->rows[i].slot = xn_read_u16(in);
		if (i > 0 && ret_frame->rows[i].slot <= ret_frame->rows[i - 1].slot)
			return xn_fail(err, XN_EINVALID, "frame: slots do not rise");
		if (ret_frame->rows[i].slot >= XN_SLOTS_MAX)
			return xn_fail(
			    err, XN_EINVALID, "frame: no slot %u", ret_frame->rows[i].slot);
	}
	for (unsigned i = 0; i < ret_frame->count; i++) {
		unsigned quality = xn_read_u8(in);

		if (quality >= XN_QUALITY_COUNT)
			return xn_fail(err, XN_EINVALID, "frame: unknown quality %u", quality);
		ret_frame->rows[i].sample.quality = quality;
	}
	for (unsigned i = 0; i < ret_frame->count; i++)
		ret_frame->rows[i].sample.milli = xn_read_i64(in);
	return XN_OK;
}

/* Checks magic, length and CRC of the bytes at `in`; gives a cursor over this frame alone. */
static int
frame_bounds(const struct xn_reader *in, struct xn_reader *ret_body, struct xn_error *err)
{
	struct xn_reader head = *in;
	struct xn_reader tail;
	uint32_t magic = xn_read_u32(&head);
	uint32_t length = xn_read_u32(&head);

	if (head.short_)
		return xn_fail(err, XN_EINVALID, "frame is cut short");
	if (magic != MAGIC)
		return xn_fail(err, XN_EINVALID, "not a frame: it begins with 0x%08x", magic);
	if (length < frame_bytes(0) || length > XN_FRAME_BYTES_MAX)
		return xn_fail(err, XN_EINVALID, "frame of %u bytes", length);
	if (length > in->left)
		return xn_fail(err, XN_EINVALID, "frame is cut short");
	tail = (struct xn_reader){.at = in->at + length - CRC_BYTES, .left = CRC_BYTES};
	if (xn_read_u32(&tail) != xn_crc32c(0, in->at, length - CRC_BYTES))
		return xn_fail(err, XN_EINVALID, "frame: wrong checksum");
	*ret_body = (struct xn_reader){.at = in->at, .left = length};
	return XN_OK;
}

int
xn_frame_decode(struct xn_reader *in, struct xn_frame *ret_frame, struct xn_error *err)
{
	struct xn_reader body = {0};
	size_t length;
	int result;

	result = frame_bounds(in, &body, err);
	if (result < 0)
		return result;
	length = body.left;
	xn_read_bytes(&body, 8); /* magic and length */
	ret_frame->sequence = xn_read_u64(&body);
	ret_frame->boot = xn_read_u64(&body);
	ret_frame->schema = xn_read_u32(&body);
	ret_frame->at.ms = xn_read_i64(&body);
	ret_frame->count = xn_read_u16(&body);
	if (ret_frame->count > XN_SLOTS_MAX || frame_bytes(ret_frame->count) != length)
		return xn_fail(
		    err, XN_EINVALID, "frame: %u rows in %zu bytes", ret_frame->count, length);
	result = read_columns(&body, ret_frame, err);
	if (result < 0)
		return result;
	assert(!body.short_ && body.left == CRC_BYTES);
	xn_read_bytes(in, length);
	return XN_OK;
}
