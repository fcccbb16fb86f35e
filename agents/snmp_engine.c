#include "agents/snmp_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "agents/spool_files.h"

#define FILE_NAME   "engine"
#define FILE_SIZE   128
/* RFC 3411: the maker of the software that speaks (net-snmp), and 5 for octets of our own choice.
 */
#define PREFIX      "\x80\x00\x1f\x88\x05"
#define PREFIX_SIZE 5
#define OWN_SIZE    12
/* RFC 3414: where boots end, an engine has to become another. */
#define BOOTS_MAX   0x7ffffffeu

static void
draw(struct xn_snmp_engine *engine)
{
	*engine = (struct xn_snmp_engine){.size = PREFIX_SIZE + OWN_SIZE, .boots = 1};
	memcpy(engine->id, PREFIX, PREFIX_SIZE);
	while (getrandom(engine->id + PREFIX_SIZE, OWN_SIZE, 0) != OWN_SIZE)
		; /* interrupted before the kernel had any */
}

/* "ID-IN-HEX BOOTS", a line and nothing else. */
static bool
parse(const char *text, struct xn_snmp_engine *ret_engine)
{
	struct xn_snmp_engine engine = {.size = PREFIX_SIZE + OWN_SIZE};
	unsigned long boots;
	unsigned byte;
	char *end;

	for (size_t i = 0; i < engine.size; i++, text += 2) {
		if (strspn(text, "0123456789abcdef") < 2 || sscanf(text, "%2x", &byte) != 1)
			return false;
		engine.id[i] = (uint8_t)byte;
	}
	if (memcmp(engine.id, PREFIX, PREFIX_SIZE) != 0 || text[0] != ' ' || text[1] < '1' ||
	    text[1] > '9')
		return false;
	boots = strtoul(text + 1, &end, 10);
	if (strcmp(end, "\n") != 0 || boots >= BOOTS_MAX)
		return false;
	engine.boots = (uint32_t)boots;
	*ret_engine = engine;
	return true;
}

static int
save(int dir_fd, const struct xn_snmp_engine *engine, struct xn_error *err)
{
	char text[FILE_SIZE];
	size_t used = 0;

	for (size_t i = 0; i < engine->size; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%02x", engine->id[i]);
	used += (size_t)snprintf(text + used, sizeof(text) - used, " %u\n", engine->boots);
	return xn_file_replace(dir_fd, FILE_NAME, text, used, err);
}

static int
start(int dir_fd, struct xn_snmp_engine *ret_engine, struct xn_error *err)
{
	struct xn_snmp_engine engine;
	char *text = NULL;
	int code = xn_file_load(dir_fd, FILE_NAME, FILE_SIZE, &text, err);

	if (code < 0 && code != XN_ENOTFOUND)
		return code;
	if (text != NULL && parse(text, &engine))
		engine.boots++;
	else
		engine = *ret_engine;
	free(text);
	code = save(dir_fd, &engine, err);
	if (code == XN_OK)
		*ret_engine = engine;
	return code;
}

int
xn_snmp_engine_start(const char *dir, struct xn_snmp_engine *ret_engine, struct xn_error *err)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code;

	draw(ret_engine);
	if (dir_fd < 0)
		return xn_fail(err, XN_ESYSTEM, "engine: %s: %s", dir, strerror(errno));
	code = start(dir_fd, ret_engine, err);
	close(dir_fd);
	return code == XN_OK ? code : xn_wrap(err, "engine: %s", dir);
}
