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

/* Function codes; the only ones ever sent. */
enum xn_modbus_space {
	XN_MODBUS_COIL = 1,
	XN_MODBUS_DISCRETE = 2,
	XN_MODBUS_HOLDING = 3,
	XN_MODBUS_INPUT = 4
};

struct xn_modbus_request {
	bool rtu; /* framing: unit and CRC instead of the MBAP header */
	uint16_t transaction;
	uint8_t unit;
	enum xn_modbus_space space;
	uint16_t address;
	uint16_t count; /* registers or bits */
};

/* Writes the request's frame; its length (12 or 8). */
size_t xn_modbus_write(
    const struct xn_modbus_request *request, uint8_t ret_frame[XN_MODBUS_ADU_MAX]);

/*
 * How many bytes the frame that begins with these has; 0: not known yet, give more. An impossible
 * beginning is as long as it is, so that the check sees it and refuses.
 */
size_t xn_modbus_frame_length(bool rtu, const uint8_t *bytes, size_t count);

/*
 * Checks a whole reply and gives its registers (bits: one per element). The exception code
 * (positive) if the device refused, XN_OK, or XN_EDEVICE with a sentence.
 */
int xn_modbus_check(const struct xn_modbus_request *request, const uint8_t *frame, size_t length,
    uint16_t ret_values[XN_MODBUS_REGISTERS_MAX], struct xn_error *err);

const char *xn_modbus_exception(int code);

/* Numbers in registers. Order: the letters' places on the wire, A being the highest byte. */
enum xn_modbus_type { XN_U16, XN_I16, XN_U32, XN_I32, XN_U64, XN_I64, XN_F32, XN_F64, XN_BIT };
enum xn_modbus_order { XN_ABCD, XN_CDAB, XN_BADC, XN_DCBA };

/* Registers a type takes: 1, 2 or 4. */
unsigned xn_modbus_width(enum xn_modbus_type type);

/* NaN, infinities and Schneider's 80008000 come out as XN_RAW_NONE. */
struct xn_raw xn_modbus_number(
    enum xn_modbus_type type, enum xn_modbus_order order, const uint16_t *registers);

/* ASCII in registers, two characters each; ends at NUL, trailing blanks cut, others than print
 * dropped. */
void xn_modbus_text(const uint16_t *registers, unsigned count, char *ret_text, size_t size);

#endif
