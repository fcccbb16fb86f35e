/*
 * R6: what agencies, platforms, racks and VMs are charged with. A VM's energy is an apportioning
 * (idle share by reservation, dynamic share by CPU time) and is called allocated, never measured;
 * cooling and losses are carried to it by its zone's ratio.
 */
#include "orchestrator/reports/making.h"

#include <string.h>

enum {
	LEVEL,
	NAME,
	PLATFORM,
	AGENCY,
	MEMBERS,
	ENERGY,
	OVERHEAD,
	TOTAL,
	SHARE,
	COVERAGE,
	ESTIMATED,
	COST,
	CARBON,
	METHOD
};

#define AMOUNTS                                                                                    \
	XN_F_NUMBER("energy_kwh", "Điện năng", "Energy", 3, "kWh"),                                \
	    XN_F_NUMBER("overhead_kwh", "Làm mát và tổn thất", "Cooling and losses", 3, "kWh"),    \
	    XN_F_NUMBER("total_kwh", "Tổng", "Total", 3, "kWh"),                                   \
	    XN_F_NUMBER("share_percent", "Tỷ trọng", "Share of the site", 2, "%"), XN_F_QUALITY,   \
	    XN_F_NUMBER(                                                                           \
		"cost_vnd", "Chi phí phân bổ (chưa VAT)", "Allocated cost before VAT", 0, "VND"),  \
	    XN_F_NUMBER(                                                                           \
		"kgco2e_lb", "Phát thải theo vị trí", "Emissions, location-based", 3, "kgCO2e"),   \
	    XN_F_TEXT("method", "Phương pháp", "Method")

static const struct xn_field fields[] = {
    XN_F_TEXT("level", "Cấp", "Level"),
    XN_F_TEXT("name", "Tên", "Name"),
    XN_F_TEXT("platform", "Nền tảng", "Platform"),
    XN_F_TEXT("agency", "Cơ quan", "Agency"),
    XN_F_NUMBER("vms", "Số máy ảo", "VMs", 0, ""),
    AMOUNTS,
};

static const struct xn_field vm_fields[] = {
    XN_F_TEXT("level", "Cấp", "Level"),
    XN_F_NAME("name", "Tên", "Name"),
    XN_F_NAME("platform", "Nền tảng", "Platform"),
    XN_F_NAME("agency", "Cơ quan", "Agency"),
    XN_F_NAME("uuid", "Mã máy ảo", "UUID"),
    AMOUNTS,
};

/* How many VMs a platform or an agency had. */
struct group {
	const char *name;
	bool is_agency;
	int64_t members;
	struct group *next;
};

struct statement {
	struct xn_making *making;
	struct xn_table *table, *vms;
	struct group *groups;
	int64_t site_mj;
	xn_money cost; /* of the site, demand included; of all its energy */
	xn_carbon carbon;
	bool has_cost, has_carbon;
};

static struct group *
group_of(struct statement *to, const char *name, bool is_agency, bool make)
{
	struct group *group = to->groups;

	while (group != NULL && (group->is_agency != is_agency || strcmp(group->name, name) != 0))
		group = group->next;
	if (group == NULL && make) {
		group = xn_new(to->making->arena, struct group, 1);
		group->name = xn_text_copy(to->making->arena, name, strlen(name));
		group->is_agency = is_agency;
		group->next = to->groups;
		to->groups = group;
	}
	return group;
}

static void
put_amounts(const struct statement *to, struct xn_cell *cells, const struct xn_amount *amount,
    const char *method)
{
	xn_energy total = {xn_magnitude(amount->energy).mj + amount->overhead.mj};

	xn_put_kwh(&cells[ENERGY], amount->energy);
	xn_put_kwh(&cells[OVERHEAD], amount->overhead);
	xn_put_kwh(&cells[TOTAL], total);
	xn_put_percent(&cells[SHARE], total.mj, to->site_mj);
	xn_put_quality(&cells[COVERAGE], &cells[ENERGY], amount);
	xn_put_text(&cells[METHOD], method);
	/* Everybody pays the site's mean: whose hour was dear is not booked by VM. */
	if (to->has_cost)
		xn_put_vnd(
		    &cells[COST], (xn_money){xn_share(total.mj, to->site_mj, to->cost.mvnd)});
	if (to->has_carbon)
		xn_put_kg(
		    &cells[CARBON], (xn_carbon){xn_share(total.mj, to->site_mj, to->carbon.mg)});
}

static int
take_total(const struct xn_supply *supply, void *context, struct xn_error *err)
{
	struct statement *to = context;
	const struct xn_price *price = supply->price;

	(void)err;
	to->cost.mvnd = price->energy_cost.mvnd + price->demand_cost.mvnd;
	to->carbon = price->location;
	to->has_cost = price->unpriced.mj == 0;
	to->has_carbon = price->uncounted.mj == 0;
	xn_supply_remarks(to->making, price);
	return XN_OK;
}

static int
put_vm(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct statement *to = context;
	struct xn_cell *cells = xn_table_row(to->making->document, to->vms);

	(void)err;
	xn_put_text(&cells[LEVEL], "vm");
	xn_put_copy(to->making, &cells[NAME], row->name);
	xn_put_copy(to->making, &cells[PLATFORM], row->platform);
	xn_put_copy(to->making, &cells[AGENCY], row->agency);
	xn_put_copy(to->making, &cells[MEMBERS], row->subject);
	put_amounts(to, cells, &row->amount, "allocated");
	if (row->platform != NULL && row->platform[0] != '\0')
		group_of(to, row->platform, false, true)->members++;
	if (row->agency != NULL && row->agency[0] != '\0')
		group_of(to, row->agency, true, true)->members++;
	return XN_OK;
}

static int
put_group(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct statement *to = context;
	const struct xn_report_order *order = to->making->order;
	bool is_agency = row->account == XN_ACCOUNT_AGENCY;
	const char *only = is_agency ? order->agency : order->platform;
	struct group *group = group_of(to, row->name, is_agency, false);
	struct xn_cell *cells;

	(void)err;
	if (only != NULL && strcmp(only, row->name) != 0)
		return XN_OK;
	cells = xn_table_row(to->making->document, to->table);
	xn_put_text(&cells[LEVEL], xn_account_word(row->account));
	xn_put_copy(to->making, &cells[NAME], row->name);
	xn_put_copy(to->making, &cells[is_agency ? AGENCY : PLATFORM], row->name);
	xn_put_number(&cells[MEMBERS], group == NULL ? 0 : group->members);
	put_amounts(to, cells, &row->amount, "allocated");
	return XN_OK;
}

static int
put_rack(const struct xn_books_row *row, void *context, struct xn_error *err)
{
	struct statement *to = context;
	struct xn_cell *cells = xn_table_row(to->making->document, to->table);

	(void)err;
	xn_put_text(&cells[LEVEL], "rack");
	xn_put_copy(to->making, &cells[NAME], row->name);
	put_amounts(to, cells, &row->amount, "measured");
	return XN_OK;
}

static int
put_account(struct statement *to, enum xn_account account, xn_each_row *each, struct xn_error *err)
{
	const struct xn_report_order *order = to->making->order;
	struct xn_books_query query = {.accounts = XN_ACCOUNT_BIT(account), .step = XN_BOOKS_TOTAL};

	if (account == XN_ACCOUNT_VM) {
		query.platform = order->platform;
		query.agency = order->agency;
	}
	return xn_making_entries(to->making, &query, each, to, err);
}

int
xn_report_statement(struct xn_making *making, struct xn_error *err)
{
	const struct xn_report_order *order = making->order;
	bool all = order->platform == NULL && order->agency == NULL;
	struct statement to = {
	    .making = making, .site_mj = xn_magnitude(making->supplied.energy).mj};
	int result;

	to.table = xn_document_table(
	    making->document, "statement", "Bảng kê", "Statement", fields, XN_FIELDS_COUNT(fields));
	to.vms = xn_document_table(making->document, "vms", "Máy ảo", "Virtual machines", vm_fields,
	    XN_FIELDS_COUNT(vm_fields));
	to.vms->pdf_rows_max = 1000;
	xn_remark(making, false,
	    "Điện năng của máy ảo là phân bổ (theo tài nguyên và thời gian CPU), không phải đo "
	    "trực tiếp",
	    "Energy of VMs is allocated (by reservation and CPU time), not measured");
	xn_remark(making, false,
	    "Chi phí và phát thải được phân bổ theo giá trị trung bình của trung tâm dữ liệu trong "
	    "kỳ",
	    "Cost and emissions are shared out at the site's mean of the period");
	result = xn_making_supply(making, XN_BOOKS_TOTAL, take_total, &to, err);
	if (result == XN_OK)
		result = put_account(&to, XN_ACCOUNT_VM, put_vm, err);
	if (result == XN_OK && (all || order->agency != NULL))
		result = put_account(&to, XN_ACCOUNT_AGENCY, put_group, err);
	if (result == XN_OK && (all || order->platform != NULL))
		result = put_account(&to, XN_ACCOUNT_PLATFORM, put_group, err);
	if (result == XN_OK && all)
		result = put_account(&to, XN_ACCOUNT_RACK, put_rack, err);
	if (result == XN_OK && to.table->row_count == 0 && to.vms->row_count == 0)
		xn_remark_incomplete(making, "Không có máy ảo, nền tảng hay cơ quan nào như vậy",
		    "No VM, platform or agency like that was booked");
	return result;
}
