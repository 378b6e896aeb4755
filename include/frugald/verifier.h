/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verifier of your own for frugald: a shared object that exports one
 * function, frugald_verifier(), whose table judges the replies of a cascade.
 * This header is all it is compiled against; it is C99 and C++11.
 *
 *	gcc -O2 -shared -fPIC -o mine.so mine.c
 *
 *	verify:
 *	  - plugin: {path: /usr/local/lib/frugald/mine.so, options: "..."}
 *
 * Loading. The file is loaded by `frugald -t`, at the start and at each
 * reload, with RTLD_NOW and RTLD_LOCAL, and only when nobody but root and the
 * daemon's own user can have written it (frugald.yaml(5), `path`). A file that
 * has not changed is loaded once, whoever names it. Put a new one in place by
 * rename (mv, install), never by writing into the old: that one is in use.
 * Libraries that it needs are found as ld.so finds them, but $ORIGIN is not
 * its folder.
 *
 * Trust. What is loaded is a part of the daemon and may do whatever that may.
 * A crash, an abort() or an exception that leaves one of your functions ends
 * the process with every request in it; a judge() that must not do that
 * belongs into a process of its own, behind HTTP. Fork nothing, and leave
 * signals, the working directory, the locale and file descriptors that are
 * not yours alone.
 *
 * Growth. Whatever is added to a struct comes at its end, and `size` says how
 * much of it the one who filled it in knows. Read no member that lies behind
 * it. ABI counts up only when something else changes; a plugin of another
 * one is refused.
 */
#ifndef FRUGALD_VERIFIER_H
#define FRUGALD_VERIFIER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FRUGALD_VERIFIER_ABI 1

/*
 * One reply to be judged, and the request it answers. All of it is yours to
 * read until judge() returns, and no longer. Texts are UTF-8 as far as client
 * and backend wrote it; a NUL byte follows each, which its length does not
 * count, and there may be others in it.
 */
struct frugald_case {
	size_t size; /* of this struct, as frugald knows it */

	/* The client's body, whole: one JSON object, checked to be JSON. */
	const char *request;
	size_t request_n;
	/* The backend's reply, whole, likewise. */
	const char *reply;
	size_t reply_n;
	/* For comfort, without JSON's escapes: the text of the reply's first
	 * choice. NULL: it has none, as a call of a tool; "" is an empty one.
	 */
	const char *content;
	size_t content_n;
	/* And the text of all messages of the user, each followed by a newline.
	 * NULL: there is none. */
	const char *question;
	size_t question_n;

	/* Never NULL, never empty. */
	const char *request_id; /* as the client sees it in x-request-id */
	const char *cascade;	/* its name */
};

enum frugald_kind {
	FRUGALD_NOTHING = 0, /* not filled in: a fault */
	FRUGALD_SCORE = 1,   /* `score` says how good the reply is */
	FRUGALD_PASS = 2,    /* no objection, and nothing to go by either */
	FRUGALD_REJECT = 3,  /* not to be kept, whatever others say of it */
};

/*
 * What you say of it. A score goes where all scores go: against the cascade's
 * threshold as it is, or, once calibrated on recorded scores, into a
 * probability (as the signal plugin.score). So it need be no probability, only
 * higher for better replies. After FRUGALD_PASS another verifier has to bring
 * the score; where none does, the reply is not kept (reason no_signal).
 * FRUGALD_REJECT is the reason gate:plugin.
 */
struct frugald_verdict {
	size_t size;	 /* of this struct, as frugald knows it */
	int32_t kind;	 /* enum frugald_kind; FRUGALD_NOTHING at first */
	double score;	 /* with FRUGALD_SCORE, from 0 to 1 */
	char reason[96]; /* for the debug log alone; may stay empty. NUL at its
			  * end. No words of prompts and replies, please */
};

struct frugald_verifier {
	uint32_t abi; /* FRUGALD_VERIFIER_ABI, as you were compiled */
	size_t size;  /* sizeof(struct frugald_verifier), likewise */

	const char *name; /* for the log; neither NULL nor empty */

	/*
	 * Makes what judge() needs, of the text that stands as `options` in the
	 * configuration; NULL: none stands there. Called once for each cascade
	 * that names the plugin, at the start and at each reload, also while
	 * older states are in use. The daemon waits for it: be quick.
	 *
	 * NULL refuses the configuration: then write into why, of why_size
	 * bytes, what is wrong with options, for whoever wrote them. At a
	 * reload the old configuration stays in force.
	 *
	 * The member itself NULL: there is no state, judge() gets NULL as
	 * state, and options must not be given.
	 */
	void *(*open)(const char *options, char *why, size_t why_size);

	/*
	 * Frees what open() made, when no judge() with it runs and none will.
	 * On any thread; a loop may wait for it: be quick. It does not come for
	 * a state in which a judge() hangs when the daemon ends. The member
	 * itself NULL: there is nothing to free.
	 */
	void (*close)(void *state);

	/*
	 * Judges c: fills in v, which is zeroed but for size, and returns 0.
	 * Anything else, FRUGALD_NOTHING, and a score that is not from 0 to 1
	 * (NaN is not) are faults: the reply is not kept, the next tier is
	 * asked, and the reason is verifier_error. Never NULL.
	 *
	 * Runs on several threads at once, with the same state: it needs locks
	 * of its own for whatever it changes there.
	 *
	 * With `run: pool`, the default, it runs on threads that are there for
	 * it, 4 for each cascade that names the plugin, and may wait, for a
	 * disk, a socket, a model. After `timeout` nobody waits for it any
	 * more; its verdict is then a fault, and what it says later is thrown
	 * away. But it is not stopped: one that never returns keeps its thread,
	 * and with all 4 kept every verdict is a fault until a reload.
	 *
	 * With `run: inline` it runs on the loop that serves requests, which
	 * all stand still until it returns. That is the faster way for what
	 * takes less than about 50 microseconds and never waits.
	 */
	int (*judge)(void *state, const struct frugald_case *c,
		     struct frugald_verdict *v);
};

/* The one function that you export. The table is to outlive everything: a
 * static. Never NULL. */
#ifdef __GNUC__
__attribute__((visibility("default")))
#endif
const struct frugald_verifier *
frugald_verifier(void);

#ifdef __cplusplus
}
#endif

#endif
