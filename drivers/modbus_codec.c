#include "drivers/modbus_codec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "common/bytes.h"

#define MBAP_SIZE 7 /* transaction, protocol, length, unit */

static uint16_t
crc16(const uint8_t *bytes, size_t count)
{
	uint16_t crc = 0xffff;

	for (size_t i = 0; i < count; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc >> 1 ^ (crc & 1 ? 0xa001 : 0));
	}
	return crc;
}

static uint8_t
function_of(const struct xn_modbus_request *request)
{
	return (uint8_t)(request->write != XN_MODBUS_READS ? (unsigned)request->write
							   : (unsigned)request->space);
}

static void
write_values(const struct xn_modbus_request *request, struct xn_writer *out)
{
	uint8_t bits = 0;

	assert(request->write == XN_MODBUS_READS || request->count <= 4);
	switch (request->write) {
	case XN_MODBUS_READS: xn_write_u16(out, request->count); break;
	case XN_MODBUS_WRITE_COIL: xn_write_u16(out, request->values[0] != 0 ? 0xff00 : 0); break;
	case XN_MODBUS_WRITE_REGISTER: xn_write_u16(out, request->values[0]); break;
	case XN_MODBUS_WRITE_COILS:
		for (unsigned i = 0; i < request->count; i++)
			bits |= (uint8_t)((request->values[i] != 0) << i);
		xn_write_u16(out, request->count);
		xn_write_u8(out, 1);
		xn_write_u8(out, bits);
		break;
	case XN_MODBUS_WRITE_REGISTERS:
		xn_write_u16(out, request->count);
		xn_write_u8(out, (uint8_t)(request->count * 2));
		for (unsigned i = 0; i < request->count; i++)
			xn_write_u16(out, request->values[i]);
		break;
	}
}

size_t
xn_modbus_frame(const struct xn_modbus_request *request, uint8_t ret_frame[XN_MODBUS_ADU_MAX])
{
	struct xn_writer out = {.base = ret_frame, .size = XN_MODBUS_ADU_MAX};
	size_t head = request->rtu ? 0 : MBAP_SIZE - 1;

	assert(request->count > 0);
	out.used = head;
	xn_write_u8(&out, request->unit);
	xn_write_u8(&out, function_of(request));
	xn_write_u16(&out, request->address);
	write_values(request, &out);
	if (request->rtu) {
		uint16_t crc = crc16(ret_frame, out.used);

		xn_write_u8(&out, (uint8_t)(crc & 0xff));
		xn_write_u8(&out, (uint8_t)(crc >> 8));
	} else {
		struct xn_writer front = {.base = ret_frame, .size = head};

		xn_write_u16(&front, request->transaction);
		xn_write_u16(&front, 0);
		xn_write_u16(&front, (uint16_t)(out.used - head));
	}
	assert(!out.full);
	return out.used;
}

static bool
is_write(uint8_t function)
{
	return function == XN_MODBUS_WRITE_COIL || function == XN_MODBUS_WRITE_REGISTER ||
	    function == XN_MODBUS_WRITE_COILS || function == XN_MODBUS_WRITE_REGISTERS;
}

size_t
xn_modbus_frame_length(bool rtu, const uint8_t *bytes, size_t count)
{
	size_t length;

	if (!rtu) {
		if (count < MBAP_SIZE)
			return 0;
		length = (size_t)(bytes[4] << 8 | bytes[5]) + MBAP_SIZE - 1;
		return length < MBAP_SIZE + 2 || length > XN_MODBUS_ADU_MAX ? count : length;
	}
	if (count < 2)
		return 0;
	if (bytes[1] & 0x80)
		return 5;
	if (is_write(bytes[1]))
		return 8;
	if (bytes[1] < XN_MODBUS_COIL || bytes[1] > XN_MODBUS_INPUT)
		return count;
	return count < 3 ? 0 : (size_t)bytes[2] + 5;
}

uint16_t
xn_modbus_transaction(const uint8_t *frame)
{
	return (uint16_t)(frame[0] << 8 | frame[1]);
}

static bool
has_checksum(const uint8_t *frame, size_t length)
{
	return crc16(frame, length - 2) == (frame[length - 1] << 8 | frame[length - 2]);
}

size_t
xn_modbus_find(
    const struct xn_modbus_request *request, const uint8_t *bytes, size_t count, size_t *ret_start)
{
	for (size_t start = 0; start + 5 <= count; start++) {
		const uint8_t *frame = bytes + start;
		size_t length;

		if (frame[0] != request->unit || (frame[1] & 0x7f) != function_of(request))
			continue;
		length = xn_modbus_frame_length(true, frame, count - start);
		if (length >= 5 && length <= count - start && has_checksum(frame, length)) {
			*ret_start = start;
			return length;
		}
	}
	return 0;
}

static size_t
payload_size(const struct xn_modbus_request *request)
{
	if (request->space == XN_MODBUS_COIL || request->space == XN_MODBUS_DISCRETE)
		return (size_t)(request->count + 7) / 8;
	return (size_t)request->count * 2;
}

/* The frame around unit and PDU; leaves `ret_in` at the unit. */
static int
check_frame(const struct xn_modbus_request *request, const uint8_t *frame, size_t length,
    struct xn_reader *ret_in, struct xn_error *err)
{
	struct xn_reader in = {.at = frame, .left = length};

	if (request->rtu) {
		if (length < 5 || !has_checksum(frame, length))
			return xn_fail(err, XN_EDEVICE, "reply with a wrong checksum");
		in.left = length - 2;
	} else {
		uint16_t transaction = xn_read_u16(&in);
		uint16_t protocol = xn_read_u16(&in);
		uint16_t size = xn_read_u16(&in);

		if (in.short_ || protocol != 0 || size != in.left)
			return xn_fail(err, XN_EDEVICE, "reply is not Modbus TCP, or is cut short");
		if (transaction != request->transaction)
			return xn_fail(err, XN_EDEVICE, "reply to transaction %u instead of %u",
			    transaction, request->transaction);
	}
	*ret_in = in;
	return XN_OK;
}

static void
unpack(const struct xn_modbus_request *request, struct xn_reader *in,
    uint16_t ret_values[XN_MODBUS_REGISTERS_MAX])
{
	bool bits = request->space == XN_MODBUS_COIL || request->space == XN_MODBUS_DISCRETE;
	uint8_t byte = 0;

	for (unsigned i = 0; i < request->count; i++) {
		if (bits && i % 8 == 0)
			byte = xn_read_u8(in);
		ret_values[i] = bits ? byte >> i % 8 & 1 : xn_read_u16(in);
	}
}

/* What follows unit and function in the reply to a read. */
static int
check_values(const struct xn_modbus_request *request, struct xn_reader *in,
    uint16_t ret_values[XN_MODBUS_REGISTERS_MAX], struct xn_error *err)
{
	uint8_t size = xn_read_u8(in);

	if (size != payload_size(request) || in->left != size)
		return xn_fail(err, XN_EDEVICE, "reply of %u bytes instead of %zu", size,
		    payload_size(request));
	unpack(request, in, ret_values);
	assert(!in->short_);
	return XN_OK;
}

/* The reply to a write repeats where it was written, and the value or how many. */
static int
check_echo(const struct xn_modbus_request *request, struct xn_reader *in, struct xn_error *err)
{
	uint16_t address = xn_read_u16(in);
	uint16_t value = xn_read_u16(in);
	uint16_t wanted = request->count;

	if (request->write == XN_MODBUS_WRITE_COIL)
		wanted = request->values[0] != 0 ? 0xff00 : 0;
	if (request->write == XN_MODBUS_WRITE_REGISTER)
		wanted = request->values[0];
	if (in->short_ || in->left != 0 || address != request->address || value != wanted)
		return xn_fail(err, XN_EDEVICE, "reply repeats another write");
	return XN_OK;
}

int
xn_modbus_check(const struct xn_modbus_request *request, const uint8_t *frame, size_t length,
    uint16_t ret_values[XN_MODBUS_REGISTERS_MAX], struct xn_error *err)
{
	uint8_t wanted = function_of(request);
	struct xn_reader in = {0};
	uint8_t unit;
	uint8_t function;
	int code;

	assert(request->count > 0 && request->count <= XN_MODBUS_REGISTERS_MAX);
	code = check_frame(request, frame, length, &in, err);
	if (code < 0)
		return code;
	unit = xn_read_u8(&in);
	function = xn_read_u8(&in);
	if (in.short_ || in.left == 0)
		return xn_fail(err, XN_EDEVICE, "reply is cut short");
	if (unit != request->unit)
		return xn_fail(
		    err, XN_EDEVICE, "reply of unit %u instead of %u", unit, request->unit);
	if (function == (wanted | 0x80) && in.left == 1 && in.at[0] != 0)
		return in.at[0];
	if (function != wanted)
		return xn_fail(
		    err, XN_EDEVICE, "reply with function %u instead of %u", function, wanted);
	if (request->write != XN_MODBUS_READS)
		return check_echo(request, &in, err);
	return check_values(request, &in, ret_values, err);
}

const char *
xn_modbus_exception(int code)
{
	switch (code) {
	case 1: return "function not offered (exception 1)";
	case 2: return "no such register (exception 2)";
	case 3: return "value refused (exception 3)";
	case 4: return "device failure (exception 4)";
	case 5: return "acknowledged only (exception 5)";
	case 6: return "device busy (exception 6)";
	case 10: return "gateway has no path (exception 10)";
	case 11: return "no answer behind the gateway (exception 11)";
	default: return "refused (unknown exception)";
	}
}

unsigned
xn_modbus_width(enum xn_modbus_type type)
{
	switch (type) {
	case XN_U16:
	case XN_I16:
	case XN_BCD16:
	case XN_BIT: return 1;
	case XN_U32:
	case XN_I32:
	case XN_BCD32:
	case XN_F32: return 2;
	case XN_U64:
	case XN_I64:
	case XN_F64: return 4;
	}
	return 1;
}

/* The registers as one number, most significant first. */
static uint64_t
assemble(enum xn_modbus_order order, const uint16_t *registers, unsigned width)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < width; i++) {
		bool last_first = order == XN_CDAB || order == XN_DCBA;
		uint16_t word = registers[last_first ? width - 1 - i : i];

		if (order == XN_BADC || order == XN_DCBA)
			word = (uint16_t)(word << 8 | word >> 8);
		bits = bits << 16 | word;
	}
	return bits;
}

static struct xn_raw
real(double value, uint64_t bits)
{
	if (!isfinite(value))
		return (struct xn_raw){.why = "not a number"};
	return (struct xn_raw){.kind = XN_RAW_REAL, .real = value, .bits = bits};
}

static struct xn_raw
integer(int64_t value, uint64_t bits)
{
	return (struct xn_raw){.kind = XN_RAW_INTEGER, .integer = value, .bits = bits};
}

static struct xn_raw
decimal(uint64_t bits, unsigned digits)
{
	int64_t value = 0;

	for (unsigned i = digits; i-- > 0;) {
		unsigned digit = (unsigned)(bits >> 4 * i & 15);

		if (digit > 9)
			return (struct xn_raw){.why = "no decimal digits"};
		value = value * 10 + digit;
	}
	return integer(value, bits);
}

struct xn_raw
xn_modbus_bits(uint16_t word, unsigned first, unsigned count)
{
	assert(count >= 1 && first + count <= 16);
	return integer(word >> first & ((1 << count) - 1), 0);
}

struct xn_raw
xn_modbus_number(enum xn_modbus_type type, enum xn_modbus_order order, const uint16_t *registers)
{
	uint64_t bits = assemble(order, registers, xn_modbus_width(type));
	uint32_t half = (uint32_t)bits;
	float single;
	double wide;

	switch (type) {
	case XN_BIT: return integer((int64_t)(bits & 1), 0);
	case XN_U16:
	case XN_U32: return integer((int64_t)bits, bits);
	case XN_I16: return integer((int16_t)bits, bits);
	case XN_I32: return integer((int32_t)bits, bits);
	case XN_I64: return integer((int64_t)bits, bits);
	case XN_U64:
		return bits <= INT64_MAX ? integer((int64_t)bits, bits)
					 : (struct xn_raw){.why = "64-bit register out of range"};
	case XN_F32:
		/* Schneider's word for "none" on PM5xxx; it decodes to -4.6e-41, not to NaN. */
		if (half == 0x80008000u)
			return (struct xn_raw){.why = "sentinel 80008000"};
		memcpy(&single, &half, sizeof(single));
		return real((double)single, bits);
	case XN_BCD16: return decimal(bits, 4);
	case XN_BCD32: return decimal(bits, 8);
	case XN_F64: memcpy(&wide, &bits, sizeof(wide)); return real(wide, bits);
	}
	return (struct xn_raw){.why = "no such type"};
}

void
xn_modbus_text(const uint16_t *registers, unsigned count, char *ret_text, size_t size)
{
	size_t used = 0;

	assert(size > 0);
	for (unsigned i = 0; i < count * 2; i++) {
		char c = (char)(i % 2 == 0 ? registers[i / 2] >> 8 : registers[i / 2] & 0xff);

		if (c == '\0' && used > 0)
			break;
		if (c >= ' ' && c <= '~' && used + 1 < size)
			ret_text[used++] = c;
	}
	while (used > 0 && ret_text[used - 1] == ' ')
		used--;
	ret_text[used] = '\0';
}
