/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of recorded requests.
 */
#include "ctl/samples.h"

static bool has_labels(const struct sample *s)
{
	return s->cheap_right != KNOWN_NOT && s->expensive_right != KNOWN_NOT;
}

bool samples_labelled(const struct samples *s)
{
	size_t n_labels = 0, n_pairs = 0;

	for (size_t i = 0; i < s->n; i++) {
		n_labels += has_labels(&s->v[i]);
		n_pairs += s->v[i].same != KNOWN_NOT;
	}
	return n_labels > 0 && n_labels >= n_pairs;
}

bool samples_have_words(const struct samples *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->v[i].has_text && !s->v[i].barred)
			return false;
	return s->n_words > 0;
}

enum known sample_loss(const struct sample *s, bool labelled)
{
	if (!labelled)
		return s->same == KNOWN_NOT    ? KNOWN_NOT
		       : s->same == KNOWN_TRUE ? KNOWN_FALSE
					       : KNOWN_TRUE;
	/* One label alone would choose rows by their outcome. */
	if (!has_labels(s))
		return KNOWN_NOT;
	return s->cheap_right == KNOWN_FALSE && s->expensive_right == KNOWN_TRUE
		       ? KNOWN_TRUE
		       : KNOWN_FALSE;
}
