#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/shelf.h"

#define POINTS "points:\n  - {point: a, class: power, oid: .1.0}\n"

static struct shelf shelf;

static int
set_up(void **state)
{
	(void)state;
	shelf_open(&shelf);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	shelf_close(&shelf);
	return 0;
}

static const struct xn_profile *
use(const char *name, const char *object_id, struct xn_error *err)
{
	struct xn_oid oid = {.count = 0};
	int number = xn_profiles_find(shelf.profiles, name);

	assert_true(number >= 0);
	if (object_id[0] != '\0')
		assert_true(xn_oid_parse(object_id, &oid));
	return xn_profiles_use(shelf.profiles, (unsigned)number, &oid, err);
}

static void
a_folder_is_read_in_order_of_name_and_only_yaml(void **state)
{
	(void)state;
	shelf_put(&shelf, "b.yaml", SHELF_HEAD POINTS);
	shelf_put(&shelf, "a.yaml", SHELF_HEAD POINTS);
	shelf_put(&shelf, "README.md", "not a profile");
	shelf_put(&shelf, ".hidden.yaml", "not a profile");
	shelf_put(&shelf, "old.yaml.orig", "not a profile");
	shelf_load(&shelf);
	assert_int_equal(shelf.profiles->count, 2);
	assert_int_equal(shelf.profiles->broken, 0);
	assert_string_equal(shelf.profiles->heads[0]->name, "a");
	assert_string_equal(shelf.profiles->heads[1]->name, "b");
	assert_int_equal(xn_profiles_find(shelf.profiles, "b"), 1);
	assert_int_equal(xn_profiles_find(shelf.profiles, "c"), -1);
}

static void
a_broken_file_is_passed_over_and_told(void **state)
{
	(void)state;
	shelf_put(&shelf, "a-broken.yaml", "vendor: Acme\ntitle: x\ntransport: pigeon\n");
	shelf_put(&shelf, "b-empty.yaml", "");
	shelf_put(&shelf, "c-good.yaml", SHELF_HEAD POINTS);
	shelf_put(&shelf, "d-torn.yaml", "vendor: {Acme\n");
	shelf_load(&shelf);
	assert_int_equal(shelf.profiles->count, 1);
	assert_string_equal(shelf.profiles->heads[0]->name, "c-good");
	assert_int_equal(shelf.profiles->broken, 3);
	assert_non_null(strstr(
	    shelf.profiles->mistake.text, "a-broken.yaml:3: transport: no such word \"pigeon\""));
}

static void
a_folder_that_is_not_there_is_told(void **state)
{
	struct xn_profiles *profiles;
	struct xn_error err = {.code = XN_OK};

	(void)state;
	assert_int_equal(xn_profiles_load(&profiles, "/nonexistent/xanh-profiles", &err), XN_EREAD);
	assert_string_equal(err.text, "/nonexistent/xanh-profiles: No such file or directory");
}

static void
points_are_read_when_the_first_device_is_met(void **state)
{
	struct xn_error err = {.code = XN_OK};
	const struct xn_profile *whole;

	(void)state;
	shelf_put(&shelf, "acme.yaml", SHELF_HEAD POINTS);
	shelf_load(&shelf);
	assert_int_equal(shelf.profiles->heads[0]->point_count, 0);
	whole = use("acme", "", &err);
	assert_int_equal(whole->point_count, 1);
	/* Whoever comes next has the same, whatever the device calls itself. */
	assert_ptr_equal(use("acme", "1.3.6.1.4.1.9.5", &err), whole);
}

static void
a_file_that_went_wrong_since_says_what_and_is_read_again_when_mended(void **state)
{
	struct xn_error err = {.code = XN_OK};
	size_t used;

	(void)state;
	shelf_put(&shelf, "acme.yaml", SHELF_HEAD POINTS);
	shelf_load(&shelf);
	shelf_put(
	    &shelf, "acme.yaml", SHELF_HEAD "points:\n  - {point: a, class: watts, oid: .1}\n");
	assert_null(use("acme", "", &err));
	assert_int_equal(err.code, XN_EINVALID);
	assert_non_null(strstr(err.text, "acme.yaml:6: no such class \"watts\""));
	/* It is read again at every poll of its device, which must cost no memory. */
	used = shelf.profiles->arena.used;
	for (unsigned polls = 0; polls < 50; polls++)
		assert_null(use("acme", "", &err));
	assert_int_equal(shelf.profiles->arena.used, used);
	shelf_put(&shelf, "acme.yaml", SHELF_HEAD POINTS);
	assert_non_null(use("acme", "", &err));
}

static void
a_floating_base_stands_below_the_devices_own_sysobjectid(void **state)
{
	struct xn_error err = {.code = XN_OK};
	const struct xn_profile *one, *other;
	char text[64];

	(void)state;
	shelf_put(&shelf, "float.yaml",
	    "vendor: Acme\ntitle: x\ntransport: snmp\nbase: {sysObjectID: .1}\n"
	    "match:\n  - {sysObjectID: 1.3.6.1.4.1.9}\nmodel: {oid: .7.0}\n" POINTS);
	shelf_load(&shelf);
	one = use("float", "1.3.6.1.4.1.9.38", &err);
	other = use("float", "1.3.6.1.4.1.9.39", &err);
	xn_oid_print(&one->points[0].oid, text, sizeof(text));
	assert_string_equal(text, "1.3.6.1.4.1.9.38.1.1.0");
	xn_oid_print(&other->points[0].oid, text, sizeof(text));
	assert_string_equal(text, "1.3.6.1.4.1.9.39.1.1.0");
	xn_oid_print(&other->model_oid, text, sizeof(text));
	assert_string_equal(text, "1.3.6.1.4.1.9.39.1.7.0");
	assert_ptr_equal(use("float", "1.3.6.1.4.1.9.38", &err), one);
}

static void
a_device_that_names_itself_anew_at_every_poll_is_told_no_at_last(void **state)
{
	static char text[1 << 18];
	struct xn_error err = {.code = XN_OK};
	size_t used;
	unsigned kinds = 0;

	(void)state;
	used = (size_t)snprintf(text, sizeof(text),
	    "vendor: Acme\ntitle: x\ntransport: snmp\nbase: {sysObjectID: .1}\npoints:\n");
	for (unsigned i = 0; i < 1000; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		    "  - {point: p.%u, class: power, oid: .%u.0}\n", i, i);
	shelf_put(&shelf, "float.yaml", text);
	shelf_load(&shelf);
	for (; kinds < 2000; kinds++) {
		char name[32];

		snprintf(name, sizeof(name), "1.3.6.1.4.1.9.%u", kinds);
		if (use("float", name, &err) == NULL)
			break;
	}
	assert_in_range(kinds, 50, 1000);
	assert_int_equal(err.code, XN_EFULL);
	/* Those that were met before stay. */
	assert_non_null(use("float", "1.3.6.1.4.1.9.1", &err));
}

static void
more_profiles_than_there_is_room_for_are_told(void **state)
{
	struct xn_profiles *profiles;
	struct xn_error err = {.code = XN_OK};
	char name[32];

	(void)state;
	for (unsigned i = 0; i < XN_PROFILES_MAX; i++) {
		snprintf(name, sizeof(name), "p%03u.yaml", i);
		shelf_put(&shelf, name, SHELF_HEAD);
	}
	assert_int_equal(shelf_load(&shelf)->count, XN_PROFILES_MAX);
	shelf_put(&shelf, "one-more.yaml", SHELF_HEAD);
	assert_int_equal(xn_profiles_load(&profiles, shelf.dir, &err), XN_EFULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    STORY(a_folder_is_read_in_order_of_name_and_only_yaml),
	    STORY(a_broken_file_is_passed_over_and_told),
	    STORY(a_folder_that_is_not_there_is_told),
	    STORY(points_are_read_when_the_first_device_is_met),
	    STORY(a_file_that_went_wrong_since_says_what_and_is_read_again_when_mended),
	    STORY(a_floating_base_stands_below_the_devices_own_sysobjectid),
	    STORY(a_device_that_names_itself_anew_at_every_poll_is_told_no_at_last),
	    STORY(more_profiles_than_there_is_room_for_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
