#include "orchestrator/books/question.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "orchestrator/books/energy.h"
#include "orchestrator/books/energy_plans.h"
#include "orchestrator/books/kpis_view.h"
#include "orchestrator/books/outlook_view.h"

struct row {
	const char *path; /* "*" stands for one part, given as the argument */
	json_t *(*answer)(const struct xn_question *question, struct xn_error *err);
};

static const struct row rows[] = {
    {"/ledger", xn_energy_entries},
    {"/energy", xn_energy_show},
    {"/energy/flow", xn_energy_flow},
    {"/energy/balance", xn_energy_balance},
    {"/energy/compare", xn_energy_compare},
    {"/energy/coverage", xn_energy_coverage},
    {"/energy/corrections", xn_energy_corrections},
    {"/energy/tenants", xn_energy_tenants},
    {"/energy/vms", xn_energy_vms},
    {"/metrics", xn_kpis_all},
    {"/metrics/*", xn_kpis_one},
    {"/energy-plan", xn_energy_plans_show},
    {"/energy-plan/cost", xn_energy_plans_cost},
    {"/energy-plan/gap", xn_energy_plans_gap},
    {"/energy-plans", xn_energy_plans_list},
    {"/forecast/*", xn_outlook_show},
    {"/forecast/*/score", xn_outlook_check},
};

const char *const xn_question_parameters[] = {"period", "window", "from", "to", "by", "account",
    "name", "rack", "platform", "agency", "with", "days", "hours", "top", NULL};

static bool
path_fits(const char *pattern, const char *path, char ret_argument[XN_NAME_SIZE])
{
	const char *star = strchr(pattern, '*');
	const char *part;
	size_t length;

	if (star == NULL)
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, (size_t)(star - pattern)) != 0)
		return false;
	part = path + (star - pattern);
	length = strcspn(part, "/");
	if (length == 0 || length >= XN_NAME_SIZE || strcmp(part + length, star + 1) != 0)
		return false;
	memcpy(ret_argument, part, length);
	ret_argument[length] = '\0';
	return true;
}

json_t *
xn_question_answer(const struct xn_question *question, const char *path, struct xn_error *err)
{
	struct xn_question asked = *question;
	char argument[XN_NAME_SIZE] = "";

	asked.argument = argument;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *answer;

		if (!path_fits(rows[i].path, path, argument))
			continue;
		if (xn_books_hold(asked.books, err) != XN_OK)
			return NULL;
		answer = rows[i].answer(&asked, err);
		xn_books_release(asked.books);
		return answer;
	}
	xn_fail(err, XN_ENOTFOUND, "there is no question '%s'", path);
	return NULL;
}

const char *
xn_question_get(const struct xn_question *question, const char *name)
{
	return question->parameter(question->context, name);
}

int
xn_question_number(const struct xn_question *question, const char *name, int64_t otherwise,
    int64_t least, int64_t most, int64_t *ret_value, struct xn_error *err)
{
	const char *text = xn_question_get(question, name);

	*ret_value = otherwise;
	if (text != NULL && !xn_text_number(text, least, most, ret_value))
		return xn_fail(err, XN_EINVALID, "%s is a whole number from %lld to %lld, not '%s'",
		    name, (long long)least, (long long)most, text);
	return XN_OK;
}

struct xn_period_place
xn_question_place(const struct xn_question *question)
{
	struct xn_period_place place = {
	    .utc_offset_s = xn_books_site(question->books)->utc_offset_s, .now = question->now};
	xn_instant first, last;

	/* As long as nothing was booked, windows end now. */
	if (xn_books_range(question->books, &first, &last, NULL) == XN_OK)
		place.now = last;
	return place;
}

int
xn_question_period(
    const struct xn_question *question, struct xn_period *ret_period, struct xn_error *err)
{
	struct xn_period_place place = xn_question_place(question);
	const char *period = xn_question_get(question, "period");
	const char *window = xn_question_get(question, "window");
	const char *from = xn_question_get(question, "from");
	const char *to = xn_question_get(question, "to");
	char month[16];

	if ((period != NULL) + (window != NULL) + (from != NULL || to != NULL) > 1)
		return xn_fail(err, XN_EINVALID, "give one of period, window, or from and to");
	if ((from != NULL) != (to != NULL))
		return xn_fail(err, XN_EINVALID, "from and to go together");
	if (from != NULL)
		return xn_period_between(from, to, &place, ret_period, err);
	if (window != NULL)
		return xn_period_parse(window, &place, ret_period, err);
	if (period == NULL) {
		struct xn_date today = xn_date_of(question->now, place.utc_offset_s);

		snprintf(month, sizeof(month), "%04d-%02d", today.year, today.month);
		period = month;
	}
	return xn_period_parse(period, &place, ret_period, err);
}
