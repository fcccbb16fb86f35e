#include "common/site_build.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define HOST_MAX 253

static bool
refuse(char *ret_why, size_t size, const char *why)
{
	snprintf(ret_why, size, "%s", why);
	return false;
}

/* A whole number of at most `max`; -1 if it is not. */
static long
number_of(const char *text, size_t length, long max)
{
	long value = 0;

	if (length == 0 || length > 9)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value > max ? -1 : value;
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static bool
host_good(const char *host, size_t length)
{
	unsigned char binary[sizeof(struct in6_addr)];
	char text[HOST_MAX + 1];
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

	if (length == 0 || length > HOST_MAX)
		return false;
	memcpy(text, host, length);
	text[length] = '\0';
	if (text[0] == '[' && text[length - 1] == ']') {
		text[length - 1] = '\0';
		return inet_pton(AF_INET6, text + 1, binary) == 1;
	}
	if (strspn(text, "0123456789.") == length)
		return inet_pton(AF_INET, text, binary) == 1;
	return strspn(text, letters) == length && text[0] != '.' && text[0] != '-';
}

/* `HOST[:PORT]` at the start of text, up to '?' or the end. Port 0 when none is written. */
static bool
split_host(const char *text, size_t length, size_t *ret_host, long *ret_port)
{
	const char *close = text[0] == '[' ? memchr(text, ']', length) : NULL;
	const char *from = close != NULL ? close : text;
	const char *colon = memchr(from, ':', length - (size_t)(from - text));

	*ret_host = colon == NULL ? length : (size_t)(colon - text);
	*ret_port = 0;
	if (colon != NULL) {
		*ret_port = number_of(colon + 1, length - *ret_host - 1, 65535);
		if (*ret_port < 1)
			return false;
	}
	return host_good(text, *ret_host);
}

struct parameters {
	bool unit, baud, parity, base;
};

static bool
is_key(const char *key, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(key, word, length) == 0;
}

static bool
take_parameter(const char *key, size_t key_length, const char *value, size_t length, bool serial,
    struct parameters *seen, char *ret_why, size_t size)
{
	if (is_key(key, key_length, "unit") && !seen->unit) {
		seen->unit = true;
		return number_of(value, length, 255) >= 0 ||
		    refuse(ret_why, size, "unit is 0 to 255");
	}
	if (is_key(key, key_length, "base") && !seen->base) {
		seen->base = true;
		return number_of(value, length, 65535) >= 0 ||
		    refuse(ret_why, size, "base is 0 to 65535");
	}
	if (serial && is_key(key, key_length, "baud") && !seen->baud) {
		seen->baud = true;
		return number_of(value, length, 4000000) > 0 ||
		    refuse(ret_why, size, "baud is a whole number such as 9600");
	}
	if (serial && is_key(key, key_length, "parity") && !seen->parity) {
		seen->parity = true;
		return is_key(value, length, "none") || is_key(value, length, "even") ||
		    is_key(value, length, "odd") ||
		    refuse(ret_why, size, "parity is none, even or odd");
	}
	return refuse(ret_why, size, "a parameter is unknown or repeated");
}

/* `unit=N&baud=N` after the question mark. */
static bool
query_good(const char *query, bool serial, char *ret_why, size_t size)
{
	struct parameters seen = {0};

	while (*query != '\0') {
		size_t length = strcspn(query, "&");
		const char *equals = memchr(query, '=', length);

		if (equals == NULL)
			return refuse(ret_why, size, "a parameter is NAME=VALUE");
		if (!take_parameter(query, (size_t)(equals - query), equals + 1,
			length - (size_t)(equals - query) - 1, serial, &seen, ret_why, size))
			return false;
		query += length;
		if (*query == '&' && *++query == '\0')
			return refuse(ret_why, size, "a parameter is NAME=VALUE");
	}
	if (!seen.unit)
		return refuse(ret_why, size, "unit=N is missing");
	if (serial && (!seen.baud || !seen.parity))
		return refuse(ret_why, size,
		    seen.baud ? "parity=none|even|odd is missing" : "baud=N is missing");
	return true;
}

bool
xn_site_address_good(const char *address, char *ret_why, size_t size)
{
	bool snmp = strncmp(address, "snmp://", 7) == 0;
	bool tcp = strncmp(address, "modbus://", 9) == 0;
	bool serial = strncmp(address, "modbus-rtu:", 11) == 0;
	const char *rest = address + (snmp ? 7 : tcp ? 9 : serial ? 11 : 0);
	size_t length = strcspn(rest, "?");
	size_t host;
	long port;

	if (!snmp && !tcp && !serial)
		return refuse(ret_why, size, "it starts with snmp://, modbus:// or modbus-rtu:");
	if (serial && length == 0)
		return refuse(ret_why, size, "the path of the serial port is missing");
	if (!serial && length == 0)
		return refuse(ret_why, size, "the host is missing");
	if (!serial && !split_host(rest, length, &host, &port))
		return refuse(ret_why, size, "a host is a name or address, a port 1 to 65535");
	if (snmp && rest[length] != '\0')
		return refuse(
		    ret_why, size, "version and secrets stand under 'snmp', not in the address");
	return snmp || query_good(rest + length + (rest[length] == '?'), serial, ret_why, size);
}

static bool
is_loopback(const char *host)
{
	struct in_addr v4;

	if (strcmp(host, "::1") == 0)
		return true;
	return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool
xn_site_listener_read(struct xn_arena *arena, const char *text,
    struct xn_site_listener *ret_listener, char *ret_why, size_t size)
{
	bool tls = strncmp(text, "tls://", 6) == 0;
	bool http = strncmp(text, "http://", 7) == 0;
	const char *rest = text + (tls ? 6 : http ? 7 : 0);
	const struct sockaddr_un *un = NULL;
	size_t host;
	long port;

	if (strncmp(text, "unix:", 5) == 0) {
		*ret_listener = (struct xn_site_listener){XN_LISTEN_UNIX, text + 5, 0};
		if (text[5] != '/')
			return refuse(ret_why, size, "the path of a unix socket starts with '/'");
		return strlen(text + 5) < sizeof(un->sun_path) ||
		    refuse(ret_why, size, "the path of a unix socket has at most 107 bytes");
	}
	if (!tls && !http)
		return refuse(ret_why, size, "write unix:PATH or tls://HOST:PORT");
	if (rest[0] == '\0' || !split_host(rest, strlen(rest), &host, &port) || port == 0)
		return refuse(ret_why, size, "write HOST:PORT, the port 1 to 65535");
	if (rest[0] == '[') {
		rest++;
		host -= 2;
	}
	*ret_listener = (struct xn_site_listener){
	    tls ? XN_LISTEN_TLS : XN_LISTEN_HTTP, xn_text_copy(arena, rest, host), (int)port};
	if (http && !is_loopback(ret_listener->host))
		return refuse(ret_why, size,
		    "http:// is for 127.0.0.1 and [::1] only; use tls:// to be reached from "
		    "elsewhere");
	return true;
}
