#include "orchestrator/reports/bundle.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PATH_SIZE 4096
#define CATALOGUE "dataset.jsonld"

static const enum xn_report_kind open_kinds[] = {XN_REPORT_SITE_ENERGY, XN_REPORT_KPI, XN_REPORT_EU,
    XN_REPORT_GHG, XN_REPORT_STATEMENT, XN_REPORT_QUALITY};

struct bundling {
	struct xn_books *books;
	const struct xn_bundle *bundle;
	struct xn_arena arena; /* of one document */
	struct xn_manifest *manifest;
	json_t *distributions;
	int64_t as_of; /* the same for all */
	bool complete;
	struct xn_error *err;
};

/* ---- what may be shown ---- */

/* A table that names racks, hosts, VMs or meters: without the names its rows still tell how each
 * of them is used, so it stays away as a whole. */
static bool
is_sensitive(const struct xn_table *table)
{
	for (uint32_t i = 0; i < table->field_count; i++)
		if (table->fields[i].sensitive)
			return true;
	return false;
}

static int
column_of(const struct xn_table *table, const char *name)
{
	for (uint32_t i = 0; i < table->field_count; i++)
		if (strcmp(table->fields[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Of the statement only agencies, and of those only with enough members. */
static bool
shows_agency(const struct xn_table *table, const struct xn_cell *row)
{
	int level = column_of(table, "level"), members = column_of(table, "vms");

	return level < 0 || members < 0 ||
	    (strcmp(row[level].text, "agency") == 0 && !row[members].none &&
		row[members].scaled >= XN_BUNDLE_MEMBERS);
}

/* Of the field set neither persons nor how the site is built and protected. */
static bool
shows_field(const struct xn_table *table, const struct xn_cell *row)
{
	int group = column_of(table, "group");

	return group < 0 || strcmp(row[group].text, "energy") == 0 ||
	    strcmp(row[group].text, "derived") == 0;
}

/* In place. */
static void
suppress(struct xn_table *table)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < table->row_count; i++) {
		struct xn_cell *row = table->cells + (size_t)i * table->field_count;

		if (shows_agency(table, row) && shows_field(table, row))
			memmove(table->cells + (size_t)kept++ * table->field_count, row,
			    table->field_count * sizeof(*row));
	}
	table->row_count = kept;
}

/* ---- files ---- */

static int
put_file(struct bundling *b, const char *name, const char *bytes, size_t size)
{
	char path[PATH_SIZE];
	int result;

	if (snprintf(path, sizeof(path), "%s/%s", b->bundle->folder, name) >= (int)sizeof(path))
		return xn_fail(b->err, XN_EINVALID, "%s: path too long", name);
	result = xn_file_write(path, bytes, size, b->err);
	return result == XN_OK ? xn_manifest_add(b->manifest, b->bundle->folder, name, b->err)
			       : result;
}

static json_t *
both(const char *vi, const char *en)
{
	return json_pack("[{s:s, s:s}, {s:s, s:s}]", "@language", "vi", "@value", vi, "@language",
	    "en", "@value", en);
}

static void
describe_file(struct bundling *b, const struct xn_document *document, const struct xn_table *table,
    const char *name, const char *metadata)
{
	const struct xn_manifest_file *file = &b->manifest->files[b->manifest->file_count - 1];
	char vi[512], en[512];

	snprintf(vi, sizeof(vi), "%s: %s", document->title[XN_LANGUAGE_VI],
	    table->title[XN_LANGUAGE_VI]);
	snprintf(en, sizeof(en), "%s: %s", document->title[XN_LANGUAGE_EN],
	    table->title[XN_LANGUAGE_EN]);
	json_array_append_new(b->distributions,
	    json_pack("{s:s, s:o, s:s, s:s, s:{s:s}, s:I, s:{s:s, s:s, s:s}}", "@type",
		"dcat:Distribution", "dct:title", both(vi, en), "dcat:downloadURL", name,
		"dcat:mediaType", "https://www.iana.org/assignments/media-types/text/csv",
		"dct:conformsTo", "@id", metadata, "dcat:byteSize", (json_int_t)file->size,
		"spdx:checksum", "@type", "spdx:Checksum", "spdx:algorithm",
		"spdx:checksumAlgorithm_sha256", "spdx:checksumValue", file->sha256));
}

static int
print_table(const struct xn_document *document, const struct xn_table *table, const char *name,
    bool metadata, char **ret_bytes, size_t *ret_size, struct xn_error *err)
{
	FILE *out = open_memstream(ret_bytes, ret_size);
	int result;

	if (out == NULL)
		return xn_fail(err, XN_ESYSTEM, "no memory");
	result = metadata ? xn_report_csvw(document, table, name, out, err)
			  : xn_report_csv(document, table, out, err);
	if (fclose(out) != 0 && result == XN_OK)
		result = xn_fail(err, XN_ESYSTEM, "no memory");
	return result;
}

static int
put_table(struct bundling *b, const struct xn_document *document, struct xn_table *table)
{
	char name[128], metadata[160];
	int result = XN_OK;

	if (is_sensitive(table))
		return XN_OK;
	suppress(table);
	snprintf(name, sizeof(name), "%s-%s.csv", document->kind, table->name);
	snprintf(metadata, sizeof(metadata), "%s-metadata.json", name);
	for (int i = 0; i < 2 && result == XN_OK; i++) {
		const char *file = i == 0 ? metadata : name;
		char *bytes = NULL;
		size_t size = 0;

		result = print_table(document, table, name, i == 0, &bytes, &size, b->err);
		if (result == XN_OK)
			result = put_file(b, file, bytes, size);
		free(bytes);
	}
	if (result == XN_OK)
		describe_file(b, document, table, name, metadata);
	return result;
}

static int
put_report(struct bundling *b, enum xn_report_kind kind)
{
	struct xn_report_order order = {.kind = kind,
	    .period = b->bundle->period,
	    .as_of = b->as_of,
	    .state = "draft",
	    .facts = b->bundle->facts};
	struct xn_document *document;
	int result;

	if (b->bundle->progress != NULL)
		b->bundle->progress(b->bundle->context, xn_report_word(kind));
	xn_arena_reset(&b->arena);
	result =
	    xn_report_make(b->books, &order, &b->arena, &document, b->manifest->config, b->err);
	if (result != XN_OK)
		return result;
	b->complete &= document->complete;
	for (struct xn_table *table = document->tables; table != NULL && result == XN_OK;
	     table = table->next)
		result = put_table(b, document, table);
	return result;
}

/* ---- the record ---- */

static json_t *
instant(xn_instant at, int utc_offset_s)
{
	time_t local = (time_t)(at.ms / 1000 + utc_offset_s);
	char text[48], zone[16];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&local, &tm));
	snprintf(zone, sizeof(zone), "%c%02d:%02d", utc_offset_s < 0 ? '-' : '+',
	    abs(utc_offset_s) / 3600, abs(utc_offset_s) / 60 % 60);
	return json_pack("{s:s, s:s+}", "@type", "xsd:dateTime", "@value", text, zone);
}

/* When the data changed last: the period's end, or a correction after it. */
static int
take_correction(const struct xn_books_correction *row, void *context, struct xn_error *err)
{
	xn_instant *last = context;

	(void)err;
	if (row->at.ms > last->ms)
		*last = row->at;
	return XN_OK;
}

static const char *
frequency(const struct xn_period *period)
{
	switch (period->kind) {
	case XN_PERIOD_YEAR: return "ANNUAL";
	case XN_PERIOD_QUARTER: return "QUARTERLY";
	case XN_PERIOD_MONTH: return "MONTHLY";
	case XN_PERIOD_DAY: return "DAILY";
	case XN_PERIOD_WINDOW:
	case XN_PERIOD_SPAN: break;
	}
	return "IRREG";
}

static json_t *
record(struct bundling *b, xn_instant modified)
{
	const struct xn_books_site *site = xn_books_site(b->books);
	const struct xn_facts *facts = b->bundle->facts;
	const struct xn_period *period = &b->bundle->period;
	const char *name_vi = site->title_vi[0] != '\0' ? site->title_vi : site->name;
	const char *name_en = site->title_en[0] != '\0' ? site->title_en : site->name;
	char vi[512], en[512], every[128];
	json_t *json = json_pack("{s:{s:s, s:s, s:s, s:s, s:s}, s:s, s:s++}", "@context", "dcat",
	    "http://www.w3.org/ns/dcat#", "dct", "http://purl.org/dc/terms/", "spdx",
	    "http://spdx.org/rdf/terms#", "foaf", "http://xmlns.com/foaf/0.1/", "xsd",
	    "http://www.w3.org/2001/XMLSchema#", "@type", "dcat:Dataset", "dct:identifier",
	    site->name, "/open-data/", period->name);

	snprintf(vi, sizeof(vi), "Số liệu năng lượng %s, %s", name_vi, period->name);
	snprintf(en, sizeof(en), "Energy data of %s, %s", name_en, period->name);
	json_object_set_new(json, "dct:title", both(vi, en));
	json_object_set_new(json, "dct:description",
	    both(b->complete ? "Điện năng, chỉ số hiệu quả và phát thải của trung tâm dữ liệu."
			     : "Điện năng, chỉ số hiệu quả và phát thải của trung tâm dữ liệu. "
			       "Số liệu chưa đầy đủ hoặc tạm tính.",
		b->complete ? "Energy, indicators and emissions of a data centre."
			    : "Energy, indicators and emissions of a data centre. "
			      "The data are incomplete or interim."));
	json_object_set_new(json, "dct:publisher",
	    json_pack("{s:s, s:s}", "@type", "foaf:Agent", "foaf:name",
		facts->publisher == NULL ? site->name : facts->publisher));
	json_object_set_new(json, "dct:issued", instant(period->to, site->utc_offset_s));
	json_object_set_new(json, "dct:modified", instant(modified, site->utc_offset_s));
	json_object_set_new(json, "dct:temporal",
	    json_pack("{s:s, s:o, s:o}", "@type", "dct:PeriodOfTime", "dcat:startDate",
		instant(period->from, site->utc_offset_s), "dcat:endDate",
		instant(period->to, site->utc_offset_s)));
	if (facts->spatial != NULL)
		json_object_set_new(json, "dct:spatial", json_string(facts->spatial));
	if (facts->licence != NULL)
		json_object_set_new(json, "dct:license", json_pack("{s:s}", "@id", facts->licence));
	snprintf(every, sizeof(every),
	    "http://publications.europa.eu/resource/authority/frequency/%s", frequency(period));
	json_object_set_new(json, "dct:accrualPeriodicity", json_pack("{s:s}", "@id", every));
	json_object_set(json, "dcat:distribution", b->distributions);
	return json;
}

static int
put_record(struct bundling *b)
{
	xn_instant modified = b->bundle->period.to;
	json_t *json;
	char *text, *line = NULL;
	int result = xn_books_corrections(b->books, 0, take_correction, &modified, b->err);

	if (result != XN_OK)
		return result;
	json = record(b, modified);
	text = json_dumps(json, JSON_INDENT(1) | JSON_SORT_KEYS);
	json_decref(json);
	if (text == NULL || asprintf(&line, "%s\n", text) < 0)
		result = xn_fail(b->err, XN_EINVALID, "a title of the site is no UTF-8");
	else
		result = put_file(b, CATALOGUE, line, strlen(line));
	free(text);
	free(line);
	return result;
}

static void
name_manifest(struct bundling *b)
{
	const struct xn_books_site *site = xn_books_site(b->books);
	struct xn_manifest *m = b->manifest;

	snprintf(
	    m->report, sizeof(m->report), "%s/open-data/%s", site->name, b->bundle->period.name);
	strcpy(m->kind, "open-data");
	strcpy(m->state, "draft");
	strcpy(m->language, "vi en");
	m->from = b->bundle->period.from;
	m->to = b->bundle->period.to;
	m->utc_offset_s = site->utc_offset_s;
	m->as_of = b->as_of;
	m->complete = b->complete;
	xn_manifest_made_by_us(m);
}

static int
write_all(struct bundling *b)
{
	int result = XN_OK;

	b->as_of = xn_books_newest(b->books);
	for (size_t i = 0; i < sizeof(open_kinds) / sizeof(open_kinds[0]) && result == XN_OK; i++)
		result = put_report(b, open_kinds[i]);
	if (result == XN_OK)
		result = put_record(b);
	if (result != XN_OK)
		return result;
	name_manifest(b);
	return xn_evidence_seal(
	    b->manifest, b->bundle->folder, NULL, b->bundle->signer, NULL, b->err);
}

int
xn_bundle_write(struct xn_books *books, const struct xn_bundle *bundle, struct xn_error *err)
{
	struct bundling b = {.books = books, .bundle = bundle, .complete = true, .err = err};
	int result;

	if (mkdir(bundle->folder, 0755) != 0 && errno != EEXIST)
		return xn_fail(err, XN_ESYSTEM, "%s: %s", bundle->folder, strerror(errno));
	b.manifest = calloc(1, sizeof(*b.manifest));
	if (b.manifest == NULL)
		abort();
	b.distributions = json_array();
	xn_arena_map(&b.arena, XN_REPORT_ARENA);
	result = write_all(&b);
	xn_arena_unmap(&b.arena);
	json_decref(b.distributions);
	free(b.manifest);
	return result;
}
