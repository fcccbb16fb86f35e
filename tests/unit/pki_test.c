#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/credential.h"
#include "common/tls.h"

struct folder {
	char ours[64];
	char theirs[64]; /* an authority of somebody else */
	char path[128];
};

static const char *
in(struct folder *f, const char *file)
{
	snprintf(f->path, sizeof(f->path), "%s/%s", f->ours, file);
	return f->path;
}

static int
make_folder(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));
	const char *hosts[] = {"xanh.example", "192.0.2.1"};

	strcpy(f->ours, "/tmp/xanh-pki-XXXXXX");
	strcpy(f->theirs, "/tmp/xanh-pki-XXXXXX");
	if (mkdtemp(f->ours) == NULL || mkdtemp(f->theirs) == NULL)
		return -1;
	*state = f;
	if (xn_pki_init(f->ours, "hoa-lac-1", hosts, 2, NULL) != XN_OK ||
	    xn_pki_issue(f->ours, XN_PEER_AGENT, "a07", "agent-a07", NULL) != XN_OK ||
	    xn_pki_init(f->theirs, "hoa-lac-1", NULL, 0, NULL) != XN_OK ||
	    xn_pki_issue(f->theirs, XN_PEER_AGENT, "a07", "agent-a07", NULL) != XN_OK)
		return -1;
	return 0;
}

static int
drop_folder(void **state)
{
	static const char *const files[] = {"ca", "server", "operator", "agent-a07", "report"};
	struct folder *f = *state;
	char path[160];

	for (unsigned i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "%s/%s.%s", i & 1 ? f->ours : f->theirs, files[i >> 2],
		    i & 2 ? "crt" : "key");
		unlink(path);
	}
	rmdir(f->ours);
	rmdir(f->theirs);
	free(f);
	return 0;
}

static void
keys_are_for_their_owner_only_and_nothing_is_overwritten(void **state)
{
	struct folder *f = *state;
	struct xn_error err;
	struct stat status;

	assert_int_equal(stat(in(f, "ca.key"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(stat(in(f, "agent-a07.key"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(xn_pki_init(f->ours, "other", NULL, 0, &err), XN_EREFUSED);
	assert_non_null(strstr(err.text, "is there already"));
	assert_int_equal(
	    xn_pki_issue(f->ours, XN_PEER_AGENT, "a07", "agent-a07", &err), XN_EREFUSED);
}

static void
names_that_could_be_paths_are_refused(void **state)
{
	struct folder *f = *state;

	assert_int_equal(
	    xn_pki_issue(f->ours, XN_PEER_AGENT, "../x", "agent-x", NULL), XN_EINVALID);
	assert_int_equal(xn_pki_issue(f->ours, XN_PEER_AGENT, "", "agent-", NULL), XN_EINVALID);
	assert_int_equal(xn_pki_init("/nonexistent", "a b", NULL, 0, NULL), XN_EINVALID);
}

static bool
parses(const char *uri, struct xn_identity *ret_identity)
{
	return xn_identity_parse(uri, strlen(uri), ret_identity);
}

static void
an_identity_is_read_strictly(void **state)
{
	struct xn_identity who;

	(void)state;
	assert_true(parses("xanh://hoa-lac-1/agent/a07", &who));
	assert_int_equal(who.kind, XN_PEER_AGENT);
	assert_string_equal(who.site, "hoa-lac-1");
	assert_string_equal(who.name, "a07");
	assert_true(parses("xanh://s/operator/lan.nguyen", &who));
	assert_int_equal(who.kind, XN_PEER_OPERATOR);
	assert_false(parses("xanh://s/agent/", &who));
	assert_false(parses("xanh://s/agent/a/", &who));
	assert_false(parses("xanh://s/agent/a/b", &who));
	assert_false(parses("xanh://s/none/a", &who));
	assert_false(parses("xanh://s/agent", &who));
	assert_false(parses("xanh:///agent/a", &who));
	assert_false(parses("http://s/agent/a", &who));
	assert_false(xn_identity_parse("xanh://s/agent/a\0b", 18, &who));
	assert_false(parses("", &who));
}

/* ---- a real handshake, both ends in this thread over a socket pair ---- */

struct side {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
};

static void
open_side(struct side *side, unsigned flags, int fd, const char *ca_dir, const char *dir,
    const char *file)
{
	char ca[160], crt[160], key[160];

	snprintf(ca, sizeof(ca), "%s/ca.crt", ca_dir);
	snprintf(crt, sizeof(crt), "%s/%s.crt", dir, file == NULL ? "" : file);
	snprintf(key, sizeof(key), "%s/%s.key", dir, file == NULL ? "" : file);
	assert_int_equal(gnutls_init(&side->session, flags | GNUTLS_NONBLOCK), 0);
	gnutls_certificate_allocate_credentials(&side->credentials);
	assert_int_equal(
	    gnutls_certificate_set_x509_trust_file(side->credentials, ca, GNUTLS_X509_FMT_PEM), 1);
	if (file != NULL)
		assert_int_equal(gnutls_certificate_set_x509_key_file(
				     side->credentials, crt, key, GNUTLS_X509_FMT_PEM),
		    0);
	gnutls_priority_set_direct(side->session, XN_TLS_PRIORITY, NULL);
	gnutls_credentials_set(side->session, GNUTLS_CRD_CERTIFICATE, side->credentials);
	gnutls_transport_set_int(side->session, fd);
}

static void
close_side(struct side *side)
{
	gnutls_deinit(side->session);
	gnutls_certificate_free_credentials(side->credentials);
}

/* What our server says of a client that shows `file` of `dir`. */
static int
meet(struct folder *f, const char *dir, const char *file, struct xn_identity *ret_who,
    struct xn_error *err)
{
	struct side server, client;
	int fds[2];
	int s = GNUTLS_E_AGAIN, c = GNUTLS_E_AGAIN;
	int result;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	open_side(&server, GNUTLS_SERVER, fds[0], f->ours, f->ours, "server");
	open_side(&client, GNUTLS_CLIENT, fds[1], f->ours, dir, file);
	/* As libmicrohttpd does: ask, but let the client in without. */
	gnutls_certificate_server_set_request(server.session, GNUTLS_CERT_REQUEST);
	for (int turn = 0; turn < 100 && (s == GNUTLS_E_AGAIN || c == GNUTLS_E_AGAIN); turn++) {
		if (c == GNUTLS_E_AGAIN)
			c = gnutls_handshake(client.session);
		if (s == GNUTLS_E_AGAIN)
			s = gnutls_handshake(server.session);
	}
	assert_int_equal(s, 0);
	assert_int_equal(c, 0);
	assert_int_equal(gnutls_protocol_get_version(server.session), GNUTLS_TLS1_3);
	result = xn_tls_verify_peer(server.session, ret_who, err);
	close_side(&server);
	close_side(&client);
	close(fds[0]);
	close(fds[1]);
	return result;
}

static void
an_enrolled_agent_is_known_by_name(void **state)
{
	struct folder *f = *state;
	struct xn_identity who;
	struct xn_error err = {0};

	assert_int_equal(meet(f, f->ours, "agent-a07", &who, &err), XN_OK);
	assert_int_equal(who.kind, XN_PEER_AGENT);
	assert_string_equal(who.name, "a07");
	assert_string_equal(who.site, "hoa-lac-1");
	assert_int_equal(meet(f, f->ours, "operator", &who, &err), XN_OK);
	assert_int_equal(who.kind, XN_PEER_OPERATOR);
}

static void
no_certificate_a_foreign_one_and_the_servers_own_are_refused(void **state)
{
	struct folder *f = *state;
	struct xn_identity who;
	struct xn_error err = {0};

	assert_int_equal(meet(f, f->ours, NULL, &who, &err), XN_EREFUSED);
	assert_non_null(strstr(err.text, "none was shown"));
	assert_int_equal(meet(f, f->theirs, "agent-a07", &who, &err), XN_EREFUSED);
	assert_int_equal(meet(f, f->ours, "server", &who, &err), XN_EREFUSED);
}

static void
write_secret(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
a_secret_is_read_only_where_nobody_else_can_read_it(void **state)
{
	struct folder *f = *state;
	char secret[XN_CREDENTIAL_SIZE];
	struct xn_error err = {0};

	write_secret(in(f, "snmp-auth"), "s3cret phrase\n", 0400);
	assert_int_equal(xn_credential_read(f->ours, "snmp-auth", secret, &err), XN_OK);
	assert_string_equal(secret, "s3cret phrase");
	assert_int_equal(chmod(in(f, "snmp-auth"), 0644), 0);
	assert_int_equal(xn_credential_read(f->ours, "snmp-auth", secret, &err), XN_EREFUSED);
	assert_null(strstr(err.text, "s3cret"));
	assert_int_equal(xn_credential_read(f->ours, "../ca.key", secret, &err), XN_EINVALID);
	assert_int_equal(xn_credential_read(f->ours, "absent", secret, &err), XN_EREAD);
	unlink(in(f, "snmp-auth"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_are_for_their_owner_only_and_nothing_is_overwritten),
	    cmocka_unit_test(names_that_could_be_paths_are_refused),
	    cmocka_unit_test(an_identity_is_read_strictly),
	    cmocka_unit_test(an_enrolled_agent_is_known_by_name),
	    cmocka_unit_test(no_certificate_a_foreign_one_and_the_servers_own_are_refused),
	    cmocka_unit_test(a_secret_is_read_only_where_nobody_else_can_read_it),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
