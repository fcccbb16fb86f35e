/*
 * Model: for each kind of device, its points and where they stand; data, one table a kind.
 */
#ifndef XN_SIMDEV_MODEL_H
#define XN_SIMDEV_MODEL_H

#include "tests/simdev/device.h"

/* `#` in name and place stands for each number from 1 to `repeat`. */
struct xn_model_row {
	const char *name;
	const char *place; /* the end of an object's name, or a register's wire address */
	enum xn_form form;
	double unit;
	bool dither;
	unsigned repeat; /* 0: one row */
	const char
	    *integrates; /* the power point that an energy counts; `-` before it: the other way */
};

struct xn_model {
	const char *word;                /* in the configuration */
	const char *recording;           /* the one it uses if none is given; NULL: none */
	const char *root;                /* of its objects' names */
	const struct xn_model_row *rows; /* end with a NULL name; NULL: nothing moves */
	void (*furnish)(struct xn_device *device); /* registers that never move; NULL: none */
	const char *sensors; /* a table below the root ("": the root) whose row `loose` can be
				pulled out; NULL: none */
	xn_mib_arc loose;
};

extern const struct xn_model xn_models[XN_KINDS];

#endif
