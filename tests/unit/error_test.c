/* Errors: a code and a sentence that grows on the way up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"

static void
each_layer_adds_what_it_knew(void **state)
{
	struct xn_error err = {0};

	(void)state;
	assert_int_equal(xn_fail(&err, XN_EUNREACHABLE, "no reply in %d ms", 500), XN_EUNREACHABLE);
	assert_int_equal(xn_wrap(&err, "rack %s, PDU %s", "r07", "A"), XN_EUNREACHABLE);
	assert_string_equal(err.text, "rack r07, PDU A: no reply in 500 ms");
	assert_int_equal(err.code, XN_EUNREACHABLE);
}

static void
a_sentence_that_is_too_long_is_cut_and_ended(void **state)
{
	struct xn_error err = {0};
	char word[300];

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	xn_fail(&err, XN_EINVALID, "%s", word);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	xn_wrap(&err, "%s", "here");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_memory_equal(err.text, "here: xxx", 9);
	xn_wrap(&err, "%s", word);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void
who_wants_no_sentence_gets_the_code(void **state)
{
	(void)state;
	assert_int_equal(xn_fail(NULL, XN_EREAD, "x"), XN_EREAD);
	assert_true(xn_wrap(NULL, "x") < 0);
}

static void
every_code_has_its_exit_code(void **state)
{
	(void)state;
	assert_int_equal(xn_exit_of(XN_OK), 0);
	assert_int_equal(xn_exit_of(XN_EINVALID), 65);
	assert_int_equal(xn_exit_of(XN_ENOTFOUND), 65);
	assert_int_equal(xn_exit_of(XN_EREAD), 66);
	assert_int_equal(xn_exit_of(XN_EUNREACHABLE), 69);
	assert_int_equal(xn_exit_of(XN_EDEVICE), 69);
	assert_int_equal(xn_exit_of(XN_EFULL), 70);
	assert_int_equal(xn_exit_of(XN_ESYSTEM), 70);
	assert_int_equal(xn_exit_of(XN_EREFUSED), 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_layer_adds_what_it_knew),
	    cmocka_unit_test(a_sentence_that_is_too_long_is_cut_and_ended),
	    cmocka_unit_test(who_wants_no_sentence_gets_the_code),
	    cmocka_unit_test(every_code_has_its_exit_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
