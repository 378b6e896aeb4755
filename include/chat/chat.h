/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chat-completions bodies: the bytes, and the spans found in them.
 *
 * A body is scanned once, whole, and checked to be JSON; nothing is copied but
 * what must be unescaped. Everything found lives in the arena given and points
 * into the body given; both must outlive it. On duplicate members the last one
 * counts. Pure.
 */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/span.h"

/* Members that are read or may be edited. */
enum chat_name {
	CHAT_MODEL,
	CHAT_MESSAGES,
	CHAT_STREAM,
	CHAT_STREAM_OPTIONS,
	CHAT_LOGPROBS,
	CHAT_TOP_LOGPROBS,
	CHAT_N,
	CHAT_MAX_TOKENS,
	CHAT_MAX_COMPLETION_TOKENS,
	CHAT_TOOLS,
	CHAT_RESPONSE_FORMAT,
	CHAT_MODALITIES,
	CHAT_AUDIO,
	CHAT_WEB_SEARCH_OPTIONS,
	CHAT_STORE,
	CHAT_MODERATION,
	/* of replies and chunks */
	CHAT_ID,
	CHAT_OBJECT,
	CHAT_CREATED,
	CHAT_CHOICES,
	CHAT_USAGE,
	CHAT_ERROR,
	CHAT_SYSTEM_FINGERPRINT,
	CHAT_SERVICE_TIER,
	CHAT_NNAMES,
};

/* One member as it stands in the body, offsets from its begin. */
struct chat_place {
	enum chat_name name;
	size_t key_at;	 /* of the key's opening quote */
	size_t key_n;	 /* both quotes counted */
	size_t value_at; /* of the value's first byte */
	size_t end;	 /* after the value's last byte */
};

/* Places in the order they stand; several of one name are kept all. */
struct chat_places {
	struct chat_place *v;
	size_t n, room;
};

/* Why a body was not taken, for the error answer. */
struct chat_fault {
	char text[200];	   /* "not a valid JSON object: at byte 17, ..." */
	const char *param; /* "model", "messages", ... or NULL */
	const char *code;  /* "missing_required_parameter" or NULL */
};

/* ---- requests ------------------------------------------------------------ */

struct chat_request {
	struct span body;
	size_t first_at;      /* offset just behind the opening brace */
	struct span model;    /* unescaped */
	struct span messages; /* the array's bytes */
	struct span tools;    /* value's bytes, n 0 when absent or null */
	struct span response_format;
	bool stream;
	bool include_usage;   /* stream_options.include_usage is true */
	bool logprobs;	      /* the client wants them */
	int64_t top_logprobs; /* as asked, 0 when absent */
	int64_t n;	      /* 1 when absent */
	/* audio, web_search_options, store:true, moderation, or modalities
	 * other than text: a cheap backend cannot honour them */
	bool beyond_cheap;
	struct chat_places places; /* top-level members only */
};

/* Checks: a JSON object; model a string that is not empty; messages an array;
 * stream a boolean or null; n an integer from 1 or null; logprobs a boolean or
 * null. All else is the backend's to judge. 0, or -1 and *why; rq->model is
 * then filled all the same if the fault is with another member. */
int chat_request_read(struct chat_request *rq, struct span body, int max_depth,
		      struct arena *a, struct chat_fault *why);

/* ---- replies ------------------------------------------------------------- */

struct chat_alternative {
	struct span token; /* raw, inside of the JSON string */
	double logprob;
};

struct chat_token {
	double logprob;	  /* natural log; as sent, may be -inf or absurd */
	uint32_t text_at; /* into chat_tokens.text */
	uint32_t text_n;
	uint32_t top_at; /* into chat_tokens.tops */
	uint32_t n_top;
	uint32_t at, end; /* the entry's bytes in the body */
	/* of top_logprobs' value; 0, 0: absent */
	uint32_t top_list_at, top_list_end;
};

/* choices[i].logprobs.content; text is what the tokens spell, one after the
 * other (from `bytes`, else from `token`). */
struct chat_tokens {
	struct chat_token *v;
	size_t n;
	struct chat_alternative *tops;
	size_t n_tops;
	struct span text;
	bool sound; /* every entry and alternative had a number as logprob;
		     * reading stops at the first that has none */
};

struct chat_usage {
	bool there;
	int64_t prompt, completion, total, cached;
};

struct chat_choice {
	size_t at, end; /* the object's bytes */
	int64_t index;	/* its place in the list when absent */
	bool has_index;
	struct span content;	   /* unescaped; p NULL when it is no string */
	struct span content_raw;   /* value's bytes */
	struct span refusal;	   /* unescaped; p NULL when null or absent */
	struct span refusal_raw;   /* value's bytes */
	struct span reasoning_raw; /* value's bytes; n 0: none */
	struct span reasoning_key; /* "reasoning_content" or "reasoning" */
	struct span tool_calls; /* value's bytes; n 0 when absent, null, [] */
	struct span function_call;
	struct span finish; /* unescaped; p NULL when null or absent */
	size_t finish_at, finish_end;	  /* value's place; 0, 0: absent */
	size_t logprobs_at, logprobs_end; /* value's place; 0, 0: absent */
	size_t message_at, message_end;	  /* value's place */
	struct chat_tokens tokens;	  /* n 0 when there are none */
	struct chat_tokens refusal_tokens;
};

struct chat_reply {
	struct span body;
	size_t first_at;
	struct span id, object; /* unescaped; p NULL when absent */
	int64_t created;	/* 0 when absent */
	struct span model;
	struct chat_choice *choices;
	size_t n_choices;
	struct chat_usage usage;
	size_t usage_at, usage_end; /* value's place */
	/* values' bytes; n 0: none */
	struct span system_fingerprint, service_tier;
	struct span error;	   /* value's bytes; n 0 when absent or null */
	struct chat_places places; /* top-level members only */
};

/* A whole reply (`object` chat.completion). It must be a JSON object with an
 * array `choices` of one or more objects, each with a `message` object, or
 * with an `error`. want_tokens: read log-probs too (else they are only checked
 * as JSON). 0, or -1 and *why. */
int chat_reply_read(struct chat_reply *r, struct span body, int max_depth,
		    bool want_tokens, struct arena *a, struct chat_fault *why);

/* ---- chunks of a stream -------------------------------------------------- */

struct chat_delta {
	int64_t index; /* its place in the list when absent */
	bool has_index;
	bool has_role; /* a string */
	/* the member's place inside delta; 0: absent */
	size_t role_key_at, role_at, role_end;
	size_t delta_at, delta_end; /* value's place; 0, 0: absent */
	bool delta_empty;     /* nothing but a role, null and empty strings */
	size_t content_bytes; /* of content, refusal, reasoning and tool
			       * arguments as sent: for estimates */
	struct span finish;   /* unescaped; p NULL when null or absent */
	size_t finish_at, finish_end;
	size_t logprobs_at, logprobs_end; /* an object's place; 0, 0: none */
	size_t at, end;			  /* the choice object's bytes */
};

struct chat_chunk {
	struct span body;
	size_t first_at;
	struct chat_delta *choices;
	size_t n_choices;
	struct chat_usage usage; /* there is false for null */
	struct span error;	 /* value's bytes; n 0 when absent or null */
	struct chat_places places;
};

/* Any JSON object will do; `choices` that is no array, and what in it is no
 * object, is not looked at. 0, or -1 and *why. */
int chat_chunk_read(struct chat_chunk *c, struct span data, int max_depth,
		    struct arena *a, struct chat_fault *why);

#endif
