#include "drivers/url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum key {
	KEY_COMMUNITY,
	KEY_VERSION,
	KEY_USER,
	KEY_AUTH,
	KEY_AUTHPASS,
	KEY_PRIV,
	KEY_PRIVPASS,
	KEY_CONTEXT,
	KEY_UNIT,
	KEY_BASE,
	KEY_BAUD,
	KEY_PARITY,
	KEY_COUNT
};

static const struct {
	const char *name;
	unsigned schemes; /* a bit per scheme that knows it */
} keys[KEY_COUNT] = {
    [KEY_COMMUNITY] = {"community", 1u << XN_URL_SNMP},
    [KEY_VERSION] = {"version", 1u << XN_URL_SNMP},
    [KEY_USER] = {"user", 1u << XN_URL_SNMP},
    [KEY_AUTH] = {"auth", 1u << XN_URL_SNMP},
    [KEY_AUTHPASS] = {"authpass", 1u << XN_URL_SNMP},
    [KEY_PRIV] = {"priv", 1u << XN_URL_SNMP},
    [KEY_PRIVPASS] = {"privpass", 1u << XN_URL_SNMP},
    [KEY_CONTEXT] = {"context", 1u << XN_URL_SNMP},
    [KEY_UNIT] = {"unit", 1u << XN_URL_MODBUS_TCP | 1u << XN_URL_MODBUS_RTU},
    [KEY_BASE] = {"base", 1u << XN_URL_MODBUS_TCP | 1u << XN_URL_MODBUS_RTU},
    [KEY_BAUD] = {"baud", 1u << XN_URL_MODBUS_RTU},
    [KEY_PARITY] = {"parity", 1u << XN_URL_MODBUS_RTU},
};

static const struct {
	const char *prefix;
	enum xn_scheme scheme;
	uint16_t port;
} schemes[] = {
    {"snmp://", XN_URL_SNMP, 161},
    {"modbus://", XN_URL_MODBUS_TCP, 502},
    {"modbus-rtu:", XN_URL_MODBUS_RTU, 0},
    {"replay:", XN_URL_REPLAY, 0},
};

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Percent-decodes into a field. False: a bad escape, a NUL, or too long. */
static bool
decode(const char *text, size_t length, char *ret_text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '%') {
			int high = i + 1 < length ? hex_digit(text[i + 1]) : -1;
			int low = i + 2 < length ? hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0' || used + 1 >= size)
			return false;
		ret_text[used++] = c;
	}
	ret_text[used] = '\0';
	return true;
}

/* A whole number in decimal; -1 if it is none or above `max`. */
static long
number(const char *text, long max)
{
	long value = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || value > max)
			return -1;
		value = value * 10 + (*text - '0');
	}
	return value <= max ? value : -1;
}

/* Replaces "@FILE" by the file's first line. */
static int
read_secret(const char *key, char *value, size_t size, struct xn_error *err)
{
	FILE *file;
	char path[XN_URL_HOST_SIZE];
	size_t length;

	snprintf(path, sizeof(path), "%s", value + 1);
	file = fopen(path, "re");
	if (file == NULL)
		return xn_fail(err, XN_EREAD, "%s: %s: %s", key, path, strerror(errno));
	length = fread(value, 1, size - 1, file);
	value[length] = '\0';
	if (ferror(file) || length + 1 >= size || memchr(value, '\0', length) != NULL)
		length = SIZE_MAX;
	fclose(file);
	if (length == SIZE_MAX)
		return xn_fail(err, XN_EREAD, "%s: %s: not a short line of text", key, path);
	value[strcspn(value, "\r\n")] = '\0';
	return XN_OK;
}

static bool
set_choice(const char *value, const char *const *words, int *ret_index)
{
	for (int i = 0; words[i] != NULL; i++) {
		if (strcasecmp(value, words[i]) == 0) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

static bool
set_auth(struct xn_url *url, const char *value)
{
	static const char *const words[] = {"SHA", "SHA1", "SHA-1", "MD5", "SHA224", "SHA-224",
	    "SHA256", "SHA-256", "SHA384", "SHA-384", "SHA512", "SHA-512", NULL};
	static const enum xn_snmp_auth kinds[] = {XN_AUTH_SHA, XN_AUTH_SHA, XN_AUTH_SHA,
	    XN_AUTH_MD5, XN_AUTH_SHA224, XN_AUTH_SHA224, XN_AUTH_SHA256, XN_AUTH_SHA256,
	    XN_AUTH_SHA384, XN_AUTH_SHA384, XN_AUTH_SHA512, XN_AUTH_SHA512};
	int index;

	if (!set_choice(value, words, &index))
		return false;
	url->auth = kinds[index];
	return true;
}

static bool
set_priv(struct xn_url *url, const char *value)
{
	static const char *const words[] = {"AES", "AES128", "AES-128", NULL};
	int index;

	if (!set_choice(value, words, &index))
		return false;
	url->priv = XN_PRIV_AES;
	return true;
}

static bool
set_version(struct xn_url *url, const char *value)
{
	static const char *const words[] = {"1", "2c", "3", "2", NULL};
	static const int versions[] = {1, 2, 3, 2};
	int index;

	if (!set_choice(value, words, &index))
		return false;
	url->version = versions[index];
	return true;
}

static bool
set_parity(struct xn_url *url, const char *value)
{
	static const char *const words[] = {"none", "even", "odd", NULL};
	int index;

	if (!set_choice(value, words, &index))
		return false;
	url->parity = "NEO"[index];
	return true;
}

static bool
set_number(enum key key, struct xn_url *url, const char *value)
{
	long n = number(value, key == KEY_BAUD ? 4000000 : key == KEY_UNIT ? 255 : 65535);

	if (n < 0 || (key == KEY_BAUD && n < 300))
		return false;
	if (key == KEY_BAUD)
		url->baud = (int)n;
	if (key == KEY_UNIT)
		url->unit = (uint8_t)n;
	if (key == KEY_BASE) {
		url->base = (uint16_t)n;
		url->has_base = true;
	}
	return true;
}

static bool
set_text(char *field, const char *value)
{
	snprintf(field, XN_URL_SECRET_SIZE, "%s", value);
	return true;
}

static bool
set_key(struct xn_url *url, enum key key, const char *value)
{
	switch (key) {
	case KEY_COMMUNITY: return set_text(url->community, value);
	case KEY_VERSION: return set_version(url, value);
	case KEY_USER: return set_text(url->user, value);
	case KEY_AUTH: return set_auth(url, value);
	case KEY_AUTHPASS: return set_text(url->auth_pass, value);
	case KEY_PRIV: return set_priv(url, value);
	case KEY_PRIVPASS: return set_text(url->priv_pass, value);
	case KEY_CONTEXT: return set_text(url->context, value);
	case KEY_UNIT:
	case KEY_BASE:
	case KEY_BAUD: return set_number(key, url, value);
	case KEY_PARITY: return set_parity(url, value);
	case KEY_COUNT: break;
	}
	return false;
}

static enum key
find_key(const char *name, size_t length, enum xn_scheme scheme)
{
	enum key key = 0;

	while (key < KEY_COUNT &&
	    (strlen(keys[key].name) != length || memcmp(keys[key].name, name, length) != 0 ||
		(keys[key].schemes & 1u << scheme) == 0))
		key++;
	return key;
}

/* One "key=value" of the query. */
static int
parse_pair(
    struct xn_url *url, const char *pair, size_t length, unsigned *seen, struct xn_error *err)
{
	const char *equals = memchr(pair, '=', length);
	size_t name = equals != NULL ? (size_t)(equals - pair) : length;
	enum key key = find_key(pair, name, url->scheme);
	char value[XN_URL_SECRET_SIZE];

	if (key == KEY_COUNT)
		return xn_fail(
		    err, XN_EINVALID, "unknown key \"%.*s\"", (int)(name < 40 ? name : 40), pair);
	if (*seen & 1u << key)
		return xn_fail(err, XN_EINVALID, "%s is given twice", keys[key].name);
	*seen |= 1u << key;
	if (equals == NULL || !decode(equals + 1, length - name - 1, value, sizeof(value)))
		return xn_fail(err, XN_EINVALID,
		    "%s: not a value (text up to %d bytes, %%XX for others)", keys[key].name,
		    XN_URL_SECRET_SIZE - 1);
	if (value[0] == '@' && read_secret(keys[key].name, value, sizeof(value), err) < 0)
		return err != NULL ? (int)err->code : (int)XN_EREAD;
	if (!set_key(url, key, value))
		return xn_fail(err, XN_EINVALID, "%s: no such value", keys[key].name);
	return XN_OK;
}

static int
parse_query(struct xn_url *url, const char *query, struct xn_error *err)
{
	unsigned seen = 0;

	while (*query != '\0') {
		size_t length = strcspn(query, "&");
		int code = length > 0 ? parse_pair(url, query, length, &seen, err) : XN_OK;

		if (code < 0)
			return code;
		query += length + (query[length] == '&');
	}
	return XN_OK;
}

/* "HOST", "HOST:PORT", "[IPV6]:PORT". */
static int
parse_host(struct xn_url *url, const char *text, size_t length, struct xn_error *err)
{
	const char *end = text + length;
	const char *host = text;
	const char *stop;
	char port[8];

	if (length > 0 && *text == '[') {
		host = text + 1;
		stop = memchr(host, ']', length - 1);
		text = stop != NULL ? stop + 1 : end;
	} else {
		stop = memchr(text, ':', length);
		stop = stop != NULL ? stop : end;
		text = stop;
	}
	if (stop == NULL || stop == host ||
	    !decode(host, (size_t)(stop - host), url->host, sizeof(url->host)))
		return xn_fail(err, XN_EINVALID, "no host in the URL");
	if (text == end)
		return XN_OK;
	if (*text != ':' || !decode(text + 1, (size_t)(end - text) - 1, port, sizeof(port)) ||
	    number(port, 65535) < 1)
		return xn_fail(err, XN_EINVALID, "port: a number from 1 to 65535");
	url->port = (uint16_t)number(port, 65535);
	return XN_OK;
}

static int
check_snmp(const struct xn_url *url, struct xn_error *err)
{
	if (url->scheme != XN_URL_SNMP)
		return XN_OK;
	if (url->version != 3 && url->community[0] == '\0')
		return xn_fail(err, XN_EINVALID, "community is missing");
	if (url->version == 3 && url->user[0] == '\0')
		return xn_fail(err, XN_EINVALID, "user is missing (version=3)");
	if (url->auth != XN_AUTH_NONE && strlen(url->auth_pass) < 8)
		return xn_fail(err, XN_EINVALID, "authpass: at least 8 characters");
	if (url->priv != XN_PRIV_NONE && strlen(url->priv_pass) < 8)
		return xn_fail(err, XN_EINVALID, "privpass: at least 8 characters");
	if (url->priv != XN_PRIV_NONE && url->auth == XN_AUTH_NONE)
		return xn_fail(err, XN_EINVALID, "priv needs auth");
	return XN_OK;
}

int
xn_url_parse(const char *text, struct xn_url *ret_url, struct xn_error *err)
{
	struct xn_url url = {.version = 2, .unit = 1, .baud = 9600, .parity = 'N'};
	const char *rest = NULL;
	size_t place;
	int code;

	for (size_t i = 0; rest == NULL && i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0) {
			rest = text + strlen(schemes[i].prefix);
			url.scheme = schemes[i].scheme;
			url.port = schemes[i].port;
		}
	}
	if (rest == NULL)
		return xn_fail(err, XN_EINVALID,
		    "URL: snmp://HOST, modbus://HOST, modbus-rtu:/dev/TTY or replay:FILE");
	place = strcspn(rest, "?");
	if (url.scheme == XN_URL_SNMP || url.scheme == XN_URL_MODBUS_TCP) {
		size_t host = place > 0 && rest[place - 1] == '/' ? place - 1 : place;

		code = parse_host(&url, rest, host, err);
		if (code < 0)
			return code;
	} else if (place == 0 || !decode(rest, place, url.host, sizeof(url.host))) {
		return xn_fail(err, XN_EINVALID, "no path in the URL");
	}
	code = parse_query(&url, rest + place + (rest[place] == '?'), err);
	if (code == XN_OK)
		code = check_snmp(&url, err);
	if (code == XN_OK)
		*ret_url = url;
	return code;
}

void
xn_url_place(const struct xn_url *url, char *ret_text, size_t size)
{
	if (url->scheme == XN_URL_MODBUS_RTU || url->scheme == XN_URL_REPLAY)
		snprintf(ret_text, size, "%s", url->host);
	else
		snprintf(ret_text, size, strchr(url->host, ':') != NULL ? "[%s]:%u" : "%s:%u",
		    url->host, (unsigned)url->port);
}
