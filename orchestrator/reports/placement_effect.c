/*
 * R7: what plans promised and what was measured when they had settled, and the days around them.
 * The audit keeps a plan's watts before and after; the decision's runner-up, its forecast in VND
 * and kgCO2e and a control group are not kept, and the report says so.
 */
#include "orchestrator/reports/making.h"

#include <stdio.h>
#include <string.h>

#include "orchestrator/books/books_trail.h"

enum { AT, PLAN, PLANNED, MEASURED, ERROR, ENERGY_DAY };

static const struct xn_field plan_fields[] = {
    XN_F_INSTANT("at", "Thời điểm", "At"),
    XN_F_TEXT("plan", "Phương án", "Plan"),
    XN_F_NUMBER("planned_delta_w", "Mức thay đổi dự kiến", "Planned change", 0, "W"),
    XN_F_NUMBER("measured_delta_w", "Mức thay đổi đo được", "Measured change", 0, "W"),
    XN_F_NUMBER("error_w", "Sai lệch", "Measured less planned", 0, "W"),
    XN_F_NUMBER("measured_delta_kwh_day", "Quy ra một ngày", "As kWh of a day", 2, "kWh"),
};

enum { DAY, DC, IT, COVERAGE, ESTIMATED, MOVES, FAILED };

static const struct xn_field day_fields[] = {
    XN_F_DATE("day", "Ngày", "Day"),
    XN_F_NUMBER("e_dc_kwh", "Tổng điện năng", "Total energy", 3, "kWh"),
    XN_F_NUMBER("e_it_kwh", "Điện năng CNTT", "IT energy", 3, "kWh"),
    XN_F_QUALITY,
    XN_F_NUMBER("moves", "Lần di chuyển", "Moves", 0, ""),
    XN_F_NUMBER("moves_failed", "Không thành công", "Failed", 0, ""),
};

struct effect {
	struct xn_making *making;
	struct xn_table *plans, *days;
	int64_t planned, measured; /* sums */
	struct xn_amount dc, it;
	xn_instant day;
};

static int
put_plan(const struct xn_books_note *row, void *context, struct xn_error *err)
{
	struct effect *to = context;
	const char *at = strstr(row->body, " measured: IT ");
	const char *plan = strstr(row->body, ": plan ");
	long long before, after, planned_before, planned_after;
	struct xn_cell *cells;

	(void)err;
	if (at == NULL || plan == NULL || plan > at ||
	    sscanf(at, " measured: IT %lld W -> %lld W, planned %lld W -> %lld W", &before, &after,
		&planned_before, &planned_after) != 4)
		return XN_OK;
	xn_making_note(to->making, "note|%lld|%s", (long long)row->at.ms, row->body);
	cells = xn_table_row(to->making->document, to->plans);
	xn_put_time(&cells[AT], row->at);
	plan += strlen(": plan ");
	xn_put_text(&cells[PLAN], xn_text_copy(to->making->arena, plan, (size_t)(at - plan)));
	xn_put_number(&cells[PLANNED], planned_after - planned_before);
	xn_put_number(&cells[MEASURED], after - before);
	xn_put_number(&cells[ERROR], after - before - (planned_after - planned_before));
	xn_put_number(&cells[ENERGY_DAY], xn_share((after - before) * 24, 1000, 100));
	to->planned += planned_after - planned_before;
	to->measured += after - before;
	return XN_OK;
}

static void
end_day(struct effect *to)
{
	struct xn_cell *cells;

	if (to->day.ms == 0)
		return;
	cells = xn_table_row(to->making->document, to->days);
	xn_put_time(&cells[DAY], to->day);
	xn_put_kwh(&cells[DC], to->dc.energy);
	xn_put_kwh(&cells[IT], to->it.energy);
	xn_put_quality(&cells[COVERAGE], &cells[DC], &to->dc);
	xn_put_number(&cells[MOVES], 0);
	xn_put_number(&cells[FAILED], 0);
	to->dc = to->it = (struct xn_amount){0};
}

static int
put_day(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct effect *to = context;

	(void)err;
	if (row->start.ms != to->day.ms)
		end_day(to);
	to->day = row->start;
	xn_amount_add(
	    (XN_ACCOUNT_BIT(row->account) & XN_SOURCES) != 0 ? &to->dc : &to->it, &row->amount);
	return XN_OK;
}

static int
put_move(const struct xn_books_move *row, void *context, struct xn_error *err)
{
	struct effect *to = context;
	xn_instant day = xn_day_start(row->at, to->making->site->utc_offset_s);

	(void)err;
	for (uint32_t i = 0; i < to->days->row_count; i++) {
		struct xn_cell *cells = to->days->cells + (size_t)i * to->days->field_count;

		if (cells[DAY].scaled != day.ms)
			continue;
		cells[MOVES].scaled++;
		cells[FAILED].scaled += row->ended && !row->done;
	}
	xn_making_note(to->making, "move|%lld|%d|%d", (long long)row->at.ms, row->ended, row->done);
	return XN_OK;
}

static void
say_effect(struct effect *to)
{
	struct xn_making *making = to->making;
	struct xn_chart *chart = xn_document_chart(making->document, XN_CHART_LINES, to->days, DAY,
	    "Điện năng theo ngày", "Energy by day");

	chart->y[0] = DC;
	chart->y[1] = IT;
	chart->y_count = 2;
	if (to->plans->row_count == 0) {
		xn_remark_incomplete(making, "Không có phương án nào được đo trong kỳ",
		    "No plan was measured in the period");
	} else {
		xn_remark_number(making, false, "Tổng mức thay đổi dự kiến: %s W",
		    "Planned change in total: %s W", to->planned, 0);
		xn_remark_number(making, false, "Tổng mức thay đổi đo được: %s W",
		    "Measured change in total: %s W", to->measured, 0);
	}
	xn_remark(making, true,
	    "CHƯA CHỨNG MINH: không có nhóm đối chứng hay ngày bật/tắt ngẫu nhiên, nên không có "
	    "khoảng tin cậy; phần thay đổi do tải không được tách ra",
	    "NOT PROVEN: there is no control group and no randomised on/off days, so no confidence "
	    "interval; changes of the load itself are not taken out");
	xn_remark(making, false,
	    "Máy chủ xếp thứ hai, dự báo VND và kgCO2e của từng quyết định không được lưu trong sổ",
	    "The runner-up and the forecast in VND and kgCO2e of a decision are not kept in the "
	    "books");
}

int
xn_report_placement_effect(struct xn_making *making, struct xn_error *err)
{
	struct xn_books_query query = {
	    .accounts = XN_SOURCES | XN_IT, .step = XN_BOOKS_DAY, .whole = true};
	struct effect to = {.making = making};
	int result;

	to.days = xn_document_table(making->document, "days", "Theo ngày", "By day", day_fields,
	    XN_FIELDS_COUNT(day_fields));
	to.plans = xn_document_table(making->document, "plans", "Phương án", "Plans", plan_fields,
	    XN_FIELDS_COUNT(plan_fields));
	result = xn_books_notes(
	    making->books, "note", making->period.from, making->period.to, put_plan, &to, err);
	if (result == XN_OK)
		result = xn_making_entries(making, &query, put_day, &to, err);
	end_day(&to);
	if (result == XN_OK)
		result = xn_books_moves(
		    making->books, making->period.from, making->period.to, put_move, &to, err);
	if (result == XN_OK)
		say_effect(&to);
	return result;
}
