#ifndef VERIFY_WORDS_H
#define VERIFY_WORDS_H
#include <stddef.h>
#include <stdint.h>
struct word_set {
	uint16_t *bucket;
	size_t n;
	double value;
};
#endif
