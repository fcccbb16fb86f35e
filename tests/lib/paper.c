#include "tests/lib/paper.h"

#include <stdlib.h>

#include "tests/lib/dice.h"

#define NOVEMBER_MS INT64_C(1793466000000) /* 2026-11-01T00:00:00+07:00 */
#define HOUR_MS     INT64_C(3600000)

static const struct xn_field energy_fields[PAPER_COLUMNS] = {
    {"at", {"Thời điểm", "Time"}, XN_FIELD_INSTANT, 0, "", true, false},
    {"day", {"Ngày", "Day"}, XN_FIELD_DATE, 0, "", false, false},
    {"rack", {"Tủ rack", "Rack"}, XN_FIELD_TEXT, 0, "", true, true},
    {"e_dc_kwh", {"Điện năng tác dụng", "Active energy"}, XN_FIELD_NUMBER, 3, "kWh", true, false},
    {"e_it_kwh", {"Điện năng thiết bị IT", "IT energy"}, XN_FIELD_NUMBER, 3, "kWh", true, false},
    {"pue", {"PUE", "PUE"}, XN_FIELD_NUMBER, 3, "", false, false},
    {"cost_vnd", {"Chi phí", "Cost"}, XN_FIELD_NUMBER, 0, "đồng", false, false},
    {"coverage_pct", {"Mức độ đầy đủ", "Coverage"}, XN_FIELD_NUMBER, 1, "%", true, false},
    {"grade", {"Cấp", "Grade"}, XN_FIELD_TEXT, 0, "", true, false},
    {"note", {"Ghi chú", "Note"}, XN_FIELD_TEXT, 0, "", false, true},
};

/* Fontconfig keeps its patterns by offsets, which a search for pointers does not see. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\n";
}

struct xn_document *
paper_new(struct xn_arena *arena, uint32_t rows, uint64_t seed)
{
	struct dice dice = dice_for(seed, "paper");
	struct xn_document *document = xn_document_new(arena);
	struct xn_table *table;

	document->kind = "site-energy";
	document->id = "hoa-lac-1/site-energy/2026-11";
	document->revision = 2;
	document->state = "draft";
	document->title[XN_LANGUAGE_VI] = "Báo cáo sử dụng năng lượng";
	document->title[XN_LANGUAGE_EN] = "Energy report";
	document->site[XN_LANGUAGE_VI] = "Trung tâm dữ liệu Hòa Lạc 1";
	document->site[XN_LANGUAGE_EN] = "Hoa Lac 1 datacentre";
	document->from.ms = NOVEMBER_MS;
	document->to.ms = NOVEMBER_MS + 30 * 24 * HOUR_MS;
	document->utc_offset_s = 7 * 3600;
	document->slice = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
	document->as_of = 4711;
	xn_document_remark(
	    document, false, "Mức độ đầy đủ dữ liệu  99,2 %", "Data coverage  99.2 %");
	xn_document_remark(document, true,
	    "Thiếu dữ liệu của công tơ chính từ 03:00 đến 04:15 ngày 14/11/2026; phần thiếu được "
	    "ước tính theo công suất tiêu thụ của các tủ rack.",
	    "The main meter gave nothing from 03:00 to 04:15 on 2026-11-14; what is missing was "
	    "estimated from the racks' power.");
	table = xn_document_table(document, "energy", "Điện năng theo giờ", "Energy by hour",
	    energy_fields, PAPER_COLUMNS);
	for (uint32_t i = 0; i < rows; i++) {
		struct xn_cell *row = xn_table_row(document, table);
		int64_t it = dice_between(&dice, 200000, 9000000);
		bool estimated = dice_chance(&dice, 50000);
		int64_t at = NOVEMBER_MS + i / 40 * HOUR_MS;

		row[PAPER_AT] = (struct xn_cell){.scaled = at};
		row[PAPER_DAY] = (struct xn_cell){.scaled = at};
		row[PAPER_RACK] = (struct xn_cell){.text = xn_text(arena, "r%02u", i % 40 + 1)};
		row[PAPER_E_DC] = (struct xn_cell){.scaled = it * 13 / 10, .estimated = estimated};
		row[PAPER_E_IT] = (struct xn_cell){.scaled = it, .estimated = estimated};
		row[PAPER_PUE] = (struct xn_cell){.scaled = dice_between(&dice, 1150, 1650)};
		row[PAPER_COST] = (struct xn_cell){.scaled = it * 13 / 10 * 1729 / 1000};
		row[PAPER_COVERAGE] = (struct xn_cell){.scaled = dice_between(&dice, 950, 1000)};
		row[PAPER_GRADE] = (struct xn_cell){.text = estimated ? "E" : "M"};
		if (estimated)
			row[PAPER_NOTE] = (struct xn_cell){.text = "Ước tính"};
	}
	return document;
}

void
paper_charts(struct xn_document *document, uint64_t seed)
{
	static const struct xn_field fields[] = {
	    {"day", {"Ngày", "Day"}, XN_FIELD_DATE, 0, "", true, false},
	    {"e_dc_kwh", {"Toàn trung tâm", "Whole site"}, XN_FIELD_NUMBER, 1, "kWh", true, false},
	    {"e_it_kwh", {"Thiết bị IT", "IT"}, XN_FIELD_NUMBER, 1, "kWh", true, false},
	    {"e_cooling_kwh", {"Làm mát", "Cooling"}, XN_FIELD_NUMBER, 1, "kWh", true, false},
	    {"pue", {"PUE", "PUE"}, XN_FIELD_NUMBER, 3, "", false, false},
	};
	struct dice dice = dice_for(seed, "charts");
	struct xn_table *table = xn_document_table(document, "days", "Điện năng theo ngày",
	    "Energy by day", fields, sizeof(fields) / sizeof(fields[0]));
	struct xn_chart *bars, *lines;

	for (int day = 0; day < 30; day++) {
		struct xn_cell *row = xn_table_row(document, table);
		int64_t it = dice_between(&dice, 180000, 260000);
		int64_t pue = dice_between(&dice, 1250, 1450);

		row[0] = (struct xn_cell){.scaled = document->from.ms + day * 24 * HOUR_MS};
		row[1] = (struct xn_cell){.scaled = it * pue / 1000, .estimated = day == 13};
		row[2] = (struct xn_cell){.scaled = it};
		row[3] = (struct xn_cell){.scaled = it * (pue - 1080) / 1000};
		if (day != 20)
			row[4] = (struct xn_cell){.scaled = pue};
	}
	bars = xn_document_chart(
	    document, XN_CHART_BARS, table, 0, "Điện năng mỗi ngày", "Energy of each day");
	bars->y_count = 1;
	bars->y[0] = 1;
	lines = xn_document_chart(
	    document, XN_CHART_LINES, table, 0, "Điện năng theo phần", "Energy by part");
	lines->y_count = 3;
	lines->y[0] = 1;
	lines->y[1] = 2;
	lines->y[2] = 3;
	lines = xn_document_chart(document, XN_CHART_LINES, table, 0, "PUE mỗi ngày", "PUE by day");
	lines->y_count = 1;
	lines->y[0] = 4;
}

void
paper_numbers(struct xn_document *document, uint32_t rows, uint64_t seed)
{
	static const struct xn_field fields[] = {
	    {"key", {"Khóa", "Key"}, XN_FIELD_TEXT, 0, "", true, false},
	    {"n0", {"n0", "n0"}, XN_FIELD_NUMBER, 0, "", false, false},
	    {"n1", {"n1", "n1"}, XN_FIELD_NUMBER, 1, "", false, false},
	    {"n3", {"n3", "n3"}, XN_FIELD_NUMBER, 3, "", false, false},
	    {"n6", {"n6", "n6"}, XN_FIELD_NUMBER, 6, "", false, false},
	    {"n18", {"n18", "n18"}, XN_FIELD_NUMBER, 18, "", false, false},
	};
	enum { COUNT = sizeof(fields) / sizeof(fields[0]) };
	static const int64_t edges[] = {0, 1, -1, 999, 1000, -1000, 999999999999999,
	    1000000000000000, -999999999999999, INT64_MAX, INT64_MIN};
	struct dice dice = dice_for(seed, "numbers");
	struct xn_table *table =
	    xn_document_table(document, "numbers", "Các số", "Numbers", fields, COUNT);

	for (uint32_t i = 0; i < rows; i++) {
		struct xn_cell *row = xn_table_row(document, table);

		row[0] = (struct xn_cell){.text = xn_text(document->arena, "k%u", i)};
		for (uint32_t j = 1; j < COUNT; j++) {
			int64_t wide = (int64_t)dice_next(&dice);
			int64_t scaled = wide >> dice_between(&dice, 0, 63);

			if (i < sizeof(edges) / sizeof(edges[0]))
				scaled = edges[i];
			else if (dice_chance(&dice, 50000))
				continue;
			row[j] = (struct xn_cell){.scaled = scaled};
		}
	}
}

char *
paper_written(const struct xn_document *document, enum xn_report_format format,
    enum xn_language language, size_t *ret_size)
{
	struct xn_error err = {0};
	char *bytes = NULL;
	FILE *out = open_memstream(&bytes, ret_size);
	int code = XN_ESYSTEM;

	if (!out)
		abort();
	switch (format) {
	case XN_REPORT_CSV: code = xn_report_csv(document, NULL, out, &err); break;
	case XN_REPORT_JSON: code = xn_report_json(document, out, &err); break;
	case XN_REPORT_XLSX: code = xn_report_xlsx(document, language, out, &err); break;
	case XN_REPORT_PDF: code = xn_report_pdf(document, language, out, &err); break;
	}
	fclose(out);
	if (code != XN_OK) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return bytes;
}
