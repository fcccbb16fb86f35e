/* What the virt worker reads from outside: domain XML, metadata, URIs, messages on its socket. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "orchestrator/shell/virt_probe.h"
#include "orchestrator/shell/virt_wire.h"
#include "orchestrator/shell/virt_xml.h"

/* ---- metadata ---- */

static struct xn_vm_facts
facts_of(const char *xml)
{
	struct xn_vm_facts facts = {.movable = true};

	xn_virt_metadata_read(xml, strlen(xml), &facts);
	return facts;
}

static void
an_element_with_every_attribute_gives_every_fact(void **state)
{
	struct xn_vm_facts facts =
	    facts_of("<xanh:vm xmlns:xanh=\"https://xanh.vn/vm/1\" group='ha' "
		     "platform=\"dvc\" agency=\"mst\" labels=\"web ssd\" "
		     "security-level=\"3\" movable=\"no\"/>");

	(void)state;
	assert_string_equal(facts.group, "ha");
	assert_string_equal(facts.platform, "dvc");
	assert_string_equal(facts.agency, "mst");
	assert_string_equal(facts.labels, "web ssd");
	assert_int_equal(facts.security_level, 3);
	assert_false(facts.movable);
}

static void
entities_are_read_and_control_characters_are_not(void **state)
{
	struct xn_vm_facts facts =
	    facts_of("<vm group=\"a&amp;b&lt;c\" agency=\"x\ny\" platform=\"&#27;[2J\" "
		     "movable=\"maybe\" security-level=\"9\">");

	(void)state;
	assert_string_equal(facts.group, "a&b<c");
	assert_string_equal(facts.agency, "");
	assert_string_equal(facts.platform, "");
	assert_false(facts.movable); /* in doubt it stays */
	assert_int_equal(facts.security_level, 0);
}

static void
a_value_fits_exactly_or_is_not_given(void **state)
{
	char xml[256], name[XN_NAME_SIZE + 1];
	struct xn_vm_facts facts;

	(void)state;
	memset(name, 'g', sizeof(name));
	snprintf(xml, sizeof(xml), "<vm group=\"%.*s\"/>", XN_NAME_SIZE - 1, name);
	facts = facts_of(xml);
	assert_int_equal(strlen(facts.group), XN_NAME_SIZE - 1);
	snprintf(xml, sizeof(xml), "<vm group=\"%.*s\"/>", XN_NAME_SIZE, name);
	facts = facts_of(xml);
	assert_string_equal(facts.group, "");
}

static void
broken_xml_gives_nothing_and_does_no_harm(void **state)
{
	static const char *const broken[] = {"", "<", "<>", "</", "<vm", "<vm group",
	    "<vm group=", "<vm group='", "<vm group='x", "<!--", "<![CDATA[", "<?", "vm",
	    "<vm group=x/>", "<vm '>"};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		assert_string_equal(facts_of(broken[i]).group, "");
		assert_false(xn_virt_xml_lockable(broken[i], strlen(broken[i])));
	}
}

/* ---- lockable ---- */

static bool
lockable(const char *metadata, const char *devices)
{
	char xml[1024];

	snprintf(xml, sizeof(xml),
	    "<domain type='qemu'><metadata>%s</metadata><devices>%s</devices></domain>", metadata,
	    devices);
	return xn_virt_xml_lockable(xml, strlen(xml));
}

static void
only_a_writable_unshared_disk_in_a_file_fences(void **state)
{
	(void)state;
	assert_true(lockable("", "<disk type='file' device='disk'><source file='/a'/></disk>"));
	assert_true(lockable("",
	    "<disk type='file' device='cdrom'><readonly/></disk>"
	    "<disk type='file'><target dev='vda'/></disk>"));
	assert_false(lockable("", "<serial type='file'><source path='/a'/></serial>"));
	assert_false(lockable("", "<disk type='file' device='cdrom'><source file='/a'/></disk>"));
	assert_false(lockable("", "<disk type='file'><source file='/a'/><readonly/></disk>"));
	assert_false(lockable("", "<disk type='file'><shareable/></disk>"));
	assert_false(lockable("", "<disk type='block'><source dev='/dev/vg/a'/></disk>"));
}

static void
a_disk_that_a_tenant_wrote_into_metadata_is_no_disk(void **state)
{
	(void)state;
	assert_false(lockable("<devices><disk type='file'><x/></disk></devices>", ""));
	assert_false(lockable("<!-- </metadata><devices><disk type='file'></disk> -->", ""));
	assert_false(lockable("<![CDATA[</metadata><devices><disk type='file'></disk>]]>", ""));
	assert_false(lockable("<a b='</metadata><devices><disk type=\"file\"></disk>'/>", ""));
}

/* ---- texts ---- */

static void
a_name_is_cut_between_characters(void **state)
{
	char text[6];

	(void)state;
	xn_virt_text_copy("abcd\xe1\xba\xa1", text, sizeof(text)); /* abcdạ */
	assert_string_equal(text, "abcd");
	xn_virt_text_copy("a\x1b[2J", text, sizeof(text));
	assert_string_equal(text, "a?[2J");
}

/* ---- probe ---- */

static void
tcp_and_tls_uris_have_an_address_and_others_have_none(void **state)
{
	struct xn_virt_address a;

	(void)state;
	assert_true(xn_virt_probe_address("qemu+tcp://10.77.0.1/system", &a));
	assert_string_equal(a.host, "10.77.0.1");
	assert_string_equal(a.port, "16509");
	assert_true(xn_virt_probe_address("qemu+tls://hv-1:1700/system?pkipath=/x", &a));
	assert_string_equal(a.host, "hv-1");
	assert_string_equal(a.port, "1700");
	assert_true(xn_virt_probe_address("qemu+tls://me@[fd00::1]/system", &a));
	assert_string_equal(a.host, "fd00::1");
	assert_string_equal(a.port, "16514");
	assert_false(xn_virt_probe_address("qemu+unix:///system?socket=/run/x", &a));
	assert_false(xn_virt_probe_address("test:///default", &a));
	assert_false(xn_virt_probe_address("qemu+tcp://[::1/system", &a));
}

static void
a_port_where_nobody_listens_is_said_so(void **state)
{
	struct xn_error err;

	(void)state;
	assert_int_equal(
	    xn_virt_probe("qemu+tcp://127.0.0.1:1/system", 1000, &err), XN_EUNREACHABLE);
	assert_string_equal(err.text, "127.0.0.1 port 1: Connection refused");
}

/* ---- wire ---- */

static void
messages_come_out_as_they_went_in_however_they_are_cut(void **state)
{
	struct xn_virt_queue all = {.bytes = NULL}, part = {.bytes = NULL};
	const struct xn_virt_message first = {.kind = XN_VIRT_LIST,
	    .host = 3,
	    .stamp = 77,
	    .body = (const uint8_t *)"abc",
	    .size = 3};
	const struct xn_virt_message second = {.kind = XN_VIRT_ALIVE};
	struct xn_virt_message got;
	struct xn_error err;
	size_t count;
	unsigned messages = 0;

	(void)state;
	xn_virt_put(&all, &first);
	xn_virt_put(&all, &second);
	for (size_t i = 0; i < all.used; i++) {
		*xn_virt_queue_room(&part, 1) = all.bytes[i];
		part.used++;
		assert_int_equal(xn_virt_get(&part, &got, &count, &err), XN_OK);
		if (count == 0)
			continue;
		if (messages++ == 0) {
			assert_int_equal(got.kind, XN_VIRT_LIST);
			assert_int_equal(got.host, 3);
			assert_int_equal(got.stamp, 77);
			assert_int_equal(got.size, 3);
			assert_memory_equal(got.body, "abc", 3);
		}
		xn_virt_queue_drop(&part, count);
	}
	assert_int_equal(messages, 2);
	assert_int_equal(part.used, 0);
	xn_virt_queue_free(&all);
	xn_virt_queue_free(&part);
}

static void
a_message_that_claims_too_much_is_refused(void **state)
{
	uint8_t bytes[XN_VIRT_HEADER_SIZE] = {0xff, 0xff, 0xff, 0xff, XN_VIRT_EVENTS};
	struct xn_virt_queue queue = {.bytes = bytes, .used = sizeof(bytes), .size = sizeof(bytes)};
	struct xn_virt_message got;
	struct xn_error err;
	size_t count;

	(void)state;
	assert_int_equal(xn_virt_get(&queue, &got, &count, &err), XN_EINVALID);
	memset(bytes, 0, 4);
	bytes[4] = 9;
	assert_int_equal(xn_virt_get(&queue, &got, &count, &err), XN_EINVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_element_with_every_attribute_gives_every_fact),
	    cmocka_unit_test(entities_are_read_and_control_characters_are_not),
	    cmocka_unit_test(a_value_fits_exactly_or_is_not_given),
	    cmocka_unit_test(broken_xml_gives_nothing_and_does_no_harm),
	    cmocka_unit_test(only_a_writable_unshared_disk_in_a_file_fences),
	    cmocka_unit_test(a_disk_that_a_tenant_wrote_into_metadata_is_no_disk),
	    cmocka_unit_test(a_name_is_cut_between_characters),
	    cmocka_unit_test(tcp_and_tls_uris_have_an_address_and_others_have_none),
	    cmocka_unit_test(a_port_where_nobody_listens_is_said_so),
	    cmocka_unit_test(messages_come_out_as_they_went_in_however_they_are_cut),
	    cmocka_unit_test(a_message_that_claims_too_much_is_refused),
	};

	return cmocka_run_group_tests_name("virt", tests, NULL, NULL);
}
