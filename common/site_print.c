#include "common/site.h"

#include <string.h>

/* ---- values, exactly as they are kept ---- */

/* Text in double quotes; only tabs and line ends can stand in it besides what prints. */
static void
print_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++)
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\t')
			fputs("\\t", out);
		else if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	fputc('"', out);
}

/* `value` is in 1/10^places of the unit. */
static void
print_decimal(FILE *out, int64_t value, int places, const char *unit)
{
	char digits[32];
	int64_t one = 1;
	size_t length;

	for (int i = 0; i < places; i++)
		one *= 10;
	length = (size_t)snprintf(digits, sizeof(digits), "%s%lld.%0*lld", value < 0 ? "-" : "",
	    (long long)((value < 0 ? -value : value) / one), places,
	    (long long)((value < 0 ? -value : value) % one));
	while (digits[length - 1] == '0')
		digits[--length] = '\0';
	if (digits[length - 1] == '.')
		digits[--length] = '\0';
	fprintf(out, "%s %s", digits, unit);
}

static void
print_time(FILE *out, xn_duration span)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
	size_t i = 0;

	while (units[i].ms > 1 && (span.ms == 0 || span.ms % units[i].ms != 0))
		i++;
	fprintf(out, "%lld %s", (long long)(span.ms / units[i].ms), units[i].unit);
}

/* One line `key: "text"` if there is a text. */
static void
print_key(FILE *out, const char *key, const char *text)
{
	if (text == NULL)
		return;
	fprintf(out, "%s: ", key);
	print_text(out, text);
	fputc('\n', out);
}

/* ---- sections ---- */

static void
print_about(const struct xn_site *site, FILE *out)
{
	fputs("version: 1\nsite:\n", out);
	print_key(out, "  name", site->name);
	if (site->title_count > 0)
		fputs("  title:\n", out);
	for (uint32_t i = 0; i < site->title_count; i++) {
		fputs("    ", out);
		print_key(out, site->titles[i].language, site->titles[i].text);
	}
	print_key(out, "  timezone", site->timezone);
	print_key(out, "  grid_region", site->grid_region);
}

static void
print_listener(FILE *out, const struct xn_site_listener *listener)
{
	const char *open = strchr(listener->host, ':') != NULL ? "[" : "";
	const char *close = open[0] != '\0' ? "]" : "";
	char text[512];

	switch (listener->kind) {
	case XN_LISTEN_UNIX: snprintf(text, sizeof(text), "unix:%s", listener->host); break;
	case XN_LISTEN_TLS:
	case XN_LISTEN_HTTP:
		snprintf(text, sizeof(text), "%s://%s%s%s:%d",
		    listener->kind == XN_LISTEN_TLS ? "tls" : "http", open, listener->host, close,
		    listener->port);
		break;
	}
	fputs("    - ", out);
	print_text(out, text);
	fputc('\n', out);
}

static void
print_series(FILE *out, const char *name, xn_duration every, xn_duration keep, bool peaks)
{
	fprintf(out, "  %s: {every: ", name);
	print_time(out, every);
	fputs(", keep: ", out);
	print_time(out, keep);
	fprintf(out, ", keep_peaks: %s}\n", peaks ? "true" : "false");
}

static void
print_daemon(const struct xn_site *site, FILE *out)
{
	static const char *const kinds[] = {"rrd", "victoriametrics", "postgresql"};

	fprintf(out, "api:\n  listen:%s\n", site->listener_count == 0 ? " []" : "");
	for (uint32_t i = 0; i < site->listener_count; i++)
		print_listener(out, &site->listeners[i]);
	print_key(out, "  certificate", site->certificate);
	if (site->private_key != NULL)
		fprintf(out, "  private_key: {credential: %s}\n", site->private_key);
	fprintf(out, "store:\n  kind: %s\n", kinds[site->store_kind]);
	print_series(out, "raw", site->raw_every, site->raw_keep, site->raw_peaks);
	print_series(out, "hour", site->hour_every, site->hour_keep, site->hour_peaks);
	fputs("control: {tick: ", out);
	print_time(out, site->tick);
	fputs(", interval: ", out);
	print_time(out, site->interval);
	fputs("}\n", out);
}

static void
print_clusters(const struct xn_site *site, FILE *out)
{
	if (site->cluster_count > 0)
		fputs("clusters:\n", out);
	for (uint32_t i = 0; i < site->cluster_count; i++) {
		const struct xn_site_cluster *cluster = &site->clusters[i];
		bool bare = cluster->uri == NULL && cluster->agency_from == NULL;

		fprintf(out, "  %s:%s\n", cluster->name, bare ? " {}" : "");
		if (cluster->uri != NULL) {
			fputs("    hosts:\n", out);
			print_key(out, "      uri", cluster->uri);
			print_key(out, "      migrate_uri", cluster->migrate_uri);
			fputs("      names: [", out);
			for (uint32_t j = 0; j < cluster->host_count; j++)
				fprintf(out, "%s%s", j == 0 ? "" : ", ",
				    site->hosts[cluster->first_host + j].name);
			fputs("]\n", out);
		}
		print_key(out, "    agency_from", cluster->agency_from);
	}
}

/* ---- racks ---- */

static void
print_feed(FILE *out, const char *name, const struct xn_site_feed *feed)
{
	fprintf(out, "      %s: {", name);
	if (feed->panel != NULL) {
		fputs("panel: ", out);
		print_text(out, feed->panel);
		fputs(", ", out);
	}
	fputs("breaker: ", out);
	print_decimal(out, feed->breaker_ma, 3, "A");
	fprintf(out, ", phases: %d, voltage: ", feed->phases);
	print_decimal(out, feed->voltage_mv, 3, "V");
	fputs(", max_load: ", out);
	print_decimal(out, feed->max_load.ppm, 4, "%");
	fputs("}\n", out);
}

static void
print_unit(const struct xn_site *site, FILE *out, unsigned first, unsigned last,
    const struct xn_site_outlet *outlets, unsigned count)
{
	if (first == last)
		fprintf(out, "      U%u: {outlets: [", first);
	else
		fprintf(out, "      U%u-U%u: {outlets: [", first, last);
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s%s/%u", i == 0 ? "" : ", ", site->devices[outlets[i].device].name,
		    outlets[i].number);
	fputs("]", out);
}

static void
print_others(const struct xn_site *site, FILE *out, const struct xn_site_unit *unit, uint32_t rack)
{
	for (; unit != NULL; unit = unit->next)
		if (unit->rack == rack) {
			print_unit(site, out, unit->unit_first, unit->unit_last, unit->outlets,
			    unit->outlet_count);
			fputs("}\n", out);
		}
}

static void
print_units(const struct xn_site *site, FILE *out, uint32_t rack)
{
	fputs("    units:\n", out);
	for (uint32_t i = 0; i < site->host_count; i++) {
		const struct xn_site_host *host = &site->hosts[i];

		if (host->rack != rack)
			continue;
		print_unit(site, out, host->unit_first, host->unit_last, host->outlets,
		    host->outlet_count);
		fprintf(out, ", host: %s", host->name);
		if (host->full.mw > 0) {
			fputs(", power: {idle: ", out);
			print_decimal(out, host->idle.mw, 3, "W");
			fputs(", full: ", out);
			print_decimal(out, host->full.mw, 3, "W");
			fputs("}", out);
		}
		fputs("}\n", out);
	}
	print_others(site, out, site->other_units, rack);
}

static bool
has_units(const struct xn_site *site, uint32_t rack)
{
	for (uint32_t i = 0; i < site->host_count; i++)
		if (site->hosts[i].rack == rack)
			return true;
	for (const struct xn_site_unit *unit = site->other_units; unit != NULL; unit = unit->next)
		if (unit->rack == rack)
			return true;
	return false;
}

static void
print_cooling(const struct xn_site *site, FILE *out, const struct xn_site_rack *rack)
{
	if (rack->cooling_device == XN_NONE && rack->inlet_max.mk == 0)
		return;
	fputs("    cooling:\n", out);
	if (rack->cooling_device != XN_NONE)
		fprintf(out, "      zone: %s\n", site->devices[rack->cooling_device].name);
	if (rack->inlet_max.mk != 0) {
		fputs("      inlet_max: ", out);
		print_decimal(out, rack->inlet_max.mk - XN_KELVIN_ZERO_MK, 3, "degC");
		fputc('\n', out);
	}
}

static void
print_rack(const struct xn_site *site, FILE *out, uint32_t place)
{
	const struct xn_site_rack *rack = &site->racks[place];

	fprintf(out, "  %s:\n    room: %s\n", rack->name, rack->room);
	if (rack->row != NULL || rack->column >= 0)
		fputs("    at:\n", out);
	if (rack->row != NULL)
		fprintf(out, "      row: %s\n", rack->row);
	if (rack->column >= 0)
		fprintf(out, "      column: %lld\n", (long long)rack->column);
	if (rack->height > 0)
		fprintf(out, "    height: %uU\n", rack->height);
	if (rack->feeds[0].present || rack->feeds[1].present)
		fputs("    feeds:\n", out);
	for (int i = 0; i < 2; i++)
		if (rack->feeds[i].present)
			print_feed(out, i == 0 ? "A" : "B", &rack->feeds[i]);
	print_cooling(site, out, rack);
	if (has_units(site, place))
		print_units(site, out, place);
}

/* ---- devices ---- */

static void
print_snmp(FILE *out, const struct xn_site_snmp *snmp)
{
	static const char *const versions[] = {"", "1", "2c", "3"};

	if (snmp->version == 0)
		return;
	fprintf(out, "    snmp:\n      version: %s\n", versions[snmp->version]);
	if (snmp->community != NULL)
		fprintf(out, "      community: {credential: %s}\n", snmp->community);
	print_key(out, "      user", snmp->user);
	if (snmp->auth != NULL)
		fprintf(
		    out, "      auth: {%s: {credential: %s}}\n", snmp->auth_protocol, snmp->auth);
	if (snmp->priv != NULL)
		fprintf(
		    out, "      priv: {%s: {credential: %s}}\n", snmp->priv_protocol, snmp->priv);
}

static void
print_meter(FILE *out, const struct xn_site_device *device)
{
	const struct xn_site_register *energy = &device->energy_register;

	if (device->accuracy.ppm != 0) {
		fputs("    accuracy: ", out);
		print_decimal(out, device->accuracy.ppm, 4, "%\n");
	}
	if (device->transformer.ppm != 0) {
		fputs("    transformer: ", out);
		print_decimal(out, device->transformer.ppm, 4, "%\n");
	}
	print_key(out, "    calibrated", device->calibrated);
	print_key(out, "    certificate", device->certificate);
	if (device->max_power.mw != 0) {
		fputs("    max_power: ", out);
		print_decimal(out, device->max_power.mw, 3, "W\n");
	}
	if (energy->bits != 0) {
		fprintf(out, "    register: {bits: %d, unit: ", energy->bits);
		print_decimal(out, energy->unit.mj / 36 * 10 + energy->unit.mj % 36 * 10 / 36, 6,
		    energy->fixed ? "Wh, reset: never}\n" : "Wh, reset: allowed}\n");
	}
}

static void
print_device(const struct xn_site *site, FILE *out, const struct xn_site_device *device)
{
	static const char *const measures[] = {
	    "", "site/grid", "site/pv", "site/battery", "site/generator", "cooling/"};

	fprintf(out, "  %s:\n    profile: %s\n", device->name, device->profile);
	print_key(out, "    address", device->address);
	if (device->feed >= 0)
		fprintf(out, "    feeds: %s/%s\n", site->racks[device->rack].name,
		    device->feed == 0 ? "A" : "B");
	if (device->measures != XN_MEASURES_NOTHING)
		fprintf(out, "    measures: %s%s\n", measures[device->measures],
		    device->zone != NULL ? device->zone : "");
	fputs("    poll: ", out);
	print_time(out, device->poll);
	fprintf(out, "\n    enabled: %s\n    agent: %s\n", device->enabled ? "true" : "false",
	    device->agent);
	print_meter(out, device);
	print_snmp(out, &device->snmp);
}

void
xn_site_print(const struct xn_site *site, FILE *out)
{
	print_about(site, out);
	print_daemon(site, out);
	print_clusters(site, out);
	if (site->rack_count > 0)
		fputs("racks:\n", out);
	for (uint32_t i = 0; i < site->rack_count; i++)
		print_rack(site, out, i);
	if (site->device_count > 0)
		fputs("devices:\n", out);
	for (uint32_t i = 0; i < site->device_count; i++)
		print_device(site, out, &site->devices[i]);
}
