#include "orchestrator/core/kpi.h"

static struct xn_kpi
value(double number)
{
	return (struct xn_kpi){.state = XN_KPI_VALUE, .value = number, .why = ""};
}

static struct xn_kpi
no_data(void)
{
	return (struct xn_kpi){.state = XN_KPI_NO_DATA, .why = ""};
}

static struct xn_kpi
refused(const char *why)
{
	return (struct xn_kpi){.state = XN_KPI_REFUSED, .why = why};
}

/* What is not below zero over what is above it. */
static struct xn_kpi
quotient(double numerator, double denominator)
{
	if (numerator < 0 || denominator < 0)
		return refused("negative");
	if (!(denominator > 0))
		return no_data();
	return value(numerator / denominator);
}

static struct xn_kpi
share(double part, double whole, const char *below, const char *above)
{
	if (part < 0)
		return refused(below);
	if (whole < 0)
		return refused("negative");
	if (!(whole > 0))
		return no_data();
	return part > whole ? refused(above) : value(part / whole);
}

struct xn_kpi
xn_kpi_pue(double e_dc, double e_it)
{
	struct xn_kpi pue = quotient(e_dc, e_it);

	return pue.state == XN_KPI_VALUE && e_dc < e_it ? refused("pue_lt_1") : pue;
}

struct xn_kpi
xn_kpi_dcie(double e_dc, double e_it)
{
	struct xn_kpi pue = xn_kpi_pue(e_dc, e_it);

	return pue.state == XN_KPI_VALUE ? value(100 * e_it / e_dc) : pue;
}

struct xn_kpi
xn_kpi_ere(double e_dc, double e_reuse, double e_it)
{
	struct xn_kpi pue = xn_kpi_pue(e_dc, e_it);
	struct xn_kpi erf = xn_kpi_erf(e_reuse, e_dc);

	if (pue.state != XN_KPI_VALUE)
		return pue;
	return erf.state == XN_KPI_VALUE ? value((e_dc - e_reuse) / e_it) : erf;
}

struct xn_kpi
xn_kpi_tue(double e_dc, double e_it, double e_compute)
{
	struct xn_kpi pue = xn_kpi_pue(e_dc, e_it);
	struct xn_kpi itue = quotient(e_it, e_compute);

	if (pue.state != XN_KPI_VALUE)
		return pue;
	if (itue.state != XN_KPI_VALUE)
		return itue;
	return e_it < e_compute ? refused("itue_lt_1") : value(itue.value * pue.value);
}

struct xn_kpi_parts
xn_kpi_contributions(double e_dc, double e_it, double e_cool, double e_loss)
{
	struct xn_kpi_parts parts = {.pue = xn_kpi_pue(e_dc, e_it)};
	double other = e_dc - e_it - e_cool - e_loss;

	parts.cooling = parts.losses = parts.other = parts.pue;
	if (parts.pue.state != XN_KPI_VALUE)
		return parts;
	parts.cooling = quotient(e_cool, e_it);
	parts.losses = quotient(e_loss, e_it);
	parts.other =
	    other < -XN_KPI_PARTS_SLACK * e_dc ? refused("parts_gt_total") : value(other / e_it);
	return parts;
}

struct xn_kpi
xn_kpi_ref(double e_ren, double e_dc)
{
	return share(e_ren, e_dc, "ref_lt_0", "ref_gt_1");
}

struct xn_kpi
xn_kpi_erf(double e_reuse, double e_dc)
{
	return share(e_reuse, e_dc, "erf_lt_0", "erf_gt_1");
}

struct xn_kpi
xn_kpi_peak_share(double e_peak, double e_dc)
{
	return share(e_peak, e_dc, "peak_share_lt_0", "peak_share_gt_1");
}

struct xn_kpi
xn_kpi_coverage(double measured, double period)
{
	return share(measured, period, "coverage_lt_0", "coverage_gt_1");
}

struct xn_kpi
xn_kpi_estimated(double e_estimated, double e_total)
{
	return share(e_estimated, e_total, "estimated_lt_0", "estimated_gt_1");
}

struct xn_kpi
xn_kpi_load_factor(double e_dc, double p_max_kw, double hours)
{
	return share(e_dc, p_max_kw * hours, "load_factor_lt_0", "load_factor_gt_1");
}

struct xn_kpi
xn_kpi_cfe(const double *e, const double *cfe, size_t count)
{
	double matched = 0;
	double total = 0;

	for (size_t i = 0; i < count; i++) {
		if (e[i] < 0 || cfe[i] < 0)
			return refused("negative");
		matched += cfe[i] < e[i] ? cfe[i] : e[i];
		total += e[i];
	}
	return quotient(matched, total);
}

struct xn_kpi
xn_kpi_cue(double kgco2e, double e_it)
{
	return quotient(kgco2e, e_it);
}

struct xn_kpi
xn_kpi_wue(double w_in_m3, double e_it)
{
	return quotient(w_in_m3 * 1000, e_it);
}

struct xn_kpi
xn_kpi_cer(double q_removed, double e_cool)
{
	return quotient(q_removed, e_cool);
}

struct xn_kpi
xn_kpi_scope2_location(const double *e, const double *ef, size_t count)
{
	double kg = 0;

	for (size_t i = 0; i < count; i++) {
		if (e[i] < 0 || ef[i] < 0)
			return refused("negative");
		kg += e[i] * ef[i];
	}
	return count == 0 ? no_data() : value(kg);
}

struct xn_kpi
xn_kpi_scope2_market(const double *e, const double *contract, const double *residual,
    const double *contracted, size_t count)
{
	double kg = 0;

	for (size_t i = 0; i < count; i++) {
		double matched = contract[i] < e[i] ? contract[i] : e[i];

		if (e[i] < 0 || contract[i] < 0 || residual[i] < 0 || contracted[i] < 0)
			return refused("negative");
		kg += (e[i] - matched) * residual[i] + matched * contracted[i];
	}
	return count == 0 ? no_data() : value(kg);
}

struct xn_kpi
xn_kpi_toe(double electricity_mwh, double per_mwh, double diesel_t, double per_tonne)
{
	if (electricity_mwh < 0 || diesel_t < 0)
		return refused("negative");
	return value(electricity_mwh * per_mwh + diesel_t * per_tonne);
}

struct xn_kpi
xn_kpi_iteesv(const double *performance, const double *watts, size_t count)
{
	double work = 0;
	double power = 0;

	for (size_t i = 0; i < count; i++) {
		work += performance[i];
		power += watts[i];
	}
	return quotient(work, power);
}

struct xn_kpi
xn_kpi_iteusv(const double *percent, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++) {
		if (percent[i] < 0 || percent[i] > 100)
			return refused(percent[i] < 0 ? "iteusv_lt_0" : "iteusv_gt_100");
		sum += percent[i];
	}
	return quotient(sum, (double)count);
}

struct xn_kpi
xn_kpi_sci_embodied(double te, double tir, double el, double rr, double tor)
{
	struct xn_kpi time = quotient(tir, el);
	struct xn_kpi resource = quotient(rr, tor);

	if (te < 0)
		return refused("negative");
	if (time.state != XN_KPI_VALUE)
		return time;
	return resource.state == XN_KPI_VALUE ? value(te * time.value * resource.value) : resource;
}

struct xn_kpi
xn_kpi_sci(double e, double i, double m, double r)
{
	if (e < 0 || i < 0 || m < 0)
		return refused("negative");
	return quotient(e * i + m, r);
}

static struct xn_kpi
rack_cooling(double beyond, double room, size_t n)
{
	if (n == 0 || !(room > 0))
		return no_data();
	return value(100 * (1 - beyond / ((double)n * room)));
}

struct xn_kpi
xn_kpi_rci_hi(const struct xn_kpi_class *bounds, const double *intake, size_t n)
{
	double over = 0;

	for (size_t i = 0; i < n; i++)
		if (intake[i] > bounds->rec_max)
			over += intake[i] - bounds->rec_max;
	return rack_cooling(over, bounds->all_max - bounds->rec_max, n);
}

struct xn_kpi
xn_kpi_rci_lo(const struct xn_kpi_class *bounds, const double *intake, size_t n)
{
	double under = 0;

	for (size_t i = 0; i < n; i++)
		if (intake[i] < bounds->rec_min)
			under += bounds->rec_min - intake[i];
	return rack_cooling(under, bounds->rec_min - bounds->all_min, n);
}

struct xn_kpi
xn_kpi_rti(double t_return, double t_supply, double dt_equipment)
{
	if (dt_equipment < 0)
		return refused("negative");
	if (!(dt_equipment > 0))
		return no_data();
	return value(100 * (t_return - t_supply) / dt_equipment);
}

struct xn_kpi
xn_kpi_shi(double dq, double q)
{
	return q < 0 ? refused("negative") : share(dq, q + dq, "shi_lt_0", "shi_gt_1");
}

struct xn_kpi
xn_kpi_rhi(double dq, double q)
{
	struct xn_kpi shi = xn_kpi_shi(dq, q);

	return shi.state == XN_KPI_VALUE ? value(1 - shi.value) : shi;
}

double
xn_kpi_root(double square)
{
	double next = square > 1 ? square : 1;
	double root;

	if (!(square > 0))
		return 0;
	/* Newton's method from above: each step is smaller until rounding ends it. */
	do {
		root = next;
		next = (root + square / root) / 2;
	} while (next < root);
	return root;
}

double
xn_kpi_chain(double meter_class, double ct_class)
{
	return xn_kpi_root((meter_class * meter_class + ct_class * ct_class) / 3);
}

double
xn_kpi_expanded(double number, double u_numerator, double u_denominator)
{
	return 2 * number * xn_kpi_root(u_numerator * u_numerator + u_denominator * u_denominator);
}

enum xn_kpi_verdict
xn_kpi_judge(double number, double u, double target, bool at_least)
{
	/* 1.38 + 0.02 is 1.40: what only rounding of binary fractions keeps apart is met. */
	double slack = 1e-12 * (target < 0 ? -target : target);

	if (at_least ? number < target - slack : number > target + slack)
		return XN_KPI_NOT_MET;
	if (at_least ? number - u >= target - slack : number + u <= target + slack)
		return XN_KPI_MET;
	return XN_KPI_NOT_PROVEN;
}

const char *
xn_kpi_verdict_word(enum xn_kpi_verdict verdict)
{
	static const char *const words[] = {
	    [XN_KPI_MET] = "met",
	    [XN_KPI_NOT_MET] = "not_met",
	    [XN_KPI_NOT_PROVEN] = "not_proven",
	};

	return words[verdict];
}
