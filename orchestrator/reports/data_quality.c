/* R8: how well each meter was read, what happened to it, what nothing explains, who amended what.
 */
#include "orchestrator/reports/making.h"

#include <string.h>

#include "orchestrator/books/json.h"

enum {
	METER,
	ROLE,
	RACK,
	HOST,
	ENERGY,
	COVERAGE,
	ESTIMATED,
	MISSING,
	GRADE,
	EVENTS,
	ACCURACY,
	TRANSFORMER,
	CALIBRATED,
	CERTIFICATE
};

static const struct xn_field meter_fields[] = {
    XN_F_NAME("meter", "Công tơ", "Meter"),
    XN_F_TEXT("role", "Vai trò", "Role"),
    XN_F_NAME("rack", "Tủ rack", "Rack"),
    XN_F_NAME("host", "Máy chủ", "Host"),
    XN_F_NUMBER("energy_kwh", "Điện năng tác dụng", "Active energy", 3, "kWh"),
    XN_F_QUALITY,
    XN_F_NUMBER("missing_h", "Thời gian thiếu", "Time not measured", 2, "h"),
    XN_F_TEXT("grade", "Chất lượng", "Grade"),
    XN_F_TEXT("events", "Sự kiện", "Events"),
    XN_F_NUMBER("accuracy_percent", "Cấp chính xác", "Accuracy class", 2, "%"),
    XN_F_NUMBER("transformer_percent", "Cấp biến dòng", "Current transformer class", 2, "%"),
    XN_F_TEXT("calibrated", "Ngày kiểm định", "Calibrated"),
    XN_F_TEXT("certificate", "Giấy kiểm định", "Certificate"),
};

enum { MONTH, SUPPLIED, USED, UNEXPLAINED, UNEXPLAINED_SHARE };

static const struct xn_field balance_fields[] = {
    XN_F_DATE("month", "Tháng", "Month"),
    XN_F_NUMBER("supplied_kwh", "Nguồn cấp", "Supplied", 3, "kWh"),
    XN_F_NUMBER("used_kwh", "Sử dụng", "Used", 3, "kWh"),
    XN_F_NUMBER("unexplained_kwh", "Không giải thích được", "Unexplained", 3, "kWh"),
    XN_F_NUMBER("unexplained_percent", "Tỷ lệ không giải thích được", "Unexplained share", 2, "%"),
};

enum { AT, REVISION, AUTHOR, REASON, EVIDENCE };

static const struct xn_field correction_fields[] = {
    XN_F_INSTANT("at", "Thời điểm", "At"),
    XN_F_NUMBER("revision", "Bản sửa", "Revision", 0, ""),
    XN_F_NAME("author", "Người sửa", "Author"),
    XN_F_TEXT("reason", "Lý do", "Reason"),
    XN_F_TEXT("evidence", "Bằng chứng", "Evidence"),
};

struct quality {
	struct xn_making *making;
	struct xn_table *table;
	uint32_t known; /* rows of meters that the site has now, in the order of names */
	unsigned poor, uncalibrated, silent;
	struct xn_amount supplied, used, unexplained; /* of the month */
	xn_instant month;
};

static const char *
event_words(struct xn_making *making, uint32_t events)
{
	json_t *list = xn_json_events(events), *word;
	char text[192] = "";
	size_t i;

	json_array_foreach(list, i, word) snprintf(text + strlen(text), sizeof(text) - strlen(text),
	    "%s%s", i == 0 ? "" : " ", json_string_value(word));
	json_decref(list);
	return xn_text_copy(making->arena, text, strlen(text));
}

static int
put_meter(const struct xn_books_meter *row, void *context, struct xn_error *err)
{
	struct quality *to = context;
	struct xn_cell *cells;

	(void)err;
	if (row->role == XN_METER_INLET)
		return XN_OK; /* it counts no energy */
	cells = xn_table_row(to->making->document, to->table);
	xn_put_copy(to->making, &cells[METER], row->name);
	xn_put_text(&cells[ROLE], xn_role_word(row->role));
	xn_put_copy(to->making, &cells[RACK], row->rack);
	xn_put_copy(to->making, &cells[HOST], row->host);
	if (row->accuracy.ppm > 0)
		xn_put_number(&cells[ACCURACY], row->accuracy.ppm / 100);
	if (row->transformer.ppm > 0)
		xn_put_number(&cells[TRANSFORMER], row->transformer.ppm / 100);
	xn_put_copy(to->making, &cells[CALIBRATED], row->calibrated);
	xn_put_copy(to->making, &cells[CERTIFICATE], row->certificate);
	to->uncalibrated += row->role <= XN_METER_COOLING && row->calibrated[0] == '\0';
	return XN_OK;
}

/* Meters come in the order of names; one that the site has no more gets a row at the end. */
static struct xn_cell *
row_of(struct quality *to, const char *name)
{
	uint32_t low = 0, high = to->known;
	struct xn_cell *gone;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct xn_cell *cells = to->table->cells + (size_t)middle * to->table->field_count;
		int order = strcmp(cells[METER].text, name);

		if (order == 0)
			return cells;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	gone = xn_table_row(to->making->document, to->table);
	xn_put_copy(to->making, &gone[METER], name);
	xn_put_text(&gone[ROLE], "not in the site");
	return gone;
}

static int
put_reading(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct quality *to = context;
	struct xn_cell *cells = row_of(to, row->name);
	const struct xn_amount *amount = &row->amount;
	const char grade[] = {xn_grade_letter(amount->worst), '\0'};

	(void)err;
	xn_put_kwh(&cells[ENERGY], amount->energy);
	xn_put_quality(&cells[COVERAGE], &cells[ENERGY], amount);
	xn_put_number(
	    &cells[MISSING], xn_share(amount->span.ms - amount->covered.ms, 3600000, 100));
	xn_put_copy(to->making, &cells[GRADE], grade);
	xn_put_text(&cells[EVENTS], event_words(to->making, amount->events));
	to->poor += !cells[COVERAGE].none && cells[COVERAGE].scaled < XN_COVERAGE_LEAST;
	return XN_OK;
}

static int
put_meters(struct quality *to, struct xn_error *err)
{
	struct xn_books_query query = {
	    .accounts = XN_ACCOUNT_BIT(XN_ACCOUNT_METER), .step = XN_BOOKS_TOTAL};
	int result;

	to->table = xn_document_table(to->making->document, "meters", "Công tơ", "Meters",
	    meter_fields, XN_FIELDS_COUNT(meter_fields));
	to->table->pdf_rows_max = 1000;
	result = xn_books_meters(to->making->books, put_meter, to, err);
	to->known = to->table->row_count;
	if (result == XN_OK)
		result = xn_making_entries(to->making, &query, put_reading, to, err);
	for (uint32_t i = 0; i < to->table->row_count; i++)
		to->silent += to->table->cells[(size_t)i * to->table->field_count + ENERGY].none;
	return result;
}

static void
end_month(struct quality *to)
{
	struct xn_cell *cells;

	if (to->month.ms == 0)
		return;
	cells = xn_table_row(to->making->document, to->table);
	xn_put_time(&cells[MONTH], to->month);
	xn_put_kwh(&cells[SUPPLIED], to->supplied.energy);
	xn_put_kwh(&cells[USED], to->used.energy);
	/* Signed: sources that nobody used are negative, as they are booked. */
	xn_put_number(&cells[UNEXPLAINED], xn_share(-to->unexplained.energy.mj, XN_WH_MJ, 1));
	xn_put_percent(&cells[UNEXPLAINED_SHARE], xn_magnitude(to->unexplained.energy).mj,
	    xn_magnitude(to->supplied.energy).mj);
	to->supplied = to->used = to->unexplained = (struct xn_amount){0};
}

static int
put_balance(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct quality *to = context;
	uint64_t bit = XN_ACCOUNT_BIT(row->account);

	(void)err;
	if (row->start.ms != to->month.ms)
		end_month(to);
	to->month = row->start;
	if ((bit & XN_SOURCES) != 0)
		xn_amount_add(&to->supplied, &row->amount);
	else if (row->account == XN_ACCOUNT_UNEXPLAINED)
		xn_amount_add(&to->unexplained, &row->amount);
	else
		xn_amount_add(&to->used, &row->amount);
	return XN_OK;
}

static int
put_months(struct quality *to, struct xn_error *err)
{
	struct xn_books_query query = {
	    .accounts = XN_SOURCES | XN_SINKS, .step = XN_BOOKS_MONTH, .whole = true};
	int result;

	to->table = xn_document_table(to->making->document, "balance", "Cân bằng", "Balance",
	    balance_fields, XN_FIELDS_COUNT(balance_fields));
	result = xn_making_entries(to->making, &query, put_balance, to, err);
	end_month(to);
	return result;
}

static int
put_correction(const struct xn_books_correction *row, void *context, struct xn_error *err)
{
	struct quality *to = context;
	struct xn_cell *cells;

	(void)err;
	if (row->revision > to->making->as_of || row->at.ms < to->making->period.from.ms)
		return XN_OK;
	xn_making_note(
	    to->making, "correction|%lld|%lld", (long long)row->revision, (long long)row->at.ms);
	cells = xn_table_row(to->making->document, to->table);
	xn_put_time(&cells[AT], row->at);
	xn_put_number(&cells[REVISION], row->revision);
	xn_put_copy(to->making, &cells[AUTHOR], row->author);
	xn_put_copy(to->making, &cells[REASON], row->reason);
	xn_put_copy(to->making, &cells[EVIDENCE], row->evidence);
	return XN_OK;
}

int
xn_report_data_quality(struct xn_making *making, struct xn_error *err)
{
	struct quality to = {.making = making};
	int result = put_meters(&to, err);

	if (result == XN_OK)
		result = put_months(&to, err);
	if (result != XN_OK)
		return result;
	to.table = xn_document_table(making->document, "corrections", "Các lần sửa", "Corrections",
	    correction_fields, XN_FIELDS_COUNT(correction_fields));
	to.table->pdf_rows_max = 500;
	result = xn_books_corrections(making->books, 0, put_correction, &to, err);
	if (to.poor > 0)
		xn_remark_number(making, true, "Số công tơ có độ đầy đủ dưới giới hạn: %s",
		    "Meters with coverage below the house limit: %s", to.poor, 0);
	if (to.silent > 0)
		xn_remark_number(making, true, "Số công tơ không có số liệu: %s",
		    "Meters without any entry: %s", to.silent, 0);
	if (to.uncalibrated > 0)
		xn_remark_number(making, true, "Số công tơ tổng chưa khai ngày kiểm định: %s",
		    "Main meters without a calibration date: %s", to.uncalibrated, 0);
	return result;
}
