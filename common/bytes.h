/*
 * Cursors over bytes from and to outside. A reader that runs dry sets `short_` and gives zeros from
 * then on, so decoding is straight-line and is checked once; a writer that runs out of room sets
 * `full` and drops the rest. Integers are big-endian.
 */
#ifndef XN_COMMON_BYTES_H
#define XN_COMMON_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct xn_reader {
	const uint8_t *at;
	size_t left;
	bool short_;
};

struct xn_writer {
	uint8_t *base;
	size_t size;
	size_t used;
	bool full;
};

static inline const uint8_t *
xn_read_bytes(struct xn_reader *in, size_t count)
{
	const uint8_t *at = in->at;

	if (count > in->left) {
		in->short_ = true;
		in->left = 0;
		return NULL;
	}
	in->at += count;
	in->left -= count;
	return at;
}

static inline uint64_t
xn_read_uint(struct xn_reader *in, size_t width)
{
	const uint8_t *at = xn_read_bytes(in, width);
	uint64_t value = 0;

	for (size_t i = 0; at != NULL && i < width; i++)
		value = value << 8 | at[i];
	return value;
}

static inline uint8_t
xn_read_u8(struct xn_reader *in)
{
	return (uint8_t)xn_read_uint(in, 1);
}
static inline uint16_t
xn_read_u16(struct xn_reader *in)
{
	return (uint16_t)xn_read_uint(in, 2);
}
static inline uint32_t
xn_read_u32(struct xn_reader *in)
{
	return (uint32_t)xn_read_uint(in, 4);
}
static inline uint64_t
xn_read_u64(struct xn_reader *in)
{
	return xn_read_uint(in, 8);
}
static inline int64_t
xn_read_i64(struct xn_reader *in)
{
	return (int64_t)xn_read_uint(in, 8);
}

static inline void
xn_write_bytes(struct xn_writer *out, const void *bytes, size_t count)
{
	if (out->full || count > out->size - out->used) {
		out->full = true;
		return;
	}
	if (count > 0)
		memcpy(out->base + out->used, bytes, count);
	out->used += count;
}

static inline void
xn_write_uint(struct xn_writer *out, uint64_t value, size_t width)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < width; i++)
		bytes[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
	xn_write_bytes(out, bytes, width);
}

static inline void
xn_write_u8(struct xn_writer *out, uint8_t v)
{
	xn_write_uint(out, v, 1);
}
static inline void
xn_write_u16(struct xn_writer *out, uint16_t v)
{
	xn_write_uint(out, v, 2);
}
static inline void
xn_write_u32(struct xn_writer *out, uint32_t v)
{
	xn_write_uint(out, v, 4);
}
static inline void
xn_write_u64(struct xn_writer *out, uint64_t v)
{
	xn_write_uint(out, v, 8);
}
static inline void
xn_write_i64(struct xn_writer *out, int64_t v)
{
	xn_write_uint(out, (uint64_t)v, 8);
}

/* A fixed-size text field: NUL-padded on the way out, always terminated on the way in. */
static inline void
xn_write_text(struct xn_writer *out, const char *text, size_t size)
{
	uint8_t zero = 0;
	size_t length = strnlen(text, size - 1);

	xn_write_bytes(out, text, length);
	for (; length < size; length++)
		xn_write_bytes(out, &zero, 1);
}

static inline void
xn_read_text(struct xn_reader *in, char *ret_text, size_t size)
{
	const uint8_t *at = xn_read_bytes(in, size);

	memset(ret_text, 0, size);
	if (at != NULL)
		memcpy(ret_text, at, size - 1);
}

#endif
