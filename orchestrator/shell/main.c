/*
 * xanhd: the orchestrator's daemon, one per site.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/log.h"
#include "orchestrator/shell/daemon.h"
#include "orchestrator/shell/virt.h"

#define FILES_MAX  32
#define SITE_ARENA ((size_t)1 << 30) /* address space for the largest configuration */

static const char usage[] =
    "usage: xanhd --config FILE... [--state DIR] [--credentials DIR] [--ca FILE] [--policy FILE]\n"
    "             [--hypervisor libvirt|simulated] [--check]\n"
    "\n"
    "  --config FILE      the site's configuration (more than one makes one)\n"
    "  --state DIR        journal, history, ledger (/var/lib/xanh)\n"
    "  --credentials DIR  secrets by name ($CREDENTIALS_DIRECTORY)\n"
    "  --ca FILE          authority that agents' and operators' certificates are signed by\n"
    "  --policy FILE      applied at the first start, when there is no policy yet\n"
    "  --hypervisor KIND  libvirt, or simulated hosts for trying things out\n"
    "  --check            read the configuration, say what is wrong with it, and end\n";

struct arguments {
	struct xn_daemon_options options;
	const char *files[FILES_MAX];
	unsigned file_count;
	bool check;
};

static int
wrong(const char *why)
{
	fprintf(stderr, "xanhd: %s\n%s", why, usage);
	return XN_EXIT_USAGE;
}

static int
take_option(struct arguments *to, int option, const char *value)
{
	switch (option) {
	case 'c':
		if (to->file_count == FILES_MAX)
			return wrong("too many files");
		to->files[to->file_count++] = value;
		return XN_OK;
	case 's': to->options.state = value; return XN_OK;
	case 'k': to->options.credentials = value; return XN_OK;
	case 'a': to->options.authority = value; return XN_OK;
	case 'p': to->options.policy = value; return XN_OK;
	case 'n': to->check = true; return XN_OK;
	case 'v':
		to->options.simulated = strcmp(value, "simulated") == 0;
		if (!to->options.simulated && strcmp(value, "libvirt") != 0)
			return wrong("--hypervisor is libvirt or simulated");
		return XN_OK;
	default: return wrong("unknown option");
	}
}

/* XN_OK, or an exit code; 0 for --help is told apart by `check` and no file. */
static int
read_arguments(int argc, char **argv, struct arguments *to)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	    {"state", required_argument, NULL, 's'}, {"credentials", required_argument, NULL, 'k'},
	    {"ca", required_argument, NULL, 'a'}, {"policy", required_argument, NULL, 'p'},
	    {"hypervisor", required_argument, NULL, 'v'}, {"check", no_argument, NULL, 'n'},
	    {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'},
	    {NULL, 0, NULL, 0}};
	int option, result;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h' || option == 'V') {
			fputs(option == 'h' ? usage : "xanhd " XN_VERSION "\n", stdout);
			exit(XN_EXIT_OK);
		}
		if ((result = take_option(to, option, optarg)) != XN_OK)
			return result;
	}
	/* `--config a.yaml b.yaml` names both. */
	for (; optind < argc; optind++)
		if ((result = take_option(to, 'c', argv[optind])) != XN_OK)
			return result;
	return to->file_count == 0 ? wrong("no --config") : XN_OK;
}

static int
give_up(const struct xn_problems *problems, const struct xn_error *err)
{
	if (problems->count > 0) {
		xn_problems_print(problems, stderr);
		return XN_EXIT_INPUT;
	}
	xn_log(XN_LOG_CRITICAL, "xanhd", XN_TEXT("why", err->text));
	return xn_exit_of(err->code);
}

static int
serve(const struct xn_site *site, const struct arguments *arguments, struct xn_problems *problems)
{
	static struct xn_daemon daemon;
	struct xn_error err = {0};
	int result = xn_daemon_open(&daemon, site, &arguments->options, problems, &err);

	if (result == XN_OK)
		result = xn_daemon_run(&daemon, &err);
	xn_daemon_close(&daemon);
	return result == XN_OK ? XN_EXIT_OK : give_up(problems, &err);
}

/* An agent is a descriptor, and a shell gives us 1,024 where we may have more. */
static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
main(int argc, char **argv)
{
	struct arguments arguments = {.options.state = "/var/lib/xanh"};
	struct xn_arena arena;
	struct xn_problems problems;
	struct xn_error err = {0};
	struct xn_site site;
	int result;

	if (argc > 1 && strcmp(argv[1], XN_VIRT_WORKER) == 0)
		return xn_virt_worker_main(argc, argv);
	if ((result = read_arguments(argc, argv, &arguments)) != XN_OK)
		return result;
	signal(SIGPIPE, SIG_IGN);
	raise_descriptors();
	xn_arena_map(&arena, SITE_ARENA);
	xn_problems_init(&problems, &arena);
	result =
	    xn_site_load(&arena, arguments.files, arguments.file_count, &problems, &site, &err);
	if (result != XN_OK || problems.count > 0)
		return give_up(&problems, &err);
	return arguments.check ? XN_EXIT_OK : serve(&site, &arguments, &problems);
}
