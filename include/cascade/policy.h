/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decisions of a cascade. Pure: values in, a value out; no clock, no
 * socket.
 */
#ifndef CASCADE_POLICY_H
#define CASCADE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "chat/fault.h"
#include "conf/conf.h"
#include "verify/artifact.h"
#include "verify/verdict.h"

/* The whole list, as it stands in headers, ledger and metrics. */
enum reason {
	REASON_NONE,
	REASON_CONFIDENT,
	REASON_LOW_CONFIDENCE,
	REASON_GATE, /* written "gate:<rule>" */
	REASON_NO_SIGNAL,
	REASON_VERIFIER_ERROR,
	REASON_BACKEND_ERROR,
	REASON_CONTEXT_LENGTH,
	REASON_DEADLINE,
	REASON_BUDGET,
	REASON_UNSUPPORTED,
	REASON_SHADOW,
	REASON_DIRECT,
	REASON_NREASONS,
};

const char *reason_name(enum reason r);

struct decision;
/* With the gate's name, as it stands in headers; in the arena or static. */
const char *reason_text(const struct decision *d, struct arena *a);

enum policy_step {
	POLICY_VERIFY,	 /* start the next verifier */
	POLICY_ACCEPT,
	POLICY_ESCALATE,
};

struct decision {
	enum policy_step step;
	enum reason reason;
	const char *gate;  /* with REASON_GATE: the rule's name */
	double confidence; /* NaN while no verifier gave a score */
	size_t link;	   /* with POLICY_VERIFY: which one */
};

/* What stands at a place of the chain. Those that only read come first; what
 * costs money comes behind all that it may save. */
enum policy_link {
	POLICY_READS,	   /* the reply: no call, no cost */
	POLICY_HEAD,	   /* all signals so far; its score is the confidence */
	POLICY_CHECKS,	   /* asks somebody, when the band says so */
	POLICY_HEAD_AFTER, /* a head behind checks; idle when none was asked */
};

/* What is fixed for a cascade. */
struct policy {
	size_t n_tiers;
	size_t n_verify;	 /* links of the chain */
	const enum policy_link *links;
	/* Of each link, of confidence; those of checks count. A check without
	 * one is always asked. */
	const struct conf_range *bands;
	bool calibrated;	 /* confidence is a head's, never a raw score */
	bool has_target;	 /* cuts rule, threshold and band do not */
	struct artifact_cuts cuts;
	double threshold;
	int64_t max_attempts;	 /* calls with purpose answer */
	int64_t max_cost_pusd;	 /* INT64_MAX: no bound */
	int64_t max_verify_pusd; /* of that for verifying; likewise */
};

/* The tier to begin with: the first, or the terminal one for what a cheap tier
 * cannot honour (REASON_UNSUPPORTED) and where only one attempt is allowed
 * (REASON_BUDGET). */
size_t policy_first_tier(const struct policy *p, int64_t n, bool beyond_cheap,
			 enum reason *why);

/* Is this tier's reply to be verified? The terminal tier's never. */
bool policy_verifies(const struct policy *p, size_t tier);

/* Verdicts on a reply of a verified tier, one for each link, NULL where there is
 * none yet: what they come to, or which link is to be asked next.
 *
 * A hard gate and a fault end the chain at once. So do unusable log-probs where
 * the cascade is calibrated, for its heads were fitted to replies that had
 * them, and a check that says nothing. A check is asked inside its band alone,
 * which is that of the cuts (accept, check] with a target, else its own, of the
 * confidence so far; outside of it it is passed over. Missing evidence is never
 * acceptance. */
struct decision policy_judge(const struct policy *p,
			     const struct verdict *const *v);

/* The same where no decision is wanted but what everybody says: bands and cuts
 * spare nobody. */
struct decision policy_survey(const struct policy *p,
			      const struct verdict *const *v);

/* A tier gave no reply that could be judged. out_of_time: its share of the
 * request's time was over. */
enum reason policy_reason_of_fault(enum fault_kind kind, bool out_of_time);

/* May one more tier be asked, so many attempts made and so much spent? */
bool policy_may_ask(const struct policy *p, int64_t attempts,
		    int64_t spent_pusd);

/* May a verifier spend so much more, with so much spent on verifying and so
 * much in all? */
bool policy_may_verify(const struct policy *p, int64_t more_pusd,
		       int64_t verified_pusd, int64_t spent_pusd);

/* The tier after this one, so many attempts made: the next, or the terminal
 * one when only one attempt is left. */
size_t policy_next_tier(const struct policy *p, size_t tier, int64_t attempts);

/* Until when tier may take: all of the rest for the last one, else half of
 * what is left (and its verifying a quarter). Times in microseconds. */
int64_t policy_answer_until(const struct policy *p, size_t tier,
			    int64_t now_us, int64_t deadline_us);
int64_t policy_verify_until(int64_t now_us, int64_t deadline_us);

/* The error a client gets when the last tier failed too: that of the last
 * tier, but "no backend available" when none could be connected. */
struct fault policy_final_fault(const struct fault *last, bool any_connected);

#endif
