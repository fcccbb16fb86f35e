#include "agents/post.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MAX   65536
#define CONNECT_MS   5000L
#define REQUEST_MS   30000L
#define KEEP_ALIVE_S 20L
#define URL_MAX      1024
#define REQUESTS_MAX 2 /* the line says one thing at a time */

struct xn_post {
	struct xn_worker *worker;
	CURL *curl;
	struct curl_slist *headers[2]; /* by kind */
	char url[2][URL_MAX];
	char answer[ANSWER_MAX];
	size_t answered;
	char problem[CURL_ERROR_SIZE];
};

static size_t
take_answer(char *bytes, size_t size, size_t count, void *argument)
{
	struct xn_post *post = argument;

	if (size * count > sizeof(post->answer) - post->answered)
		return 0;
	memcpy(post->answer + post->answered, bytes, size * count);
	post->answered += size * count;
	return size * count;
}

static int
look_up(void *argument, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	struct xn_worker *worker = argument;

	(void)down_all, (void)down, (void)up_all, (void)up;
	return xn_worker_stopping(worker);
}

bool
xn_post_parse_durable(const char *json, size_t size, uint64_t *ret_durable)
{
	json_t *answer = json_loadb(json, size, 0, NULL);
	json_t *durable = json_object_get(answer, "durable");
	bool good = json_is_integer(durable) && json_integer_value(durable) >= 0;

	if (good)
		*ret_durable = (uint64_t)json_integer_value(durable);
	json_decref(answer);
	return good;
}

/* A server that will not have us says so inside TLS 1.3 only after the handshake, as an alert. */
static bool
is_refusal(CURLcode code, const char *problem)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
	    code == CURLE_SSL_CACERT_BADFILE || strstr(problem, "alert") != NULL;
}

static void
judge(struct xn_post *post, CURLcode code, struct xn_post_fact *fact)
{
	curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &fact->status);
	fact->outcome = XN_LINE_FAILED;
	if (code != CURLE_OK) {
		fact->status = 0;
		snprintf(fact->text, sizeof(fact->text), "%.190s",
		    post->problem[0] != '\0' ? post->problem : curl_easy_strerror(code));
		if (is_refusal(code, post->problem))
			fact->outcome = XN_LINE_REFUSED;
	} else if (fact->status == 200) {
		if (xn_post_parse_durable(post->answer, post->answered, &fact->durable))
			fact->outcome = XN_LINE_OK;
		else
			snprintf(fact->text, sizeof(fact->text), "answer without a watermark");
	} else {
		int shown = post->answered < 150 ? (int)post->answered : 150;

		snprintf(fact->text, sizeof(fact->text), "HTTP %ld: %.*s", fact->status, shown,
		    post->answer);
		if (fact->status == 409)
			fact->outcome = XN_LINE_AGAIN;
		else if (fact->status == 401 || fact->status == 403)
			fact->outcome = XN_LINE_REFUSED;
	}
}

static void
handle(struct xn_worker *worker, void *state, const void *argument)
{
	struct xn_post *post = state;
	const struct xn_post_request *request = argument;
	struct xn_post_fact fact = {
	    .kind = request->kind, .schema = request->schema, .last = request->last};

	post->answered = 0;
	post->problem[0] = '\0';
	curl_easy_setopt(post->curl, CURLOPT_URL, post->url[request->kind]);
	curl_easy_setopt(post->curl, CURLOPT_HTTPHEADER, post->headers[request->kind]);
	curl_easy_setopt(post->curl, CURLOPT_POSTFIELDS, request->body);
	curl_easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
	curl_easy_setopt(post->curl, CURLOPT_XFERINFODATA, worker);
	judge(post, curl_easy_perform(post->curl), &fact);
	free(request->body);
	xn_worker_tell(worker, &fact); /* room: as many facts as requests, and one is in flight */
}

static const struct xn_worker_verbs verbs = {.name = "uplink",
    .request_size = sizeof(struct xn_post_request),
    .fact_size = sizeof(struct xn_post_fact),
    .capacity = REQUESTS_MAX,
    .handle = handle};

static int
check_files(const struct xn_post_options *options, struct xn_error *err)
{
	const char *files[] = {options->ca, options->certificate, options->key};

	for (unsigned i = 0; i < 3; i++)
		if (access(files[i], R_OK) != 0)
			return xn_fail(err, XN_EREAD, "%s: %s", files[i], strerror(errno));
	return XN_OK;
}

static void
set_options(struct xn_post *post, const struct xn_post_options *options)
{
	CURL *curl = post->curl;

	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* never through what the environment says */
	curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca);
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* the public authorities are not ours */
	curl_easy_setopt(curl, CURLOPT_SSLCERT, options->certificate);
	curl_easy_setopt(curl, CURLOPT_SSLKEY, options->key);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, KEEP_ALIVE_S);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, KEEP_ALIVE_S);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, REQUEST_MS);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, post->problem);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, post);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_up);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "xanh-agent/" XN_VERSION);
}

static struct curl_slist *
headers_for(const char *type)
{
	/* An empty Expect: waiting for "100 Continue" would cost a second per large upload. */
	return curl_slist_append(curl_slist_append(NULL, type), "Expect:");
}

int
xn_post_open(struct xn_post **ret_post, const struct xn_post_options *options, struct xn_error *err)
{
	struct xn_post *post;
	int result;

	if (strncmp(options->server, "https://", 8) != 0 || strlen(options->server) > URL_MAX - 32)
		return xn_fail(
		    err, XN_EINVALID, "server: '%s' is not https://HOST:PORT", options->server);
	result = check_files(options, err);
	if (result < 0)
		return result;
	post = calloc(1, sizeof(*post));
	if (post != NULL)
		post->curl = curl_easy_init();
	if (post == NULL || post->curl == NULL) {
		free(post);
		return xn_fail(err, XN_ESYSTEM, "uplink: no memory");
	}
	snprintf(post->url[XN_POST_HELLO], URL_MAX, "%s/agent/v1/hello", options->server);
	snprintf(post->url[XN_POST_FRAMES], URL_MAX, "%s/agent/v1/frames", options->server);
	post->headers[XN_POST_HELLO] = headers_for("Content-Type: application/json");
	post->headers[XN_POST_FRAMES] = headers_for("Content-Type: application/octet-stream");
	set_options(post, options);
	result = xn_worker_start(&post->worker, &verbs, post, err);
	if (result < 0) {
		xn_post_close(post);
		return result;
	}
	*ret_post = post;
	return XN_OK;
}

struct xn_worker *
xn_post_worker(struct xn_post *post)
{
	return post->worker;
}

void
xn_post_close(struct xn_post *post)
{
	if (post == NULL)
		return;
	if (post->worker != NULL)
		xn_worker_stop(post->worker);
	xn_worker_free(post->worker);
	curl_easy_cleanup(post->curl);
	curl_slist_free_all(post->headers[0]);
	curl_slist_free_all(post->headers[1]);
	free(post);
}
