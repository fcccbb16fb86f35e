/*
 * Probe URLs (DESIGN.md section 8.1): where a device is and how to ask it. Query values are
 * percent-decoded, `+` is a plus, and a value that starts with `@` is read from that file, so that
 * no secret need stand in argv. Errors name the key, never its value: values may be secrets.
 */
#ifndef XN_DRIVERS_URL_H
#define XN_DRIVERS_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define XN_URL_HOST_SIZE   256
#define XN_URL_SECRET_SIZE 128

enum xn_scheme { XN_URL_SNMP, XN_URL_MODBUS_TCP, XN_URL_MODBUS_RTU, XN_URL_REPLAY };
enum xn_snmp_auth {
	XN_AUTH_NONE,
	XN_AUTH_MD5,
	XN_AUTH_SHA,
	XN_AUTH_SHA224,
	XN_AUTH_SHA256,
	XN_AUTH_SHA384,
	XN_AUTH_SHA512
};
enum xn_snmp_priv { XN_PRIV_NONE, XN_PRIV_AES };

struct xn_url {
	enum xn_scheme scheme;
	char host[XN_URL_HOST_SIZE]; /* of RTU: the path of the serial port; of replay: of the file
				      */
	uint16_t port;
	/* SNMP */
	int version; /* 1, 2 (2c) or 3 */
	char community[XN_URL_SECRET_SIZE];
	char user[XN_URL_SECRET_SIZE];
	enum xn_snmp_auth auth;
	char auth_pass[XN_URL_SECRET_SIZE];
	enum xn_snmp_priv priv;
	char priv_pass[XN_URL_SECRET_SIZE];
	char context[XN_URL_SECRET_SIZE];
	/* Modbus */
	uint8_t unit;
	bool has_base;
	uint16_t base; /* where SunSpec's "SunS" stands */
	int baud;
	char parity; /* 'N', 'E' or 'O' */
};

/* XN_EINVALID: the URL is wrong; XN_EREAD: an `@FILE` cannot be read. */
int xn_url_parse(const char *text, struct xn_url *ret_url, struct xn_error *err);

/* "host:port" or the serial port's path, for messages; control characters as they came. */
void xn_url_place(const struct xn_url *url, char *ret_text, size_t size);

#endif
