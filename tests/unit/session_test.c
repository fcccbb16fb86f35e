#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "orchestrator/shell/session.h"

static const xn_instant noon = {43200000};

static xn_instant
minutes_later(int minutes)
{
	return xn_after(noon, xn_seconds(minutes * INT64_C(60)));
}

static void
a_code_opens_one_session_and_no_second(void **state)
{
	static struct xn_sessions sessions;
	char code[XN_TOKEN_SIZE];
	const struct xn_session *session;

	(void)state;
	strcpy(code, xn_session_code(&sessions, "lan", noon));
	session = xn_session_open(&sessions, code, minutes_later(1));
	assert_non_null(session);
	assert_string_equal(session->actor, "lan");
	assert_ptr_equal(xn_session_of(&sessions, session->token, minutes_later(2)), session);
	assert_null(xn_session_open(&sessions, code, minutes_later(1)));
	assert_null(xn_session_of(&sessions, code, minutes_later(1)));
}

static void
a_code_is_good_for_five_minutes(void **state)
{
	static struct xn_sessions sessions;
	char code[XN_TOKEN_SIZE];

	(void)state;
	strcpy(code, xn_session_code(&sessions, "lan", noon));
	assert_null(xn_session_open(&sessions, code, minutes_later(5)));
}

static void
a_session_lasts_twelve_hours_after_its_last_use(void **state)
{
	static struct xn_sessions sessions;
	const struct xn_session *session =
	    xn_session_open(&sessions, xn_session_code(&sessions, "lan", noon), noon);
	char token[XN_TOKEN_SIZE];

	(void)state;
	strcpy(token, session->token);
	assert_non_null(xn_session_of(&sessions, token, minutes_later(719)));
	assert_non_null(xn_session_of(&sessions, token, minutes_later(719 + 719)));
	assert_null(xn_session_of(&sessions, token, minutes_later(719 + 719 + 720)));
}

static void
the_token_against_forgery_must_fit(void **state)
{
	static struct xn_sessions sessions;
	const struct xn_session *session =
	    xn_session_open(&sessions, xn_session_code(&sessions, "lan", noon), noon);

	(void)state;
	assert_true(xn_session_csrf(session, session->csrf));
	assert_false(xn_session_csrf(session, session->token));
	assert_false(xn_session_csrf(session, ""));
	assert_false(xn_session_csrf(session, NULL));
}

static void
nothing_is_nobodys_session(void **state)
{
	static struct xn_sessions sessions;

	(void)state;
	assert_null(xn_session_of(&sessions, NULL, noon));
	assert_null(xn_session_of(&sessions, "", noon));
	assert_null(xn_session_open(&sessions, "", noon));
}

static void
the_newest_sessions_are_kept(void **state)
{
	static struct xn_sessions sessions;
	char first[XN_TOKEN_SIZE], last[XN_TOKEN_SIZE];

	(void)state;
	for (int i = 0; i <= XN_SESSIONS_MAX; i++) {
		const struct xn_session *session = xn_session_open(&sessions,
		    xn_session_code(&sessions, "lan", minutes_later(i)), minutes_later(i));

		strcpy(i == 0 ? first : last, session->token);
	}
	assert_null(xn_session_of(&sessions, first, minutes_later(70)));
	assert_non_null(xn_session_of(&sessions, last, minutes_later(70)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_code_opens_one_session_and_no_second),
	    cmocka_unit_test(a_code_is_good_for_five_minutes),
	    cmocka_unit_test(a_session_lasts_twelve_hours_after_its_last_use),
	    cmocka_unit_test(the_token_against_forgery_must_fit),
	    cmocka_unit_test(nothing_is_nobodys_session),
	    cmocka_unit_test(the_newest_sessions_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
