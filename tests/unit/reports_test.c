/*
 * Reports of one day whose numbers can be worked out on paper: Wednesday 2026-11-25, 48 intervals
 * of 10 kWh from the grid, 2 to cooling, 3 to a host, 5 to two VMs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "orchestrator/core/meter.h"
#include "orchestrator/core/topology.h"
#include "orchestrator/reports/bundle.h"
#include "tests/lib/books_make.h"

#define KWH INT64_C(3600000000)

/* Fontconfig keeps its patterns by offsets, which a search for pointers does not see. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\n";
}

static const char plan[] =
    "kind: energy-plan\nname: p\n"
    "sources:\n  grid:\n    carbon: {factor: 659.2 g/kWh, id: vn-dcc-2023, year: 2023}\n"
    "    tariff: {bands: [{name: peak, hours: [17:30-22:30], days: mon-sat, price: 3398 VND/kWh},"
    " {name: off-peak, hours: [00:00-06:00], price: 1190 VND/kWh},"
    " {name: normal, hours: [06:00-17:30, 22:30-24:00], days: mon-sat, price: 1833 VND/kWh},"
    " {name: normal-sunday, hours: [06:00-24:00], days: sun, price: 1833 VND/kWh}]}\n";

struct desk {
	struct books_make make;
	struct xn_arena arena;
	struct xn_facts facts;
	struct xn_report_order order;
};

static void
put(struct desk *d, enum xn_account account, const char *name, int64_t kwh, unsigned count,
    const char *platform)
{
	struct books_make_entry entry = {.start = books_make_at("2026-11-25"),
	    .account = account,
	    .name = name,
	    .uuid = account == XN_ACCOUNT_VM ? name : NULL,
	    .platform = platform,
	    .agency = platform == NULL ? NULL : "so-y-te",
	    .energy_mj = kwh * KWH};

	if (account >= XN_ACCOUNT_VM && account != XN_ACCOUNT_METER)
		entry.overhead_mj = KWH;
	books_make_entries(&d->make, &entry, count);
}

static void
put_day(struct desk *d, unsigned count)
{
	struct xn_error err;

	put(d, XN_ACCOUNT_GRID, NULL, 10, count, NULL);
	put(d, XN_ACCOUNT_COOLING, NULL, -2, count, NULL);
	put(d, XN_ACCOUNT_HOST, "h1", -3, count, NULL);
	put(d, XN_ACCOUNT_VM, "portal-1", -3, count, "portal");
	put(d, XN_ACCOUNT_VM, "mail-1", -2, count, "mail");
	put(d, XN_ACCOUNT_PLATFORM, "portal", -3, count, NULL);
	put(d, XN_ACCOUNT_PLATFORM, "mail", -2, count, NULL);
	put(d, XN_ACCOUNT_AGENCY, "so-y-te", -5, count, NULL);
	assert_int_equal(xn_store_energy_plan(d->make.store, books_make_at("2026-01-01"), "p", "t",
			     (xn_instant){0}, (xn_instant){INT64_MAX}, plan, &err),
	    XN_OK);
}

static int
open_desk(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));
	const struct xn_period_place place = {.utc_offset_s = 25200};
	struct xn_error err;

	books_make_open(&d->make, NULL, NULL);
	xn_arena_map(&d->arena, XN_REPORT_ARENA);
	d->facts.text = "";
	d->order = (struct xn_report_order){.state = "draft", .facts = &d->facts};
	*state = d;
	return xn_period_parse("2026-11-25", &place, &d->order.period, &err);
}

static int
close_desk(void **state)
{
	struct desk *d = *state;

	xn_arena_unmap(&d->arena);
	books_make_close(&d->make);
	free(d);
	return 0;
}

static struct xn_document *
make(struct desk *d, enum xn_report_kind kind)
{
	char config[XN_SHA256_TEXT_SIZE];
	struct xn_document *document = NULL;
	struct xn_error err = {0};

	d->order.kind = kind;
	if (xn_report_make(
		books_make_read(&d->make), &d->order, &d->arena, &document, config, &err) != XN_OK)
		fail_msg("%s", err.text);
	return document;
}

static const struct xn_table *
table_of(const struct xn_document *document, const char *name)
{
	const struct xn_table *table = document->tables;

	while (table != NULL && strcmp(table->name, name) != 0)
		table = table->next;
	if (table == NULL)
		abort(); /* every report has its tables */
	return table;
}

static uint32_t
column_of(const struct xn_table *table, const char *name)
{
	uint32_t i = 0;

	while (i < table->field_count && strcmp(table->fields[i].name, name) != 0)
		i++;
	assert_true(i < table->field_count);
	return i;
}

/* The cell `field` of the row whose `key` is `value`. */
static const struct xn_cell *
cell(const struct xn_document *document, const char *name, const char *key, const char *value,
    const char *field)
{
	const struct xn_table *table = table_of(document, name);
	uint32_t at = column_of(table, key);

	for (uint32_t i = 0; i < table->row_count; i++) {
		const struct xn_cell *row = table->cells + (size_t)i * table->field_count;

		if (!row[at].none && strcmp(row[at].text, value) == 0)
			return &row[column_of(table, field)];
	}
	fprintf(stderr, "%s has no row with %s %s\n", name, key, value);
	abort();
}

static int64_t
number(const struct xn_document *document, const char *name, const char *key, const char *value,
    const char *field)
{
	const struct xn_cell *found = cell(document, name, key, value, field);

	assert_false(found->none);
	return found->scaled;
}

static bool
says(const struct xn_document *document, const char *part)
{
	for (const struct xn_remark *r = document->remarks; r != NULL; r = r->next)
		if (strstr(r->text[XN_LANGUAGE_EN], part) != NULL)
			return true;
	return false;
}

static void
site_energy_splits_the_day_at_the_bands(void **state)
{
	struct desk *d = *state;
	const struct xn_document *doc;

	put_day(d, 48);
	doc = make(d, XN_REPORT_SITE_ENERGY);
	assert_int_equal(number(doc, "energy", "band", "peak", "energy_kwh"), 100000);
	assert_int_equal(number(doc, "energy", "band", "peak", "cost_vnd"), 339800);
	assert_int_equal(number(doc, "energy", "band", "off-peak", "energy_kwh"), 120000);
	assert_int_equal(number(doc, "energy", "band", "off-peak", "cost_vnd"), 142800);
	assert_int_equal(number(doc, "energy", "band", "normal", "cost_vnd"), 476580);
	assert_int_equal(number(doc, "energy", "band", "peak", "kgco2e_lb"), 65920);
	assert_string_equal(cell(doc, "energy", "band", "peak", "factor_id")->text, "vn-dcc-2023");
	assert_int_equal(number(doc, "energy", "band", "peak", "coverage_percent"), 10000);
	assert_true(doc->complete);
}

static void
half_a_day_is_interim_on_its_face(void **state)
{
	struct desk *d = *state;
	const struct xn_document *doc;

	put_day(d, 24);
	doc = make(d, XN_REPORT_SITE_ENERGY);
	assert_false(doc->complete);
	assert_true(says(doc, "INTERIM"));
	assert_true(says(doc, "50.00 % of the period"));
}

static void
much_that_is_estimated_is_incomplete(void **state)
{
	struct desk *d = *state;
	struct books_make_entry entry = {.start = books_make_at("2026-11-25"),
	    .account = XN_ACCOUNT_GRID,
	    .energy_mj = 10 * KWH,
	    .estimated_mj = 6 * KWH / 10,
	    .covered_ms = 1692000,
	    .span_ms = 1800000};
	const struct xn_document *doc;

	books_make_entries(&d->make, &entry, 48);
	doc = make(d, XN_REPORT_SITE_ENERGY);
	assert_false(doc->complete);
	assert_true(says(doc, "INCOMPLETE"));
	assert_true(says(doc, "coverage: 94.00 %"));
	assert_true(says(doc, "Estimated: 6.00 %"));
	assert_true(says(doc, "No tariff for 480.000 kWh"));
	assert_true(cell(doc, "energy", "supply_id", "grid", "energy_kwh")->estimated);
}

static void
the_eu_fields_have_a_value_or_say_not_given(void **state)
{
	struct desk *d = *state;
	const struct xn_facts_field given[] = {{"s_dc_m2", "1200.5"}, {"dc_type", "enterprise"}};
	const struct xn_document *doc;
	struct xn_error err;

	put_day(d, 48);
	assert_int_equal(xn_store_activity(d->make.store, books_make_at("2026-11-26"),
			     &(struct xn_books_activity){.kind = XN_ACTIVITY_WATER,
				 .start = books_make_at("2026-11-25"),
				 .end = books_make_at("2026-11-26"),
				 .milli = 768,
				 .about = "",
				 .author = "t",
				 .evidence = ""},
			     &err),
	    XN_OK);
	d->facts.fields = given;
	d->facts.field_count = 2;
	doc = make(d, XN_REPORT_EU);
	assert_int_equal(table_of(doc, "fields")->row_count, 36);
	assert_int_equal(number(doc, "fields", "field", "e_dc_kwh", "value"), 480000);
	assert_int_equal(number(doc, "fields", "field", "e_it_kwh", "value"), 384000);
	assert_int_equal(number(doc, "fields", "field", "pue", "value"), 1250);
	assert_int_equal(number(doc, "fields", "field", "wue_m3_mwh", "value"), 2000);
	assert_int_equal(number(doc, "fields", "field", "s_dc_m2", "value"), 1200500);
	assert_string_equal(cell(doc, "fields", "field", "dc_type", "text")->text, "enterprise");
	assert_string_equal(
	    cell(doc, "fields", "field", "t_in_setpoint_c", "status")->text, "not given");
	assert_false(doc->complete);
	assert_true(says(doc, "of a calendar year"));
}

static void
the_kpi_sheet_says_interim(void **state)
{
	struct desk *d = *state;
	const struct xn_document *doc;

	put_day(d, 48);
	doc = make(d, XN_REPORT_KPI);
	assert_int_equal(number(doc, "kpis", "id", "pue", "value"), 1250000);
	assert_string_not_equal(cell(doc, "kpis", "id", "pue", "period_kind")->text, "annual");
	assert_true(says(doc, "interim"));
}

static void
a_statement_allocates_and_can_be_of_one_platform(void **state)
{
	struct desk *d = *state;
	const struct xn_document *doc;

	put_day(d, 48);
	doc = make(d, XN_REPORT_STATEMENT);
	assert_int_equal(number(doc, "statement", "name", "portal", "energy_kwh"), 144000);
	assert_int_equal(number(doc, "statement", "name", "portal", "overhead_kwh"), 48000);
	assert_int_equal(number(doc, "statement", "name", "portal", "total_kwh"), 192000);
	assert_int_equal(number(doc, "statement", "name", "portal", "share_percent"), 4000);
	assert_int_equal(number(doc, "statement", "name", "portal", "cost_vnd"), 959180 * 4 / 10);
	assert_int_equal(number(doc, "statement", "name", "portal", "kgco2e_lb"), 126566);
	assert_int_equal(number(doc, "statement", "name", "so-y-te", "vms"), 2);
	assert_string_equal(cell(doc, "statement", "name", "portal", "method")->text, "allocated");
	d->order.platform = "mail";
	doc = make(d, XN_REPORT_STATEMENT);
	assert_int_equal(table_of(doc, "statement")->row_count, 1);
	assert_int_equal(number(doc, "vms", "name", "mail-1", "energy_kwh"), 96000);
	assert_int_equal(table_of(doc, "vms")->row_count, 1);
}

static void
oil_equivalent_and_carbon_come_from_the_data(void **state)
{
	struct desk *d = *state;
	const struct xn_facts_measure measure = {"setpoint", 0, 100000, 500000};
	const struct xn_document *doc;

	put_day(d, 48);
	d->facts.measures = &measure;
	d->facts.measure_count = 1;
	doc = make(d, XN_REPORT_VN_ANNUAL);
	assert_int_equal(number(doc, "energy", "energy_type", "total", "toe"), 15 + 19 + 40);
	assert_int_equal(number(doc, "measures", "measure", "setpoint", "saved_toe_year"), 15430);
	assert_int_equal(
	    number(doc, "measures", "measure", "setpoint", "saved_vnd_year"), 199829200);
	assert_true(cell(doc, "energy", "energy_type", "diesel", "amount")->none);
	doc = make(d, XN_REPORT_GHG);
	assert_int_equal(number(doc, "activities", "basis", "location", "tco2e"), 316);
	assert_int_equal(number(doc, "activities", "basis", "location", "factor_kg_kwh"), 659200);
	assert_string_equal(cell(doc, "activities", "source", "diesel", "note")->text, "not given");
}

static void
a_bill_stands_beside_the_meters(void **state)
{
	struct desk *d = *state;
	struct xn_books_activity bill = {.kind = XN_ACTIVITY_INVOICE,
	    .start = books_make_at("2026-11-25"),
	    .end = books_make_at("2026-11-26"),
	    .milli = 110000,
	    .about = "peak",
	    .author = "t",
	    .evidence = "EVN 0042"};
	const struct xn_document *doc;
	struct xn_error err;

	put_day(d, 48);
	doc = make(d, XN_REPORT_INVOICE);
	assert_true(says(doc, "No invoice"));
	assert_int_equal(
	    xn_store_activity(d->make.store, books_make_at("2026-11-26"), &bill, &err), XN_OK);
	doc = make(d, XN_REPORT_INVOICE);
	assert_int_equal(number(doc, "invoices", "band", "peak", "billed_kwh"), 110000);
	assert_int_equal(number(doc, "invoices", "band", "peak", "metered_kwh"), 100000);
	assert_int_equal(number(doc, "invoices", "band", "peak", "difference_kwh"), 10000);
	assert_int_equal(number(doc, "invoices", "band", "peak", "difference_percent"), 909);
	assert_true(says(doc, "not of a calendar month"));
	assert_true(says(doc, "Bands without a bill: 2"));
}

static void
data_quality_names_what_happened_to_a_meter(void **state)
{
	struct desk *d = *state;
	struct xn_books_meter meter = {.name = "meter-main",
	    .role = XN_METER_GRID,
	    .rack = "",
	    .host = "",
	    .feed = "",
	    .accuracy = {5000},
	    .calibrated = "2026-03-01",
	    .certificate = "K-17"};
	struct books_make_entry entry = {.start = books_make_at("2026-11-25"),
	    .account = XN_ACCOUNT_METER,
	    .name = "meter-main",
	    .energy_mj = 10 * KWH,
	    .covered_ms = 900000,
	    .span_ms = 1800000,
	    .events = XN_METER_RESET | XN_METER_GAP};
	const struct xn_document *doc;
	struct xn_error err;

	put_day(d, 48);
	books_make_entries(&d->make, &entry, 48);
	assert_int_equal(xn_store_meter(d->make.store, &meter, &err), XN_OK);
	meter.name = "meter-gone";
	meter.calibrated = "";
	assert_int_equal(xn_store_meter(d->make.store, &meter, &err), XN_OK);
	doc = make(d, XN_REPORT_QUALITY);
	assert_int_equal(number(doc, "meters", "meter", "meter-main", "coverage_percent"), 5000);
	assert_int_equal(number(doc, "meters", "meter", "meter-main", "missing_h"), 1200);
	assert_string_equal(
	    cell(doc, "meters", "meter", "meter-main", "events")->text, "reset gap");
	assert_true(cell(doc, "meters", "meter", "meter-gone", "energy_kwh")->none);
	assert_true(says(doc, "without any entry: 1"));
	assert_true(says(doc, "without a calibration date: 1"));
}

static void
placement_reads_what_plans_promised_and_reached(void **state)
{
	struct desk *d = *state;
	const struct xn_document *doc;
	struct xn_error err;

	put_day(d, 48);
	assert_int_equal(
	    xn_store_audit(d->make.store, books_make_at("2026-11-25T10:00"), "xanhd", "note",
		"P7: plan P7 measured: IT 8000 W -> 7600 W, planned 8000 W -> 7500 W", &err),
	    XN_OK);
	doc = make(d, XN_REPORT_PLACEMENT);
	assert_int_equal(number(doc, "plans", "plan", "P7", "planned_delta_w"), -500);
	assert_int_equal(number(doc, "plans", "plan", "P7", "measured_delta_w"), -400);
	assert_int_equal(number(doc, "plans", "plan", "P7", "error_w"), 100);
	assert_true(says(doc, "NOT PROVEN"));
}

static void
the_slice_is_of_the_data_and_nothing_else(void **state)
{
	struct desk *d = *state;
	char first[XN_SHA256_TEXT_SIZE];

	put_day(d, 48);
	for (enum xn_report_kind kind = 0; kind < XN_REPORT_COUNT; kind++) {
		strcpy(first, make(d, kind)->slice);
		assert_string_equal(make(d, kind)->slice, first);
	}
	strcpy(first, make(d, XN_REPORT_SITE_ENERGY)->slice);
	books_make_entry(&d->make,
	    &(struct books_make_entry){.start = books_make_at("2026-11-25T10:00"),
		.account = XN_ACCOUNT_GRID,
		.energy_mj = 1,
		.revision = 5,
		.author = "t",
		.reason = "meter read again"});
	assert_string_not_equal(make(d, XN_REPORT_SITE_ENERGY)->slice, first);
}

static void
freezing_again_makes_a_revision_only_when_data_changed(void **state)
{
	struct desk *d = *state;
	struct xn_export export = {.state = d->make.folder, .order = d->order};
	struct xn_archive_row first, again, second;
	const xn_instant now = books_make_at("2026-11-26");
	struct xn_error err = {0};
	struct xn_books *books;
	char path[4300], *bytes;
	size_t size;
	bool made;

	put_day(d, 48);
	books = books_make_read(&d->make);
	xn_store_commit(d->make.store, &err);
	if (xn_export_freeze(books, &export, now, "t", &first, &made, &err) != XN_OK)
		fail_msg("%s", err.text);
	assert_true(made);
	assert_string_equal(first.id, "dc-test/site-energy/2026-11-25/r1");
	assert_int_equal(xn_export_freeze(books, &export, now, "t", &again, &made, &err), XN_OK);
	assert_false(made);
	assert_string_equal(again.sha256, first.sha256);

	assert_int_equal(xn_store_begin(d->make.store, &err), XN_OK);
	books_make_entry(&d->make,
	    &(struct books_make_entry){.start = books_make_at("2026-11-25T18:00"),
		.account = XN_ACCOUNT_GRID,
		.energy_mj = KWH,
		.revision = 7,
		.author = "t",
		.reason = "meter read again"});
	assert_int_equal(xn_store_commit(d->make.store, &err), XN_OK);
	assert_int_equal(xn_export_freeze(books, &export, now, "t", &second, &made, &err), XN_OK);
	assert_int_equal(xn_store_begin(d->make.store, &err), XN_OK);
	assert_true(made);
	assert_int_equal(second.revision, 2);
	snprintf(path, sizeof(path),
	    "%s/reports/site-energy/site-energy-2026-11-25/r2/"
	    "site-energy-2026-11-25-differences.csv",
	    d->make.folder);
	assert_int_equal(xn_file_read(path, 1 << 20, &bytes, &size, &err), XN_OK);
	assert_non_null(strstr(bytes, "energy_kwh,100.000,101.000"));
	free(bytes);
	snprintf(path, sizeof(path),
	    "%s/reports/site-energy/site-energy-2026-11-25/r2/manifest.json", d->make.folder);
	assert_int_equal(xn_file_read(path, 1 << 20, &bytes, &size, &err), XN_OK);
	assert_non_null(strstr(bytes, first.sha256)); /* the chain */
	free(bytes);
}

static void
a_period_that_is_not_over_is_not_frozen(void **state)
{
	struct desk *d = *state;
	struct xn_export export = {.state = d->make.folder, .order = d->order};
	struct xn_archive_row row;
	struct xn_error err;
	bool made;

	put_day(d, 40);
	assert_int_equal(xn_export_freeze(books_make_read(&d->make), &export,
			     books_make_at("2026-11-26"), "t", &row, &made, &err),
	    XN_EREFUSED);
}

static void
open_data_names_nobody_and_suppresses_small_classes(void **state)
{
	struct desk *d = *state;
	char folder[4200], command[8500];
	struct xn_bundle bundle = {.folder = folder, .period = d->order.period, .facts = &d->facts};
	const struct xn_facts_field given[] = {{"owner_operator_contact", "Lan"}};
	struct xn_error err;

	d->facts.fields = given;
	d->facts.field_count = 1;
	snprintf(folder, sizeof(folder), "%s/open", d->make.folder);
	put_day(d, 48);
	if (xn_bundle_write(books_make_read(&d->make), &bundle, &err) != XN_OK)
		fail_msg("%s", err.text);
	snprintf(command, sizeof(command), "grep -rqE 'portal|mail-1|so-y-te|Lan|\\bh1\\b' '%s'",
	    folder);
	assert_int_not_equal(system(command), 0);
	snprintf(command, sizeof(command),
	    "cd '%s' && sha256sum -c --quiet SHA256SUMS && grep -q dcat:Dataset dataset.jsonld",
	    folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(xn_evidence_verify(folder, NULL, fopen("/dev/null", "w"), &err), XN_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(site_energy_splits_the_day_at_the_bands),
	    TEST(half_a_day_is_interim_on_its_face),
	    TEST(much_that_is_estimated_is_incomplete),
	    TEST(the_eu_fields_have_a_value_or_say_not_given),
	    TEST(the_kpi_sheet_says_interim),
	    TEST(a_statement_allocates_and_can_be_of_one_platform),
	    TEST(oil_equivalent_and_carbon_come_from_the_data),
	    TEST(a_bill_stands_beside_the_meters),
	    TEST(data_quality_names_what_happened_to_a_meter),
	    TEST(placement_reads_what_plans_promised_and_reached),
	    TEST(the_slice_is_of_the_data_and_nothing_else),
	    TEST(freezing_again_makes_a_revision_only_when_data_changed),
	    TEST(a_period_that_is_not_over_is_not_frozen),
	    TEST(open_data_names_nobody_and_suppresses_small_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
