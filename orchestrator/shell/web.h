/*
 * Web: the files of the page (dashboards/web and uPlot), gzipped into the program at build. The
 * table ends with a row whose path is NULL.
 */
#ifndef XN_SHELL_WEB_H
#define XN_SHELL_WEB_H

struct xn_web_file {
	const char *path;                 /* "/app.js" */
	const char *etag;                 /* of the content, quoted */
	const unsigned char *begin, *end; /* gzip */
};

extern const struct xn_web_file xn_web_files[];

#endif
