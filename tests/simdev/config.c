/* The configuration file: one thing a line, words and KEY=VALUE; README.md has the whole of it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/simdev/model.h"
#include "tests/simdev/plant.h"

#define WORDS_MAX 24

struct line {
	const char *path;
	unsigned number;
	char *words[WORDS_MAX];
	unsigned count;
	unsigned used; /* a bit for each word that was understood */
};

static int
wrong(const struct line *line, struct xn_error *err, const char *why, const char *what)
{
	return xn_fail(err, XN_EINVALID, "%s:%u: %s: %s", line->path, line->number, why, what);
}

/* The value of KEY=, NULL if it is not on the line. */
static const char *
value(struct line *line, const char *key)
{
	size_t length = strlen(key);

	for (unsigned i = 1; i < line->count; i++) {
		if (strncmp(line->words[i], key, length) == 0 && line->words[i][length] == '=') {
			line->used |= 1u << i;
			return line->words[i] + length + 1;
		}
	}
	return NULL;
}

/* A number with W, kW, kWh, Wh, % or nothing behind it. */
static bool
number(const char *text, double *ret_number)
{
	static const struct {
		const char *suffix;
		double factor;
	} suffixes[] = {{"", 1}, {"W", 1}, {"kW", 1000}, {"Wh", 1}, {"kWh", 1000}, {"%", 0.01},
	    {"C", 1}, {"K", 1}, {"ms", 1}};
	char *end;
	double n = strtod(text, &end);

	for (size_t i = 0; end != text && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(end, suffixes[i].suffix) == 0 && isfinite(n)) {
			*ret_number = n * suffixes[i].factor;
			return true;
		}
	}
	return false;
}

static int
take_number(struct line *line, const char *key, double *number_io, struct xn_error *err)
{
	const char *text = value(line, key);

	if (text != NULL && !number(text, number_io))
		return wrong(line, err, "no number", text);
	return XN_OK;
}

/* A secret may stand in a file of its own: @PATH. */
static int
take_text(struct line *line, const char *key, char *to, size_t size, struct xn_error *err)
{
	const char *text = value(line, key);
	char secret[256] = "";
	FILE *file;

	if (text == NULL)
		return XN_OK;
	if (text[0] == '@') {
		file = fopen(text + 1, "re");
		if (file == NULL || fgets(secret, sizeof(secret), file) == NULL)
			secret[0] = '\0';
		if (file != NULL)
			fclose(file);
		secret[strcspn(secret, "\r\n")] = '\0';
		if (secret[0] == '\0')
			return wrong(line, err, "cannot read", text);
		text = secret;
	}
	if ((size_t)snprintf(to, size, "%s", text) >= size)
		return wrong(line, err, "too long", key);
	return XN_OK;
}

static int
find_host(const struct xn_plant *plant, const char *name)
{
	for (size_t i = 0; i < plant->host_count; i++)
		if (strcmp(plant->hosts[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int
find_rack(const struct xn_plant *plant, const char *name)
{
	for (size_t i = 0; i < plant->rack_count; i++)
		if (strcmp(plant->racks[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int
take_host(struct xn_plant *plant, struct line *line, struct xn_error *err)
{
	struct xn_plant_host *host = &plant->hosts[plant->host_count];

	if (line->count < 2 || plant->host_count == XN_HOSTS_MAX)
		return wrong(line, err, "host", "no name, or too many");
	*host = (struct xn_plant_host){.idle_w = 60, .full_w = 180, .cpus = 1};
	snprintf(host->name, sizeof(host->name), "%s", line->words[1]);
	plant->host_count++;
	if (take_number(line, "idle", &host->idle_w, err) != XN_OK ||
	    take_number(line, "full", &host->full_w, err) != XN_OK ||
	    take_number(line, "cpus", &host->cpus, err) != XN_OK)
		return err->code;
	return host->cpus > 0 ? XN_OK : wrong(line, err, "cpus", "must be above 0");
}

static int
take_rack(struct xn_plant *plant, struct line *line, struct xn_error *err)
{
	struct xn_plant_rack *rack = &plant->racks[plant->rack_count];

	if (line->count < 2 || plant->rack_count == XN_RACKS_MAX)
		return wrong(line, err, "rack", "no name, or too many");
	*rack = (struct xn_plant_rack){.supply_c = 20, .rise_k_per_kw = 6};
	snprintf(rack->name, sizeof(rack->name), "%s", line->words[1]);
	plant->rack_count++;
	if (take_number(line, "supply", &rack->supply_c, err) != XN_OK)
		return err->code;
	return take_number(line, "rise", &rack->rise_k_per_kw, err);
}

static int
take_user(struct xn_plant *plant, struct line *line, struct xn_error *err)
{
	struct xn_plant_user *user = &plant->users[plant->user_count];

	if (line->count < 2 || plant->user_count == XN_USERS_MAX)
		return wrong(line, err, "user", "no name, or too many");
	*user = (struct xn_plant_user){.auth = "sha", .priv = "aes"};
	snprintf(user->name, sizeof(user->name), "%s", line->words[1]);
	plant->user_count++;
	if (take_text(line, "auth", user->auth, sizeof(user->auth), err) != XN_OK ||
	    take_text(line, "priv", user->priv, sizeof(user->priv), err) != XN_OK ||
	    take_text(line, "authpass", user->auth_pass, sizeof(user->auth_pass), err) != XN_OK ||
	    take_text(line, "privpass", user->priv_pass, sizeof(user->priv_pass), err) != XN_OK)
		return err->code;
	if (strlen(user->auth_pass) < 8 || strlen(user->priv_pass) < 8)
		return wrong(line, err, "authpass, privpass", "at least 8 characters");
	return XN_OK;
}

/* `racks=A01,A02` */
static int
take_racks(
    const struct xn_plant *plant, struct line *line, struct xn_device *device, struct xn_error *err)
{
	const char *text = value(line, "rack");
	char list[256], *rest = list, *name;

	if (text == NULL)
		text = value(line, "racks");
	snprintf(list, sizeof(list), "%s", text ? text : "");
	while ((name = strsep(&rest, ",")) != NULL) {
		int rack = find_rack(plant, name);

		if (*name == '\0')
			continue;
		if (rack < 0 || device->rack_count == XN_RACKS_MAX)
			return wrong(line, err, "no such rack (yet)", name);
		device->racks[device->rack_count++] = rack;
	}
	return XN_OK;
}

static int
take_address(struct line *line, struct xn_device *device, struct xn_error *err)
{
	const char *text = value(line, "at");
	const char *colon = text ? strrchr(text, ':') : NULL;
	char *end;
	unsigned long port;

	if (colon == NULL || colon - text >= (ptrdiff_t)sizeof(device->host))
		return wrong(line, err, "at=ADDRESS:PORT", text ? text : "missing");
	snprintf(device->host, sizeof(device->host), "%.*s", (int)(colon - text), text);
	port = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || *end != '\0' || port > 65535)
		return wrong(line, err, "no port", colon + 1);
	device->port = (unsigned)port;
	return XN_OK;
}

static int
take_kind(const struct line *line, struct xn_device *device, struct xn_error *err)
{
	for (unsigned kind = 0; kind < XN_KINDS; kind++) {
		if (strcmp(xn_models[kind].word, line->words[2]) == 0) {
			device->kind = (enum xn_kind)kind;
			return XN_OK;
		}
	}
	return wrong(line, err, "no such kind of device", line->words[2]);
}

static int
take_recording(
    const struct xn_plant *plant, struct line *line, struct xn_device *device, struct xn_error *err)
{
	const char *usual = xn_models[device->kind].recording;

	if (usual != NULL)
		snprintf(device->recording, sizeof(device->recording), "%s/%s", plant->recordings,
		    usual);
	if (take_text(line, "recording", device->recording, sizeof(device->recording), err) !=
	    XN_OK)
		return err->code;
	if (device->recording[0] == '\0' && xn_models[device->kind].rows == NULL)
		return wrong(line, err, "recording=FILE", "missing");
	return XN_OK;
}

static int
take_device(struct xn_plant *plant, struct line *line, struct xn_error *err)
{
	struct xn_device *device, *grown;
	double slow_ms = 3000, unit = 1;

	if (line->count < 3)
		return wrong(line, err, "device", "needs NAME KIND");
	grown = reallocarray(plant->devices, plant->device_count + 1, sizeof(*grown));
	if (grown == NULL)
		abort();
	plant->devices = grown;
	device = &grown[plant->device_count++];
	*device = (struct xn_device){.cop = 3.2, .fan_w = 18, .first_energy_wh = 1000};
	for (size_t i = 0; i < XN_OUTLETS_MAX; i++)
		device->outlets[i].host = -1;
	snprintf(device->name, sizeof(device->name), "%s", line->words[1]);
	line->used |= 1u << 2;
	if (take_kind(line, device, err) != XN_OK || take_address(line, device, err) != XN_OK ||
	    take_racks(plant, line, device, err) != XN_OK ||
	    take_recording(plant, line, device, err) != XN_OK ||
	    take_text(line, "community", device->community, sizeof(device->community), err) !=
		XN_OK ||
	    take_text(line, "user", device->user, sizeof(device->user), err) != XN_OK ||
	    take_number(line, "unit", &unit, err) != XN_OK ||
	    take_number(line, "slow", &slow_ms, err) != XN_OK ||
	    take_number(line, "energy", &device->first_energy_wh, err) != XN_OK ||
	    take_number(line, "cop", &device->cop, err) != XN_OK ||
	    take_number(line, "fan", &device->fan_w, err) != XN_OK)
		return err->code;
	device->unit_id = (unsigned)unit & 0xff;
	device->slow_ms = (unsigned)slow_ms;
	return XN_OK;
}

/* `outlet DEVICE NUMBER host=h1 share=50% load=12W` */
static int
take_outlet(struct xn_plant *plant, struct line *line, struct xn_error *err)
{
	struct xn_device *device = line->count > 2 ? xn_plant_device(plant, line->words[1]) : NULL;
	long index = line->count > 2 ? strtol(line->words[2], NULL, 10) : 0;
	const char *host = value(line, "host");
	struct xn_outlet *outlet;

	if (device == NULL || device->kind != XN_PDU || index < 1 || index > XN_OUTLETS_MAX)
		return wrong(line, err, "outlet", "needs the name of a PDU above, and a number");
	line->used |= 1u << 2;
	outlet = &device->outlets[index - 1];
	outlet->share = 1;
	if (host != NULL && (outlet->host = find_host(plant, host)) < 0)
		return wrong(line, err, "no such host (yet)", host);
	if (take_number(line, "share", &outlet->share, err) != XN_OK)
		return err->code;
	return take_number(line, "load", &outlet->load_w, err);
}

static int
take_pv(struct xn_plant *plant, struct line *line, struct xn_error *err)
{
	return take_number(line, "peak", &plant->pv_peak_w, err);
}

static int
take_losses(struct xn_plant *plant, struct line *line, struct xn_error *err)
{
	if (take_number(line, "fixed", &plant->loss_w, err) != XN_OK)
		return err->code;
	return take_number(line, "share", &plant->loss_share, err);
}

/* `sun +7`: the local day, seven hours ahead of UTC. `sun 11:00`: it is eleven when we start. */
static int
take_sun(struct xn_plant *plant, struct line *line, struct xn_error *err)
{
	int hour = 0, minute = 0;

	if (line->count == 2 && sscanf(line->words[1], "%d:%d", &hour, &minute) == 2)
		plant->sun_offset_s =
		    (int)(hour * 3600 + minute * 60 - (long)(time(NULL) % 86400) + 86400);
	else if (line->count == 2 && sscanf(line->words[1], "+%d", &hour) == 1)
		plant->sun_offset_s = hour * 3600;
	else
		return wrong(line, err, "sun", "needs +HOURS or HH:MM");
	return XN_OK;
}

static int
take_path(struct xn_plant *plant, struct line *line, struct xn_error *err)
{
	const struct {
		const char *word;
		char *to;
	} paths[] = {{"base", plant->base}, {"state", plant->state}, {"control", plant->control},
	    {"recordings", plant->recordings}};

	if (line->count != 2 || strlen(line->words[1]) >= sizeof(plant->base))
		return wrong(line, err, line->words[0], "needs one path");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(paths[i].word, line->words[0]) == 0)
			snprintf(paths[i].to, sizeof(plant->base), "%s", line->words[1]);
	return XN_OK;
}

static int
take_seed(struct xn_plant *plant, struct line *line, struct xn_error *err)
{
	if (line->count != 2)
		return wrong(line, err, "seed", "needs one number");
	plant->random = strtoull(line->words[1], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15) + 1;
	return XN_OK;
}

static const struct {
	const char *word;
	int (*take)(struct xn_plant *plant, struct line *line, struct xn_error *err);
} words[] = {
    {"base", take_path},
    {"control", take_path},
    {"device", take_device},
    {"host", take_host},
    {"losses", take_losses},
    {"outlet", take_outlet},
    {"pv", take_pv},
    {"rack", take_rack},
    {"recordings", take_path},
    {"seed", take_seed},
    {"state", take_path},
    {"sun", take_sun},
    {"user", take_user},
};

static int
take_line(struct xn_plant *plant, struct line *line, struct xn_error *err)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, line->words[0]) != 0)
			continue;
		line->used = 3; /* the word and its name */
		if (words[i].take(plant, line, err) != XN_OK)
			return err->code;
		for (unsigned j = 0; j < line->count; j++)
			if ((line->used & 1u << j) == 0)
				return wrong(line, err, "not understood", line->words[j]);
		return XN_OK;
	}
	return wrong(line, err, "not understood", line->words[0]);
}

static void
split(struct line *line, char *text)
{
	char *word;

	line->count = 0;
	text[strcspn(text, "#\r\n")] = '\0';
	while ((word = strsep(&text, " \t")) != NULL && line->count < WORDS_MAX)
		if (*word != '\0')
			line->words[line->count++] = word;
}

int
xn_plant_read(struct xn_plant *plant, const char *path, struct xn_error *err)
{
	struct line line = {.path = path};
	FILE *file = fopen(path, "re");
	char text[1024];
	int result = XN_OK;

	if (file == NULL)
		return xn_fail(err, XN_EREAD, "%s: %s", path, strerror(errno));
	plant->random = 1;
	plant->sun_offset_s = 7 * 3600;
	snprintf(plant->recordings, sizeof(plant->recordings), "tests/simdev/recordings");
	while (result == XN_OK && fgets(text, sizeof(text), file) != NULL) {
		line.number++;
		split(&line, text);
		if (line.count > 0)
			result = take_line(plant, &line, err);
	}
	fclose(file);
	return result;
}
