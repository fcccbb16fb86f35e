#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/agent.h"
#include "common/log.h"
#include "common/pki.h"
#include "drivers/driver.h"

#define CONFIGS_MAX 64
/* Address space for the site's configuration; pages cost memory only once touched. */
#define ARENA_BYTES ((size_t)256 << 20)

struct arguments {
	const char *configs[CONFIGS_MAX];
	unsigned config_count;
	const char *traps;
	struct xn_agent_options agent;
};

static void
usage(FILE *out)
{
	fputs(
	    "usage: xanh-agent --config FILE... --name NAME --server https://HOST:PORT\n"
	    "         --ca FILE --cert FILE --key FILE --spool DIR\n"
	    "         [--credentials DIR] [--profiles DIR] [--traps PORT]\n"
	    "Reads the devices of one rack and brings their readings to xanhd.\n"
	    "  --config FILE      the site's configuration; may be given several times\n"
	    "  --name NAME        devices with `agent: NAME` (usually their rack) are read\n"
	    "  --server URL       where xanhd listens\n"
	    "  --ca, --cert, --key  made by `xanh ca init` and `xanh agent enrol NAME`\n"
	    "  --spool DIR        where readings wait until xanhd has them for good\n"
	    "  --credentials DIR  secrets of devices (default $CREDENTIALS_DIRECTORY)\n"
	    "  --profiles DIR     device profiles\n"
	    "  --traps PORT       UDP: a device that sends an SNMP trap or inform is read at once\n"
	    "  --help, --version\n",
	    out);
}

/* Where an option's value goes; NULL for --config. */
static const char **
place_of(struct arguments *arguments, int letter)
{
	switch (letter) {
	case 'n': return &arguments->agent.name;
	case 's': return &arguments->agent.post.server;
	case 'a': return &arguments->agent.post.ca;
	case 'c': return &arguments->agent.post.certificate;
	case 'k': return &arguments->agent.post.key;
	case 'd': return &arguments->agent.spool;
	case 'r': return &arguments->agent.credentials;
	case 'p': return &arguments->agent.profiles;
	case 't': return &arguments->traps;
	default: return NULL;
	}
}

/* -1: go on; otherwise the exit code. */
static int
parse(int argc, char **argv, struct arguments *ret_arguments)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'f'},
	    {"name", required_argument, NULL, 'n'},
	    {"server", required_argument, NULL, 's'},
	    {"ca", required_argument, NULL, 'a'},
	    {"cert", required_argument, NULL, 'c'},
	    {"key", required_argument, NULL, 'k'},
	    {"spool", required_argument, NULL, 'd'},
	    {"credentials", required_argument, NULL, 'r'},
	    {"profiles", required_argument, NULL, 'p'},
	    {"traps", required_argument, NULL, 't'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {NULL, 0, NULL, 0},
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		const char **place = place_of(ret_arguments, letter);

		if (letter == 'h') {
			usage(stdout);
			return XN_EXIT_OK;
		}
		if (letter == 'V') {
			puts("xanh-agent " XN_VERSION);
			return XN_EXIT_OK;
		}
		if (place != NULL)
			*place = optarg;
		else if (letter == 'f' && ret_arguments->config_count < CONFIGS_MAX)
			ret_arguments->configs[ret_arguments->config_count++] = optarg;
		else
			return XN_EXIT_USAGE;
	}
	while (optind < argc && ret_arguments->config_count < CONFIGS_MAX)
		ret_arguments->configs[ret_arguments->config_count++] = argv[optind++];
	return optind < argc ? XN_EXIT_USAGE : -1;
}

/* A port's number, or -1. */
static int
port_of(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && *end == '\0' && port >= 1 && port <= 65535
	    ? (int)port
	    : -1;
}

static bool
is_complete(const struct arguments *arguments)
{
	const struct xn_agent_options *agent = &arguments->agent;

	return arguments->config_count > 0 && agent->name != NULL && agent->spool != NULL &&
	    agent->post.server != NULL && agent->post.ca != NULL &&
	    agent->post.certificate != NULL && agent->post.key != NULL &&
	    xn_name_is_plain(agent->name, strlen(agent->name));
}

static int
run(const struct arguments *arguments, struct xn_arena *arena)
{
	struct xn_problems problems;
	struct xn_site site = {0};
	struct xn_error err = {0};
	int result;

	xn_problems_init(&problems, arena);
	result = xn_site_load(
	    arena, arguments->configs, arguments->config_count, &problems, &site, &err);
	if (problems.count > 0) {
		xn_problems_print(&problems, stderr);
		return XN_EXIT_INPUT;
	}
	if (result == XN_OK)
		result = xn_agent_run(&site, &arguments->agent, &err);
	if (result == XN_OK)
		return XN_EXIT_OK;
	xn_log(XN_LOG_ERROR, "agent", XN_TEXT("state", "given up"), XN_TEXT("last", err.text));
	return xn_exit_of(err.code);
}

int
main(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct xn_arena arena;
	int code = parse(argc, argv, &arguments);

	if (code == -1 && !is_complete(&arguments))
		code = XN_EXIT_USAGE;
	if (code == -1 && arguments.traps != NULL) {
		arguments.agent.trap_port = port_of(arguments.traps);
		code = arguments.agent.trap_port < 0 ? XN_EXIT_USAGE : -1;
	}
	if (code == XN_EXIT_USAGE)
		usage(stderr);
	if (code != -1)
		return code;
	if (arguments.agent.profiles == NULL)
		arguments.agent.profiles = xn_profile_dir();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	xn_arena_map(&arena, ARENA_BYTES);
	code = run(&arguments, &arena);
	xn_arena_unmap(&arena);
	curl_global_cleanup();
	return code;
}
