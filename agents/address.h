/*
 * Address: the URL by which a driver reaches a device of the site, secrets left out. Credentials go
 * into the URL as `@PATH`, the file a driver reads them from, so that a URL may be logged.
 */
#ifndef XN_AGENTS_ADDRESS_H
#define XN_AGENTS_ADDRESS_H

#include <stddef.h>

#include "common/site.h"
#include "drivers/url.h"

#define XN_URL_SIZE 2048

/* The device's URL; `credentials` is the folder of secrets (NULL: $CREDENTIALS_DIRECTORY). */
int xn_address_url(const struct xn_site_device *device, const char *credentials,
    char ret_url[XN_URL_SIZE], struct xn_error *err);

/*
 * What shares one line: devices behind one Modbus gateway or on one serial line, and all of SNMP
 * (its library keeps one table of version 3 users, which two threads must not touch).
 */
void xn_address_bus(const char *url, char *ret_bus, size_t size);

/*
 * How a device that calls by itself is known, secrets included: its host and SNMP settings, be it
 * read by SNMP or not. XN_ENOTFOUND: it has no host or no such settings.
 */
int xn_address_caller(const struct xn_site_device *device, const char *credentials,
    struct xn_url *ret_url, struct xn_error *err);

#endif
