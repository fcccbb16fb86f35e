/*
 * Client: the way of the commands to xanhd, JSON over HTTP on a unix socket or on TLS with a client
 * certificate. One request at a time; an answer is a JSON value of the caller's, to be given back
 * with json_decref.
 *
 * Where xanhd is: --server, else XANH_SERVER, else unix:/run/xanh/api.sock; for https also --ca,
 * --cert, --key or XANH_CA, XANH_CERT, XANH_KEY. Errors: XN_EUNREACHABLE when nobody answers (the
 * text says what to do next), XN_EREFUSED for 401, 403 and 409, XN_ENOTFOUND for 404, XN_EINVALID
 * for other 4xx, XN_EFULL for 503, XN_ESYSTEM for other 5xx, each with xanhd's own words.
 */
#ifndef XN_CLI_CLIENT_H
#define XN_CLI_CLIENT_H

#include <jansson.h>

#include "common/cli.h"

#define XN_CLIENT_SERVER "unix:/run/xanh/api.sock"

/* The first rows of every such command's options. */
#define XN_CLIENT_OPTIONS                                                                          \
	{.name = "server",                                                                         \
	    .value = "URL",                                                                        \
	    .help = "unix:PATH or https://HOST:PORT (XANH_SERVER)"},                               \
	    {.name = "ca", .value = "FILE", .help = "authority of the server's certificate"},      \
	    {.name = "cert", .value = "FILE", .help = "your certificate"},                         \
	    {.name = "key", .value = "FILE", .help = "its key"},                                   \
	{                                                                                          \
		.name = "output", .letter = 'o', .value = "FORMAT", .help = "table, json or csv"   \
	}

struct xn_client;

int xn_client_open(const struct xn_cli *cli, struct xn_client **ret_client, struct xn_error *err);
void xn_client_close(struct xn_client *client);

/* As a person wrote it, for messages. */
const char *xn_client_server(const struct xn_client *client);

/* `path` is behind /api/v1. *ret_answer may become JSON null. */
int xn_client_get(
    struct xn_client *client, const char *path, json_t **ret_answer, struct xn_error *err);

/* `body` NULL: an empty JSON object; `type` NULL: application/json. */
int xn_client_send(struct xn_client *client, const char *method, const char *path, const char *body,
    const char *type, json_t **ret_answer, struct xn_error *err);

/* Prints the error as the command's last word; its exit code. */
int xn_client_give_up(const struct xn_error *err);

/* Refuses, with 64, arguments outside `least`..`most`. */
bool xn_client_arguments(const struct xn_cli *cli, int least, int most);

/*
 * The whole of a command that asks one thing: opens, gets `path`, hands the answer to `print` and
 * ends with its exit code.
 */
typedef int xn_client_print(const struct xn_cli *cli, const json_t *answer);
int xn_client_show(const struct xn_cli *cli, const char *path, xn_client_print *print);

/* The same for a command that does one thing and says `done` on standard error when it is done. */
int xn_client_do(const struct xn_cli *cli, const char *path, const char *done);

/* Appends a name to a path, percent-encoded: "/vms/" + "a b" + "/why". */
void xn_client_path(
    char *ret_path, size_t size, const char *before, const char *name, const char *behind);

#endif
