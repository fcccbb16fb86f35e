#include "common/site_build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ZONES "/usr/share/zoneinfo"

/* ---- site ---- */

/* A name of the tz database. Where the machine has none of it, only the form is checked. */
static bool
is_timezone(const char *name)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-";
	char path[256];
	char magic[4] = "";
	struct stat about;
	FILE *zone;
	bool good;

	if (name[0] == '\0' || name[0] == '/' || strlen(name) > 64 ||
	    strspn(name, letters) != strlen(name))
		return false;
	if (stat(ZONES, &about) != 0)
		return true;
	snprintf(path, sizeof(path), ZONES "/%s", name);
	zone = stat(path, &about) == 0 && S_ISREG(about.st_mode) ? fopen(path, "re") : NULL;
	if (zone == NULL)
		return false;
	good =
	    fread(magic, 1, sizeof(magic), zone) == sizeof(magic) && memcmp(magic, "TZif", 4) == 0;
	fclose(zone);
	return good;
}

static bool
is_language(const char *key)
{
	return strlen(key) == 2 && key[0] >= 'a' && key[0] <= 'z' && key[1] >= 'a' && key[1] <= 'z';
}

static void
build_title(struct xn_site_builder *builder, const struct xn_yaml *title)
{
	struct xn_site *site = builder->site;
	const char *text;

	if (title == NULL || !xn_yaml_check_names(title, builder->problems))
		return;
	site->titles = xn_new(builder->arena, struct xn_site_title, title->count);
	XN_YAML_EACH (value, title) {
		const char *language = value->key->text;

		if (!value->key->spoiled && !is_language(language))
			xn_problem_add(builder->problems, value->key->mark,
			    "a language has two letters, such as vi or en",
			    "'%.64s' is no language", language);
		if (!xn_value_text(value, builder->problems, &text) || !is_language(language))
			continue;
		site->titles[site->title_count++] = (struct xn_site_title){language, text};
		if (strcmp(language, "vi") == 0)
			site->title_vi = text;
		else if (strcmp(language, "en") == 0)
			site->title_en = text;
	}
}

void
xn_site_build_about(struct xn_site_builder *builder)
{
	static const struct xn_yaml_key keys[] = {{"name", true}, {"title", false},
	    {"timezone", false}, {"grid_region", false}, {NULL, false}};
	const struct xn_yaml *about = builder->about;
	const struct xn_yaml *value;
	struct xn_site *site = builder->site;

	site->timezone = "Asia/Ho_Chi_Minh";
	if (about == NULL || !xn_yaml_check_map(about, keys, builder->problems))
		return;
	if ((value = xn_yaml_get(about, "name")) != NULL)
		(void)xn_value_name(value, builder->problems, &site->name);
	build_title(builder, xn_yaml_get(about, "title"));
	if ((value = xn_yaml_get(about, "timezone")) != NULL &&
	    xn_value_text(value, builder->problems, &site->timezone) &&
	    !is_timezone(site->timezone))
		xn_problem_add(builder->problems, value->mark, "a name such as Asia/Ho_Chi_Minh",
		    "'%.64s' is no time zone", site->timezone);
	if ((value = xn_yaml_get(about, "grid_region")) != NULL)
		(void)xn_value_text(value, builder->problems, &site->grid_region);
}

/* ---- api ---- */

static bool
build_listeners(struct xn_site_builder *builder, const struct xn_yaml *list)
{
	struct xn_site *site = builder->site;
	const char *text;
	char why[128];
	bool tls = false;

	if (list == NULL || !xn_yaml_check_list(list, builder->problems))
		return false;
	site->listener_count = 0;
	site->listeners = xn_new(builder->arena, struct xn_site_listener, list->count);
	XN_YAML_EACH (item, list) {
		struct xn_site_listener *listener = &site->listeners[site->listener_count];

		if (!xn_value_text(item, builder->problems, &text))
			continue;
		if (!xn_site_listener_read(builder->arena, text, listener, why, sizeof(why)))
			xn_problem_add(builder->problems, item->mark, why,
			    "'%.64s' is nothing to listen on", text);
		else
			site->listener_count++;
		tls = tls || strncmp(text, "tls://", 6) == 0;
	}
	return tls;
}

void
xn_site_build_api(struct xn_site_builder *builder)
{
	static const struct xn_yaml_key keys[] = {
	    {"listen", false}, {"certificate", false}, {"private_key", false}, {NULL, false}};
	struct xn_site *site = builder->site;
	const struct xn_yaml *api = builder->api;
	const struct xn_yaml *value;
	bool tls;

	site->listeners = xn_new(builder->arena, struct xn_site_listener, 1);
	site->listeners[0] = (struct xn_site_listener){XN_LISTEN_UNIX, "/run/xanh/api.sock", 0};
	site->listener_count = 1;
	if (api == NULL || !xn_yaml_check_map(api, keys, builder->problems))
		return;
	tls = build_listeners(builder, xn_yaml_get(api, "listen"));
	if ((value = xn_yaml_get(api, "certificate")) != NULL &&
	    xn_value_text(value, builder->problems, &site->certificate) &&
	    site->certificate[0] == '\0')
		xn_problem_add(
		    builder->problems, value->mark, NULL, "the path of a file is expected");
	value = xn_yaml_get(api, "private_key");
	if (value != NULL)
		(void)xn_value_credential(value, builder->problems, &site->private_key);
	else if (tls && !api->cut)
		xn_problem_add(builder->problems, xn_yaml_place(api),
		    "write private_key: {credential: NAME}",
		    "required key 'private_key' is missing: there is a tls listener");
}

/* ---- store ---- */

static void
build_series(struct xn_site_builder *builder, const struct xn_yaml *series, xn_duration *ret_every,
    xn_duration *ret_keep, bool *ret_peaks)
{
	static const struct xn_yaml_key keys[] = {
	    {"every", false}, {"keep", false}, {"keep_peaks", false}, {NULL, false}};
	const struct xn_yaml *every;
	const struct xn_yaml *keep;
	const struct xn_yaml *peaks;
	bool good = true;

	if (series == NULL || !xn_yaml_check_map(series, keys, builder->problems))
		return;
	every = xn_yaml_get(series, "every");
	keep = xn_yaml_get(series, "keep");
	peaks = xn_yaml_get(series, "keep_peaks");
	if (peaks != NULL)
		(void)xn_value_switch(peaks, builder->problems, ret_peaks);
	if (every != NULL)
		good = xn_value_time(every, builder->problems, ret_every);
	if (good && ret_every->ms == 0) {
		xn_problem_add(
		    builder->problems, every->mark, NULL, "a time above zero is expected");
		good = false;
	}
	if (keep != NULL)
		good = xn_value_time(keep, builder->problems, ret_keep) && good;
	if (good && ret_keep->ms <= ret_every->ms)
		xn_problem_add(builder->problems, keep != NULL ? keep->mark : xn_yaml_place(series),
		    NULL, "'keep' must be longer than 'every'");
}

void
xn_site_build_store(struct xn_site_builder *builder)
{
	static const struct xn_yaml_key keys[] = {
	    {"kind", false}, {"raw", false}, {"hour", false}, {NULL, false}};
	static const char *const kinds[] = {"rrd", "victoriametrics", "postgresql", NULL};
	struct xn_site *site = builder->site;
	const struct xn_yaml *kind;
	int choice;

	site->raw_every = xn_seconds(10);
	site->raw_keep = xn_seconds(7 * 86400);
	site->hour_every = xn_seconds(3600);
	site->hour_keep = xn_seconds(INT64_C(3650) * 86400);
	if (builder->store == NULL || !xn_yaml_check_map(builder->store, keys, builder->problems))
		return;
	kind = xn_yaml_get(builder->store, "kind");
	if (kind != NULL && xn_value_choice(kind, builder->problems, kinds, &choice))
		site->store_kind = (enum xn_store_kind)choice;
	build_series(builder, xn_yaml_get(builder->store, "raw"), &site->raw_every, &site->raw_keep,
	    &site->raw_peaks);
	build_series(builder, xn_yaml_get(builder->store, "hour"), &site->hour_every,
	    &site->hour_keep, &site->hour_peaks);
}

/* ---- control ---- */

static void
build_span(struct xn_site_builder *builder, const struct xn_yaml *value, int64_t least_s,
    int64_t most_s, xn_duration *ret_span)
{
	if (value == NULL || !xn_value_time(value, builder->problems, ret_span))
		return;
	if (ret_span->ms < least_s * 1000 || ret_span->ms > most_s * 1000)
		xn_problem_add(builder->problems, value->mark, NULL,
		    "'%.64s' is out of range: %lld s to %lld s", value->text, (long long)least_s,
		    (long long)most_s);
}

void
xn_site_build_control(struct xn_site_builder *builder)
{
	static const struct xn_yaml_key keys[] = {
	    {"tick", false}, {"interval", false}, {NULL, false}};
	struct xn_site *site = builder->site;

	site->tick = xn_seconds(60);
	site->interval = xn_seconds(1800);
	if (builder->control == NULL ||
	    !xn_yaml_check_map(builder->control, keys, builder->problems))
		return;
	build_span(builder, xn_yaml_get(builder->control, "tick"), 1, 3600, &site->tick);
	build_span(builder, xn_yaml_get(builder->control, "interval"), 10, 86400, &site->interval);
}
