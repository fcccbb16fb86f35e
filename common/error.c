#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
xn_fail(struct xn_error *err, enum xn_code code, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return code;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return code;
}

int
xn_wrap(struct xn_error *err, const char *format, ...)
{
	char inner[sizeof(err->text)];
	size_t used;
	va_list args;
	int length;

	if (err == NULL)
		return XN_ESYSTEM;
	memcpy(inner, err->text, sizeof(inner));
	va_start(args, format);
	length = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = length < 0 ? 0 : (size_t)length;
	if (used + 3 < sizeof(err->text))
		snprintf(err->text + used, sizeof(err->text) - used, ": %.*s",
		    (int)(sizeof(err->text) - used - 3), inner);
	return err->code;
}

int
xn_exit_of(enum xn_code code)
{
	switch (code) {
	case XN_OK: return XN_EXIT_OK;
	case XN_EINVALID:
	case XN_ENOTFOUND: return XN_EXIT_INPUT;
	case XN_EREAD: return XN_EXIT_NOINPUT;
	case XN_EUNREACHABLE:
	case XN_EDEVICE: return XN_EXIT_UNREACHABLE;
	case XN_EREFUSED: return XN_EXIT_REFUSED;
	case XN_EFULL:
	case XN_ESYSTEM: return XN_EXIT_INTERNAL;
	}
	return XN_EXIT_INTERNAL;
}
