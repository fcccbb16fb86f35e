/*
 * Modbus as bytes: requests, the check of a reply, and numbers out of registers. Pure; every reply
 * is hostile until xn_modbus_check has passed it (transaction, protocol, unit, function, byte count
 * and frame length must all agree: libmodbus alone accepts a wrong unit and a wrong frame length).
 */
#ifndef XN_DRIVERS_MODBUS_CODEC_H
#define XN_DRIVERS_MODBUS_CODEC_H

#include "drivers/reading.h"

#define XN_MODBUS_ADU_MAX       260
#define XN_MODBUS_REGISTERS_MAX 125

/* Function codes that read, and what they read. */
enum xn_modbus_space {
	XN_MODBUS_COIL = 1,
	XN_MODBUS_DISCRETE = 2,
	XN_MODBUS_HOLDING = 3,
	XN_MODBUS_INPUT = 4
};

/* Function codes that write: only a permit of control.h leads to them. */
enum xn_modbus_write {
	XN_MODBUS_READS = 0, /* the request is no write */
	XN_MODBUS_WRITE_COIL = 5,
	XN_MODBUS_WRITE_REGISTER = 6,
	XN_MODBUS_WRITE_COILS = 15,
	XN_MODBUS_WRITE_REGISTERS = 16
};

struct xn_modbus_request {
	bool rtu; /* framing: unit and CRC instead of the MBAP header */
	uint16_t transaction;
	uint8_t unit;
	enum xn_modbus_space space; /* of a read */
	enum xn_modbus_write write;
	uint16_t address;
	uint16_t count;     /* registers or bits */
	uint16_t values[4]; /* of a write: bits one per element */
};

/* Writes the request's frame; its length. */
size_t xn_modbus_frame(
    const struct xn_modbus_request *request, uint8_t ret_frame[XN_MODBUS_ADU_MAX]);

/*
 * How many bytes the frame that begins with these has; 0: not known yet, give more. An impossible
 * beginning is as long as it is, so that the check sees it and refuses.
 */
size_t xn_modbus_frame_length(bool rtu, const uint8_t *bytes, size_t count);

/* The transaction a TCP frame belongs to; it is at least a header long. */
uint16_t xn_modbus_transaction(const uint8_t *frame);

/*
 * Where in `bytes` from a serial line a whole frame with a right checksum begins that may answer
 * the request (noise before it is passed over); its length, 0 if there is none.
 */
size_t xn_modbus_find(
    const struct xn_modbus_request *request, const uint8_t *bytes, size_t count, size_t *ret_start);

/*
 * Checks a whole reply and gives its registers (bits: one per element; of a write: nothing). The
 * exception code (positive) if the device refused, XN_OK, or XN_EDEVICE with a sentence.
 */
int xn_modbus_check(const struct xn_modbus_request *request, const uint8_t *frame, size_t length,
    uint16_t ret_values[XN_MODBUS_REGISTERS_MAX], struct xn_error *err);

const char *xn_modbus_exception(int code);

/* Numbers in registers. Order: the letters' places on the wire, A being the highest byte. */
enum xn_modbus_type {
	XN_U16,
	XN_I16,
	XN_U32,
	XN_I32,
	XN_U64,
	XN_I64,
	XN_F32,
	XN_F64,
	XN_BCD16, /* four decimal digits */
	XN_BCD32,
	XN_BIT
};
enum xn_modbus_order { XN_ABCD, XN_CDAB, XN_BADC, XN_DCBA };

/* Registers a type takes: 1, 2 or 4. */
unsigned xn_modbus_width(enum xn_modbus_type type);

/* NaN, infinities, Schneider's 80008000 and what is no BCD come out as XN_RAW_NONE. */
struct xn_raw xn_modbus_number(
    enum xn_modbus_type type, enum xn_modbus_order order, const uint16_t *registers);

/* `count` bits of a register from bit `first` on, bit 0 being the lowest. */
struct xn_raw xn_modbus_bits(uint16_t word, unsigned first, unsigned count);

/* ASCII in registers, two characters each; ends at NUL, trailing blanks cut, others than print
 * dropped. */
void xn_modbus_text(const uint16_t *registers, unsigned count, char *ret_text, size_t size);

#endif
