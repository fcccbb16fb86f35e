#include "orchestrator/cli/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/cli/table.h"

#define ANSWER_BYTES_MAX (64u << 20)
#define CONNECT_MS       5000L
#define ANSWER_MS        60000L
#define URL_SIZE         512
#define PATH_SIZE        256

struct xn_client {
	CURL *curl;
	const char *server;
	const char *socket; /* path of a unix socket; NULL: https */
	char base[URL_SIZE];
	char fault[CURL_ERROR_SIZE];
};

struct answer {
	char *bytes;
	size_t used;
};

static const char *
setting(const struct xn_cli *cli, const char *option, const char *variable)
{
	const char *value = xn_cli_option(cli, option);

	return value != NULL ? value : getenv(variable);
}

static int
use_server(struct xn_client *client, struct xn_error *err)
{
	if (strncmp(client->server, "unix:", 5) == 0 && client->server[5] != '\0') {
		client->socket = client->server + 5;
		snprintf(client->base, sizeof(client->base), "http://localhost/api/v1");
		return XN_OK;
	}
	if (strncmp(client->server, "https://", 8) == 0 && client->server[8] != '\0') {
		size_t length = strlen(client->server);

		while (client->server[length - 1] == '/')
			length--;
		snprintf(
		    client->base, sizeof(client->base), "%.*s/api/v1", (int)length, client->server);
		return XN_OK;
	}
	return xn_fail(err, XN_EINVALID,
	    "server '%s' is neither unix:PATH nor https://HOST:PORT (--server or XANH_SERVER)",
	    client->server);
}

static void
set_up(struct xn_client *client, const struct xn_cli *cli)
{
	const char *ca = setting(cli, "ca", "XANH_CA");
	const char *cert = setting(cli, "cert", "XANH_CERT");
	const char *key = setting(cli, "key", "XANH_KEY");

	curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, client->fault);
	curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, ANSWER_MS);
	curl_easy_setopt(client->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	if (client->socket != NULL)
		curl_easy_setopt(client->curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	if (ca != NULL)
		curl_easy_setopt(client->curl, CURLOPT_CAINFO, ca);
	if (cert != NULL)
		curl_easy_setopt(client->curl, CURLOPT_SSLCERT, cert);
	if (key != NULL)
		curl_easy_setopt(client->curl, CURLOPT_SSLKEY, key);
}

int
xn_client_open(const struct xn_cli *cli, struct xn_client **ret_client, struct xn_error *err)
{
	struct xn_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		abort();
	client->server = setting(cli, "server", "XANH_SERVER");
	if (client->server == NULL)
		client->server = XN_CLIENT_SERVER;
	if (use_server(client, err) != XN_OK) {
		free(client);
		return err->code;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	client->curl = curl_easy_init();
	if (client->curl == NULL)
		abort();
	set_up(client, cli);
	*ret_client = client;
	return XN_OK;
}

void
xn_client_close(struct xn_client *client)
{
	curl_easy_cleanup(client->curl);
	free(client);
}

const char *
xn_client_server(const struct xn_client *client)
{
	return client->server;
}

static size_t
take_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct answer *answer = context;
	size_t more = size * count;
	char *grown;

	if (more > ANSWER_BYTES_MAX - answer->used)
		return 0;
	grown = realloc(answer->bytes, answer->used + more + 1);
	if (grown == NULL)
		abort();
	answer->bytes = grown;
	memcpy(answer->bytes + answer->used, bytes, more);
	answer->used += more;
	answer->bytes[answer->used] = '\0';
	return more;
}

static int
unreachable(const struct xn_client *client, CURLcode code, struct xn_error *err)
{
	const char *why = client->fault[0] != '\0' ? client->fault : curl_easy_strerror(code);

	return xn_fail(
	    err, XN_EUNREACHABLE, "xanhd does not answer at %s: %s", client->server, why);
}

static enum xn_code
code_of(long status)
{
	if (status == 401 || status == 403 || status == 409)
		return XN_EREFUSED;
	if (status == 404)
		return XN_ENOTFOUND;
	if (status == 503)
		return XN_EFULL;
	return status < 500 ? XN_EINVALID : XN_ESYSTEM;
}

static int
refused(long status, const json_t *answer, struct xn_error *err)
{
	const char *text =
	    json_string_value(json_object_get(json_object_get(answer, "error"), "text"));

	if (status == 401)
		return xn_fail(err, XN_EREFUSED,
		    "xanhd does not know you: give an operator's certificate with --cert and "
		    "--key");
	if (text != NULL)
		return xn_fail(err, code_of(status), "%s", text);
	return xn_fail(err, code_of(status), "xanhd answered with HTTP status %ld", status);
}

static int
read_answer(struct xn_client *client, const struct answer *answer, json_t **ret_answer,
    struct xn_error *err)
{
	json_error_t fault;
	json_t *value = NULL;
	long status = 0;

	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (answer->used > 0)
		value = json_loadb(
		    answer->bytes, answer->used, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
	if (status < 200 || status > 299) {
		refused(status, value, err);
		json_decref(value);
		return err->code;
	}
	if (value == NULL && answer->used > 0)
		return xn_fail(err, XN_EDEVICE, "%s answers, but not as xanhd does: %s",
		    client->server, fault.text);
	*ret_answer = value != NULL ? value : json_null();
	return XN_OK;
}

int
xn_client_send(struct xn_client *client, const char *method, const char *path, const char *body,
    const char *type, json_t **ret_answer, struct xn_error *err)
{
	struct answer answer = {.bytes = NULL};
	struct curl_slist *headers = NULL;
	char url[URL_SIZE + PATH_SIZE], header[128];
	CURLcode code;
	int result;

	snprintf(url, sizeof(url), "%s%s", client->base, path);
	snprintf(
	    header, sizeof(header), "Content-Type: %s", type != NULL ? type : "application/json");
	headers = curl_slist_append(headers, header);
	headers = curl_slist_append(headers, "Accept: application/json");
	curl_easy_setopt(client->curl, CURLOPT_URL, url);
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &answer);
	if (strcmp(method, "GET") == 0) {
		curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, NULL);
	} else {
		body = body != NULL ? body : "{}";
		curl_easy_setopt(client->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
		curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
	}
	client->fault[0] = '\0';
	code = curl_easy_perform(client->curl);
	result = code != CURLE_OK ? unreachable(client, code, err)
				  : read_answer(client, &answer, ret_answer, err);
	curl_slist_free_all(headers);
	free(answer.bytes);
	return result;
}

int
xn_client_get(struct xn_client *client, const char *path, json_t **ret_answer, struct xn_error *err)
{
	return xn_client_send(client, "GET", path, NULL, NULL, ret_answer, err);
}

int
xn_client_give_up(const struct xn_error *err)
{
	fputs("xanh: ", stderr);
	xn_cli_print_escaped(stderr, err->text);
	fputs(err->code == XN_EUNREACHABLE ? "; 'xanh doctor' finds out why\n" : "\n", stderr);
	return xn_exit_of(err->code);
}

bool
xn_client_arguments(const struct xn_cli *cli, int least, int most)
{
	const struct xn_cli_command *command = cli->command;

	if (cli->argument_count >= least && cli->argument_count <= most)
		return true;
	fprintf(stderr, "usage: xanh %s%s%s%s%s\n", command->noun, command->verb != NULL ? " " : "",
	    command->verb != NULL ? command->verb : "", command->arguments[0] != '\0' ? " " : "",
	    command->arguments);
	return false;
}

int
xn_client_show(const struct xn_cli *cli, const char *path, xn_client_print *print)
{
	struct xn_error err = {.code = XN_OK};
	struct xn_client *client = NULL;
	json_t *answer = NULL;
	enum xn_format format;
	int code;

	if (!xn_table_format(cli, &format))
		return XN_EXIT_USAGE;
	if (xn_client_open(cli, &client, &err) != XN_OK)
		return xn_client_give_up(&err);
	if (xn_client_get(client, path, &answer, &err) == XN_OK)
		code = print(cli, answer);
	else
		code = xn_client_give_up(&err);
	json_decref(answer);
	xn_client_close(client);
	return code;
}

int
xn_client_do(const struct xn_cli *cli, const char *path, const char *done)
{
	struct xn_error err = {.code = XN_OK};
	struct xn_client *client = NULL;
	json_t *answer = NULL;
	int code = XN_EXIT_OK;

	if (xn_client_open(cli, &client, &err) != XN_OK)
		return xn_client_give_up(&err);
	if (xn_client_send(client, "POST", path, NULL, NULL, &answer, &err) == XN_OK)
		fprintf(stderr, "%s\n", done);
	else
		code = xn_client_give_up(&err);
	json_decref(answer);
	xn_client_close(client);
	return code;
}

void
xn_client_path(
    char *ret_path, size_t size, const char *before, const char *name, const char *behind)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	size_t used = (size_t)snprintf(ret_path, size, "%s", before);

	for (; *name != '\0' && used + 4 < size; name++) {
		if (strchr(plain, *name) != NULL)
			ret_path[used++] = *name;
		else
			used += (size_t)snprintf(
			    ret_path + used, size - used, "%%%02X", (unsigned)(unsigned char)*name);
	}
	snprintf(ret_path + used, size - used, "%s", behind);
}
