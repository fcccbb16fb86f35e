/* Points: the words and units that travel between programs (DESIGN.md section 8.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/point.h"

static void
every_class_has_a_word_that_leads_back_to_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < XN_CLASS_COUNT; i++) {
		enum xn_point_class class_ = (enum xn_point_class)i;

		assert_true(xn_class_word(class_)[0] != '\0');
		assert_int_equal(xn_class_of(xn_class_word(class_)), class_);
	}
	assert_int_equal(xn_class_of("watts"), XN_CLASS_COUNT);
	assert_int_equal(xn_class_of(""), XN_CLASS_COUNT);
}

static void
units_are_those_of_the_contract(void **state)
{
	(void)state;
	assert_int_equal(XN_CLASS_COUNT, 19);
	assert_string_equal(xn_class_unit(XN_CLASS_POWER), "W");
	assert_string_equal(xn_class_unit(XN_CLASS_REACTIVE_POWER), "var");
	assert_string_equal(xn_class_unit(XN_CLASS_POWER_FACTOR), "1");
	assert_string_equal(xn_class_unit(XN_CLASS_TEMPERATURE), "degC");
	assert_string_equal(xn_class_unit(XN_CLASS_STATE), "");
}

static void
a_new_sample_is_absent_and_never_a_zero_that_was_read(void **state)
{
	static const struct xn_sample none;

	(void)state;
	assert_int_equal(none.quality, XN_QUALITY_ABSENT);
	assert_string_equal(xn_quality_word(XN_QUALITY_ABSENT), "absent");
	assert_string_equal(xn_quality_word(XN_QUALITY_GOOD), "good");
	assert_string_equal(xn_quality_word(XN_QUALITY_STALE), "stale");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_class_has_a_word_that_leads_back_to_it),
	    cmocka_unit_test(units_are_those_of_the_contract),
	    cmocka_unit_test(a_new_sample_is_absent_and_never_a_zero_that_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
