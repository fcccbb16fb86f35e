#include "common/site_build.h"

#include <string.h>

#define URI_MAX 256

/* The URI with every {host} replaced. */
static const char *
host_uri(struct xn_arena *arena, const char *uri, const char *host)
{
	char text[URI_MAX / 6 * XN_NAME_SIZE + URI_MAX];
	size_t used = 0;

	if (uri == NULL)
		return NULL;
	while (*uri != '\0') {
		if (strncmp(uri, "{host}", 6) == 0) {
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", host);
			uri += 6;
		} else {
			text[used++] = *uri++;
		}
	}
	return xn_text_copy(arena, text, used);
}

/* False when the host is in a cluster already. */
static bool
add_host(struct xn_site_builder *builder, const struct xn_site_cluster *cluster,
    const struct xn_yaml *item, const char *name)
{
	struct xn_site *site = builder->site;
	uint32_t there = xn_site_index_find(&builder->hosts, name);
	struct xn_site_host *host = &site->hosts[site->host_count];

	if (there != XN_NONE) {
		xn_problem_add(builder->problems, item->mark, NULL,
		    "host '%s' is already in cluster '%s'", name, site->hosts[there].cluster);
		return false;
	}
	if (site->host_count == XN_HOSTS_MAX) {
		xn_problem_add(
		    builder->problems, item->mark, NULL, "more than %d hosts", XN_HOSTS_MAX);
		return false;
	}
	host->name = xn_text_copy(builder->arena, name, strlen(name));
	host->cluster = cluster->name;
	host->uri = host_uri(builder->arena, cluster->uri, name);
	host->migrate_uri = host_uri(builder->arena, cluster->migrate_uri, name);
	host->rack = XN_NONE;
	xn_site_index_add(builder->arena, &builder->hosts, host->name, site->host_count++);
	return true;
}

/* `[01-08]` at `open`; the width of the first number is kept. */
static bool
read_range(const char *open, unsigned long *ret_first, unsigned long *ret_last, int *ret_width,
    const char **ret_rest)
{
	static const char digits[] = "0123456789";
	size_t width = strspn(open + 1, digits);
	size_t other = open[1 + width] == '-' ? strspn(open + 2 + width, digits) : 0;
	unsigned long numbers[2] = {0, 0};

	if (width == 0 || width > 6 || other == 0 || other > 6 || open[2 + width + other] != ']')
		return false;
	for (size_t i = 0; i < width; i++)
		numbers[0] = numbers[0] * 10 + (unsigned long)(open[1 + i] - '0');
	for (size_t i = 0; i < other; i++)
		numbers[1] = numbers[1] * 10 + (unsigned long)(open[2 + width + i] - '0');
	*ret_first = numbers[0];
	*ret_last = numbers[1];
	*ret_width = (int)width;
	*ret_rest = open + 3 + width + other;
	return numbers[0] <= numbers[1];
}

/* Adds the hosts of a pattern: what stands before the first range is done, the rest goes on. */
static bool
expand(struct xn_site_builder *builder, const struct xn_site_cluster *cluster,
    const struct xn_yaml *item, const char *before, const char *rest)
{
	const char *open = strchr(rest, '[');
	size_t length = open != NULL ? (size_t)(open - rest) : strlen(rest);
	char name[XN_VALUE_NAME_MAX + 2];
	unsigned long first;
	unsigned long last;
	int width;

	if (open == NULL) {
		struct xn_yaml node = {.kind = XN_YAML_SCALAR, .mark = item->mark, .text = name};
		const char *good;

		snprintf(name, sizeof(name), "%s%s", before, rest);
		if (!xn_value_name(&node, builder->problems, &good))
			return false;
		return add_host(builder, cluster, item, name);
	}
	if (!read_range(open, &first, &last, &width, &rest)) {
		xn_problem_add(builder->problems, item->mark, "a range is written like [01-08]",
		    "'%.64s' is no range of hosts", item->text);
		return false;
	}
	for (unsigned long number = first; number <= last; number++) {
		int used = snprintf(name, sizeof(name), "%s%.*s%0*lu", before, (int)length,
		    open - length, width, number);

		if (used < 0 || (size_t)used >= sizeof(name)) {
			xn_problem_add(builder->problems, item->mark, NULL,
			    "'%.64s' gives names of more than 64 characters", item->text);
			return false;
		}
		if (!expand(builder, cluster, item, name, rest))
			return false;
	}
	return true;
}

/* A URI that says where the name of a host goes; NULL if it is missing or wrong. */
static const char *
read_uri(struct xn_site_builder *builder, const struct xn_yaml *value)
{
	const char *text;

	if (value == NULL || !xn_value_text(value, builder->problems, &text))
		return NULL;
	if (strstr(text, "{host}") == NULL) {
		xn_problem_add(builder->problems, value->mark, "such as qemu+tls://{host}/system",
		    "'%.64s' does not say where the name of a host goes", text);
		return NULL;
	}
	if (strlen(text) > URI_MAX) {
		xn_problem_add(
		    builder->problems, value->mark, NULL, "more than %d characters", URI_MAX);
		return NULL;
	}
	return text;
}

static void
build_hosts(
    struct xn_site_builder *builder, struct xn_site_cluster *cluster, const struct xn_yaml *hosts)
{
	static const struct xn_yaml_key keys[] = {
	    {"uri", true}, {"migrate_uri", false}, {"names", true}, {NULL, false}};
	const struct xn_yaml *value;
	const char *text;

	if (hosts == NULL || !xn_yaml_check_map(hosts, keys, builder->problems))
		return;
	cluster->uri = read_uri(builder, xn_yaml_get(hosts, "uri"));
	cluster->migrate_uri = read_uri(builder, xn_yaml_get(hosts, "migrate_uri"));
	value = xn_yaml_get(hosts, "names");
	if (value == NULL || !xn_yaml_check_list(value, builder->problems)) {
		builder->hosts_unsure = true;
		return;
	}
	XN_YAML_EACH (item, value)
		if (xn_value_text(item, builder->problems, &text) &&
		    !expand(builder, cluster, item, "", text) && strchr(text, '[') != NULL)
			builder->hosts_unsure = true; /* nobody knows which were meant */
}

void
xn_site_build_clusters(struct xn_site_builder *builder)
{
	static const struct xn_yaml_key keys[] = {
	    {"hosts", false}, {"agency_from", false}, {NULL, false}};

	struct xn_site *site = builder->site;

	site->hosts = xn_new(builder->arena, struct xn_site_host, XN_HOSTS_MAX);
	site->clusters = xn_new(builder->arena, struct xn_site_cluster, builder->clusters.count);
	site->cluster_count = builder->clusters.count;
	for (uint32_t i = 0; i < site->cluster_count; i++) {
		const struct xn_yaml *node = builder->clusters.values[i];
		struct xn_site_cluster *cluster = &site->clusters[i];
		const struct xn_yaml *from;

		cluster->name = node->key->text;
		cluster->first_host = site->host_count;
		if (!xn_yaml_check_map(node, keys, builder->problems))
			continue;
		from = xn_yaml_get(node, "agency_from");
		if (from != NULL)
			(void)xn_value_text(from, builder->problems, &cluster->agency_from);
		build_hosts(builder, cluster, xn_yaml_get(node, "hosts"));
		cluster->host_count = site->host_count - cluster->first_host;
	}
}
