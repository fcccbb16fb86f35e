#include "orchestrator/reports/making.h"

const char *
xn_account_word(enum xn_account account)
{
	static const char *const words[XN_ACCOUNT_COUNT] = {
	    [XN_ACCOUNT_GRID] = "grid",
	    [XN_ACCOUNT_PV] = "pv",
	    [XN_ACCOUNT_BATTERY] = "battery",
	    [XN_ACCOUNT_GENERATOR] = "generator",
	    [XN_ACCOUNT_COOLING] = "cooling",
	    [XN_ACCOUNT_LOSSES] = "losses",
	    [XN_ACCOUNT_RACK_OTHER] = "rack-other",
	    [XN_ACCOUNT_HOST] = "host",
	    [XN_ACCOUNT_VM] = "vm",
	    [XN_ACCOUNT_UNEXPLAINED] = "unexplained",
	    [XN_ACCOUNT_METER] = "meter",
	    [XN_ACCOUNT_RACK] = "rack",
	    [XN_ACCOUNT_PLATFORM] = "platform",
	    [XN_ACCOUNT_AGENCY] = "agency",
	};

	return words[account];
}

char
xn_grade_letter(enum xn_grade grade)
{
	return "-MRIESX"[grade];
}

void
xn_amount_add(struct xn_amount *sum, const struct xn_amount *part)
{
	sum->energy.mj += part->energy.mj;
	sum->overhead.mj += part->overhead.mj;
	sum->estimated.mj += part->estimated.mj;
	sum->covered.ms += part->covered.ms;
	sum->span.ms += part->span.ms;
	sum->events |= part->events;
	if (part->worst > sum->worst)
		sum->worst = part->worst;
}
