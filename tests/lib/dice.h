/*
 * Dice: the simulator's only source of chance (splitmix64, Steele et al. 2014). Each component has
 * its own stream, split from the seed by name, so that one more draw in one does not reshuffle the
 * others.
 */
#ifndef XN_TESTS_LIB_DICE_H
#define XN_TESTS_LIB_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

static inline uint64_t
dice_next(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline struct dice
dice_for(uint64_t seed, const char *component)
{
	struct dice dice = {.state = seed};

	for (; *component != '\0'; component++)
		dice.state = dice.state * 31 + (unsigned char)*component;
	dice_next(&dice);
	return dice;
}

/* A whole number in low..high, both included. */
static inline int64_t
dice_between(struct dice *dice, int64_t low, int64_t high)
{
	return low + (int64_t)(dice_next(dice) % (uint64_t)(high - low + 1));
}

static inline bool
dice_chance(struct dice *dice, int64_t ppm)
{
	return (int64_t)(dice_next(dice) % 1000000) < ppm;
}

#endif
