#include "agents/address.h"

#include <stdio.h>
#include <string.h>

#include "common/credential.h"

struct text {
	char *at;
	size_t used;
	bool full;
};

static void
put(struct text *url, const char *text)
{
	size_t length = strlen(text);

	if (url->used + length >= XN_URL_SIZE) {
		url->full = true;
		return;
	}
	memcpy(url->at + url->used, text, length + 1);
	url->used += length;
}

static void
put_encoded(struct text *url, const char *text)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/@";

	for (; *text != '\0'; text++) {
		char piece[4] = {*text, '\0'};

		if (strchr(plain, *text) == NULL)
			snprintf(piece, sizeof(piece), "%%%02X", (unsigned char)*text);
		put(url, piece);
	}
}

static void
put_value(struct text *url, const char *key, const char *value)
{
	put(url, strchr(url->at, '?') == NULL ? "?" : "&");
	put(url, key);
	put(url, "=");
	put_encoded(url, value);
}

static int
put_secret(struct text *url, const char *key, const char *name, const char *credentials,
    struct xn_error *err)
{
	char path[1 + XN_URL_SIZE] = "@";
	int result = xn_credential_path(credentials, name, path + 1, XN_URL_SIZE, err);

	if (result == XN_OK)
		put_value(url, key, path);
	return result;
}

static int
put_snmp(struct text *url, const struct xn_site_snmp *snmp, const char *credentials,
    struct xn_error *err)
{
	int result = XN_OK;

	if (snmp->version == 1)
		put_value(url, "version", "1");
	if (snmp->version == 1 || snmp->version == 2)
		return snmp->community == NULL
		    ? XN_OK
		    : put_secret(url, "community", snmp->community, credentials, err);
	put_value(url, "version", "3");
	if (snmp->user != NULL)
		put_value(url, "user", snmp->user);
	if (snmp->auth_protocol != NULL) {
		put_value(url, "auth", snmp->auth_protocol);
		result = put_secret(url, "authpass", snmp->auth, credentials, err);
	}
	if (result == XN_OK && snmp->priv_protocol != NULL) {
		put_value(url, "priv", snmp->priv_protocol);
		result = put_secret(url, "privpass", snmp->priv, credentials, err);
	}
	return result;
}

int
xn_address_url(const struct xn_site_device *device, const char *credentials,
    char ret_url[XN_URL_SIZE], struct xn_error *err)
{
	struct text url = {.at = ret_url};
	int result = XN_OK;

	ret_url[0] = '\0';
	put(&url, device->address);
	if (strncmp(device->address, "snmp:", 5) == 0 && device->snmp.version != 0)
		result = put_snmp(&url, &device->snmp, credentials, err);
	if (result < 0)
		return xn_wrap(err, "device %s", device->name);
	if (url.full)
		return xn_fail(err, XN_EINVALID, "device %s: address too long", device->name);
	return XN_OK;
}

void
xn_address_bus(const char *url, char *ret_bus, size_t size)
{
	struct xn_url parsed;

	if (strncmp(url, "snmp:", 5) == 0)
		snprintf(ret_bus, size, "snmp");
	else if (xn_url_parse(url, &parsed, NULL) == XN_OK)
		xn_url_place(
		    &parsed, ret_bus, size); /* with the default port, which may be left out */
	else
		snprintf(ret_bus, size, "%.*s", (int)strcspn(url, "?"), url);
}

/* A device that is read by Modbus: its host as an SNMP one. */
static int
put_host(struct text *url, const struct xn_site_device *device, struct xn_error *err)
{
	struct xn_url place;
	bool colons;

	if (xn_url_parse(device->address, &place, err) < 0)
		return XN_EINVALID;
	if (place.scheme == XN_URL_MODBUS_RTU)
		return xn_fail(err, XN_ENOTFOUND, "a serial line has no host");
	colons = strchr(place.host, ':') != NULL;
	put(url, colons ? "snmp://[" : "snmp://");
	put(url, place.host);
	put(url, colons ? "]" : "");
	return XN_OK;
}

int
xn_address_caller(const struct xn_site_device *device, const char *credentials,
    struct xn_url *ret_url, struct xn_error *err)
{
	char address[XN_URL_SIZE] = "";
	struct text url = {.at = address};
	int result = XN_OK;

	if (device->snmp.version == 0)
		return xn_fail(err, XN_ENOTFOUND, "no SNMP settings");
	if (strncmp(device->address, "snmp:", 5) == 0)
		put(&url, device->address);
	else
		result = put_host(&url, device, err);
	if (result == XN_OK)
		result = put_snmp(&url, &device->snmp, credentials, err);
	if (result == XN_OK && url.full)
		result = xn_fail(err, XN_EINVALID, "address too long");
	return result == XN_OK ? xn_url_parse(address, ret_url, err) : result;
}
