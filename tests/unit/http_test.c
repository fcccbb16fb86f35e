#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/limits.h"
#include "orchestrator/shell/http.h"

/* The server runs in this process; a child speaks raw HTTP to its unix socket and keeps the answer.
 */
struct fixture {
	char folder[64];
	char socket[96];
	char answer[128]; /* a file */
	struct xn_loop *loop;
	struct xn_http *http;
	struct xn_http_request *waiting;
	struct xn_http_stream *stream;
	int streams_gone;
	int requests;
};

static void
say(struct xn_http_request *request, unsigned status, const char *text)
{
	xn_http_reply(request,
	    &(struct xn_http_reply){
		.status = status, .type = "text/plain", .body = text, .size = strlen(text)});
}

static void
later(void *context)
{
	struct fixture *f = context;

	say(f->waiting, 200, "late but true");
}

static void
stream_gone(void *context)
{
	struct fixture *f = context;

	f->streams_gone++;
}

static void
stream_more(void *context)
{
	struct fixture *f = context;

	assert_true(xn_http_stream_write(f->stream, "data: two\n\n", 11));
}

static void
handle(void *context, struct xn_http_request *request)
{
	struct fixture *f = context;
	struct xn_error err;
	char text[128];

	f->requests++;
	if (strcmp(request->path, "/later") == 0) {
		f->waiting = request;
		xn_loop_timer(f->loop, (xn_duration){10}, (xn_duration){0}, later, f, NULL, &err);
	} else if (strcmp(request->path, "/never") == 0) {
		f->waiting = request;
	} else if (strcmp(request->path, "/events") == 0) {
		f->stream = xn_http_stream_open(request, stream_gone, f);
		xn_http_stream_write(f->stream, "data: one\n\n", 11);
		xn_loop_timer(
		    f->loop, (xn_duration){10}, (xn_duration){0}, stream_more, f, NULL, &err);
	} else {
		const char *name = xn_http_query(request, "name");

		snprintf(text, sizeof(text), "%s %s %s %zu uid %d", request->method, request->path,
		    name == NULL ? "-" : name, request->size, request->uid == getuid());
		say(request, 200, text);
	}
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct xn_error err;
	struct xn_http_listener listener = {.door = XN_DOOR_UNIX, .host = f->socket};

	strcpy(f->folder, "/tmp/xanh-http-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->socket, sizeof(f->socket), "%s/api.sock", f->folder);
	snprintf(f->answer, sizeof(f->answer), "%s/answer", f->folder);
	assert_int_equal(xn_loop_open(&f->loop, &err), XN_OK);
	assert_int_equal(xn_http_start(&f->http, f->loop, &listener, 1, handle, f, &err), XN_OK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	xn_http_stop(f->http);
	xn_loop_close(f->loop);
	snprintf(command, sizeof(command), "rm -rf %s", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* In the child: sends `request`, keeps what comes until `until` is in it or the peer closes. */
static void
converse(const struct fixture *f, const char *request, size_t size, const char *until)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static char got[65536];
	size_t used = 0;
	ssize_t some;
	FILE *file;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, f->socket);
	alarm(20);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		_exit(1);
	while (size > 0 && (some = send(fd, request, size, MSG_NOSIGNAL)) > 0) {
		request += some;
		size -= (size_t)some;
	}
	while (
	    strstr(got, until) == NULL && (some = read(fd, got + used, sizeof(got) - 1 - used)) > 0)
		used += (size_t)some;
	file = fopen(f->answer, "w");
	fputs(got, file);
	fclose(file);
	_exit(0);
}

static void
child_over(void *context, pid_t pid, int code, int status)
{
	(void)pid;
	(void)code;
	(void)status;
	xn_loop_stop(context);
}

static void
ask(struct fixture *f, const char *request, size_t size, const char *until, const char *expected)
{
	struct xn_error err;
	char got[4096] = "";
	FILE *file;
	pid_t child = fork();

	if (child == 0)
		converse(f, request, size, until);
	assert_int_equal(xn_loop_child(f->loop, child, child_over, f->loop, NULL, &err), XN_OK);
	assert_int_equal(xn_loop_run(f->loop, &err), XN_OK);
	file = fopen(f->answer, "r");
	assert_non_null(file);
	assert_true(fread(got, 1, sizeof(got) - 1, file) > 0);
	fclose(file);
	if (strstr(got, expected) == NULL)
		fail_msg("expected %s in: %s", expected, got);
}

#define ASK(f, request, until, expected) ask(f, request, strlen(request), until, expected)

static void
a_request_is_answered_with_what_it_said(void **state)
{
	ASK(*state, "POST /x/y?name=a%20b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
	    "uid", "POST /x/y a b 5 uid 1");
}

static void
an_answer_may_come_later(void **state)
{
	ASK(*state, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", "true", "late but true");
}

static void
a_stream_goes_on_as_there_is_news(void **state)
{
	struct fixture *f = *state;

	ASK(f, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n", "data: two\n", "text/event-stream");
	xn_http_stream_write(f->stream, "x", 1);
}

static void
a_body_that_is_too_big_is_refused(void **state)
{
	struct fixture *f = *state;
	size_t size = XN_UPLOAD_BYTES_MAX + 200u;
	char *request = calloc(1, size);
	int head = sprintf(request, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %u\r\n\r\n",
	    XN_UPLOAD_BYTES_MAX + 1u);

	memset(request + head, 'x', XN_UPLOAD_BYTES_MAX + 1u);
	ask(f, request, (size_t)head + XN_UPLOAD_BYTES_MAX + 1u, "too-big", "413");
	assert_int_equal(f->requests, 0);
	free(request);
}

static void
a_body_that_is_exactly_full_is_taken(void **state)
{
	struct fixture *f = *state;
	size_t size = XN_UPLOAD_BYTES_MAX + 200u;
	char *request = calloc(1, size);
	int head = sprintf(request, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %u\r\n\r\n",
	    XN_UPLOAD_BYTES_MAX);

	memset(request + head, 'x', XN_UPLOAD_BYTES_MAX);
	ask(f, request, (size_t)head + XN_UPLOAD_BYTES_MAX, "uid", "POST / - 1048576 uid 1");
	free(request);
}

static void
stop_soon(void *context)
{
	xn_loop_stop(context);
}

static void
stopping_answers_who_still_waits(void **state)
{
	struct fixture *f = *state;
	struct xn_error err;
	char got[512] = "";
	FILE *file;
	pid_t child = fork();
	const char *request = "GET /never HTTP/1.1\r\nHost: x\r\n\r\n";
	int status;

	if (child == 0)
		converse(f, request, strlen(request), "stopping\"");
	while (f->waiting == NULL) {
		xn_loop_timer(
		    f->loop, (xn_duration){20}, (xn_duration){0}, stop_soon, f->loop, NULL, &err);
		assert_int_equal(xn_loop_run(f->loop, &err), XN_OK);
	}
	xn_http_stop(f->http);
	f->http = NULL;
	assert_int_equal(waitpid(child, &status, 0), child);
	file = fopen(f->answer, "r");
	assert_true(fread(got, 1, sizeof(got) - 1, file) > 0);
	fclose(file);
	assert_non_null(strstr(got, "503"));
}

static void
plain_http_is_for_loopback_only(void **state)
{
	struct fixture *f = *state;
	struct xn_http_listener listener = {.door = XN_DOOR_LOOPBACK, .host = "0.0.0.0"};
	struct xn_http *http;
	struct xn_error err;

	assert_int_equal(
	    xn_http_start(&http, f->loop, &listener, 1, handle, f, &err), XN_EUNREACHABLE);
	listener.host = "127.0.0.1";
	assert_int_equal(xn_http_start(&http, f->loop, &listener, 1, handle, f, &err), XN_OK);
	assert_true(xn_http_port(http, 0) > 0);
	xn_http_stop(http);
}

static void
a_socket_in_use_is_not_taken_over(void **state)
{
	struct fixture *f = *state;
	struct xn_http_listener listener = {.door = XN_DOOR_UNIX, .host = f->socket};
	struct xn_http *http;
	struct xn_error err;

	assert_int_equal(
	    xn_http_start(&http, f->loop, &listener, 1, handle, f, &err), XN_EUNREACHABLE);
	assert_non_null(strstr(err.text, "another daemon"));
}

#define STORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(a_request_is_answered_with_what_it_said),
	    STORY(an_answer_may_come_later),
	    STORY(a_stream_goes_on_as_there_is_news),
	    STORY(a_body_that_is_too_big_is_refused),
	    STORY(a_body_that_is_exactly_full_is_taken),
	    STORY(stopping_answers_who_still_waits),
	    STORY(plain_http_is_for_loopback_only),
	    STORY(a_socket_in_use_is_not_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
