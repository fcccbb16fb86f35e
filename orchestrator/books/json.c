#include "orchestrator/books/json.h"

#include <string.h>

#include "common/calendar.h"
#include "orchestrator/core/meter.h"
#include "orchestrator/core/topology.h"

json_t *
xn_json_text(const char *text)
{
	return text == NULL || text[0] == '\0' ? json_null() : xn_json_name(text);
}

json_t *
xn_json_name(const char *text)
{
	json_t *string = json_string(text);

	return string != NULL ? string : json_string("?");
}

json_t *
xn_json_instant(xn_instant at, int utc_offset_s)
{
	char text[XN_INSTANT_TEXT_SIZE];

	if (at.ms == 0)
		return json_null();
	xn_instant_text(at, utc_offset_s, text);
	return json_string(text);
}

json_t *
xn_json_kwh(xn_energy energy)
{
	return json_real((double)energy.mj / (double)(1000 * XN_WH_MJ));
}

json_t *
xn_json_coverage(const struct xn_amount *amount)
{
	if (amount->span.ms <= 0)
		return json_null();
	return json_real((double)amount->covered.ms / (double)amount->span.ms);
}

json_t *
xn_json_estimated(const struct xn_amount *amount)
{
	int64_t all = amount->energy.mj < 0 ? -amount->energy.mj : amount->energy.mj;

	if (all == 0)
		return json_null();
	return json_real(
	    amount->estimated.mj >= all ? 1 : (double)amount->estimated.mj / (double)all);
}

json_t *
xn_json_grade(enum xn_grade grade)
{
	const char letter[2] = {xn_grade_letter(grade)};

	return json_string(letter);
}

json_t *
xn_json_events(uint32_t events)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = {{XN_METER_ROLLOVER, "rollover"}, {XN_METER_RESET, "reset"},
	    {XN_METER_REPLACED, "replaced"}, {XN_METER_GAP, "gap"}, {XN_METER_STALL, "stall"},
	    {XN_METER_GLITCH, "glitch"}, {XN_METER_MISSING, "missing"}, {XN_METER_CLOCK, "clock"},
	    {XN_METER_DUPLICATE, "duplicate"}};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (events & words[i].bit)
			json_array_append_new(list, json_string(words[i].word));
	return list;
}

void
xn_json_amount(json_t *object, const struct xn_amount *amount)
{
	json_object_set_new(object, "energy_kwh", xn_json_kwh(amount->energy));
	json_object_set_new(object, "coverage", xn_json_coverage(amount));
	json_object_set_new(object, "estimated_share", xn_json_estimated(amount));
	json_object_set_new(object, "quality", xn_json_grade(amount->worst));
	json_object_set_new(object, "events", xn_json_events(amount->events));
}

static const char *const accounts[XN_ACCOUNT_COUNT] = {
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

const char *
xn_account_word(enum xn_account account)
{
	return accounts[account];
}

enum xn_account
xn_account_of(const char *word)
{
	enum xn_account account = XN_ACCOUNT_GRID;

	while (account < XN_ACCOUNT_COUNT && strcmp(accounts[account], word) != 0)
		account++;
	return account;
}

const char *
xn_role_word(int role)
{
	static const char *const words[] = {[XN_METER_GRID] = "grid",
	    [XN_METER_PV] = "pv",
	    [XN_METER_BATTERY] = "battery",
	    [XN_METER_GENERATOR] = "generator",
	    [XN_METER_COOLING] = "cooling",
	    [XN_METER_FEED] = "feed",
	    [XN_METER_OUTLET] = "outlet",
	    [XN_METER_INLET] = "inlet"};

	return role >= 0 && role <= XN_METER_INLET ? words[role] : "?";
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
