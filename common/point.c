#include "common/point.h"

#include <assert.h>
#include <string.h>

static const struct {
	const char *word;
	const char *unit;
} classes[XN_CLASS_COUNT] = {
#define XN_CLASS_ROW(name, word, unit) [name] = {word, unit},
    XN_POINT_CLASSES(XN_CLASS_ROW)
#undef XN_CLASS_ROW
};

const char *
xn_class_word(enum xn_point_class class_)
{
	assert(class_ < XN_CLASS_COUNT);
	return classes[class_].word;
}

const char *
xn_class_unit(enum xn_point_class class_)
{
	assert(class_ < XN_CLASS_COUNT);
	return classes[class_].unit;
}

enum xn_point_class
xn_class_of(const char *word)
{
	enum xn_point_class class_ = 0;

	while (class_ < XN_CLASS_COUNT && strcmp(classes[class_].word, word) != 0)
		class_++;
	return class_;
}

const char *
xn_quality_word(enum xn_quality quality)
{
	static const char *const words[XN_QUALITY_COUNT] = {
	    [XN_QUALITY_ABSENT] = "absent",
	    [XN_QUALITY_STALE] = "stale",
	    [XN_QUALITY_SUSPECT] = "suspect",
	    [XN_QUALITY_ESTIMATED] = "estimated",
	    [XN_QUALITY_GOOD] = "good",
	};

	assert(quality < XN_QUALITY_COUNT);
	return words[quality];
}
