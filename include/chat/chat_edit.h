/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Editing bodies by splices: every byte that is not edited goes out as it came
 * in. Also the bodies that are ours alone: errors, synthesised chunks. Pure.
 */
#ifndef CHAT_CHAT_EDIT_H
#define CHAT_CHAT_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "chat/chat.h"

/* One replacement: bytes [at, end) become `with`. */
struct splice {
	size_t at, end;
	struct span with;
};

/* Replacements must not overlap; they are sorted here. 0, or -1 when out is
 * full. */
int splice_apply(struct span body, struct splice *v, size_t n,
		 struct buf *out);

/* ---- what a backend is asked --------------------------------------------- */

struct chat_ask {
	const char *model;	/* the backend's name for it */
	bool buffered;		/* stream:false, stream_options removed */
	int top_logprobs;	/* > 0: logprobs:true and this many; 0: as the client said */
	bool include_usage;	/* a stream: stream_options.include_usage true */
	bool old_max_tokens;	/* max_completion_tokens is renamed max_tokens */
};

/* Writes the body for one backend. All duplicates of an edited member are
 * edited. With everything off only `model` changes. A client that asked for
 * more top_logprobs than ours gets its own number. */
int chat_ask_write(const struct chat_request *rq, const struct chat_ask *ask,
		   struct arena *a, struct buf *out);

/* ---- what the client gets --------------------------------------------- */

struct chat_stamp {
	const char *id;	      /* "chatcmpl-..." */
	const char *model;    /* the name the client asked for, not escaped */
	int64_t created;      /* seconds; used when the reply has none, and in chunks */
	bool keep_logprobs;   /* the client asked */
	int64_t top_logprobs; /* its k: longer lists are cut */
	const struct chat_usage *usage; /* replaces the reply's; NULL: as it is */
};

/* A whole reply: id, model, created and object set (added when missing),
 * finish reasons mapped to the known five, logprobs made null or cut to k and
 * completed (bytes, top_logprobs, refusal), a top-level "error": null left out. */
int chat_reply_write(const struct chat_reply *r, const struct chat_stamp *st,
		     struct arena *a, struct buf *out);

/* What a live stream has shown so far; zeroed at the start. */
struct chat_stream {
	bool begun;	      /* a role chunk went out */
	uint64_t roles;	      /* bit i: choice i's role went out (index < 64) */
	uint64_t finished;    /* bit i: choice i's finish reason went out */
	uint64_t seen;	      /* bit i: choice i appeared */
	struct chat_usage usage;
	size_t content_bytes; /* of all deltas, to estimate tokens */
};

/* One chunk of a live stream for the client: id, model, created, object
 * stamped; role once per choice and first (added when the backend has none);
 * finish reasons mapped; "error": null left out; usage passed only when
 * want_usage (a chunk that then carries nothing is not written: 0 bytes are
 * appended). strip_usage_null: we injected include_usage, so `usage` members
 * on ordinary chunks go. */
int chat_chunk_write(const struct chat_chunk *c, const struct chat_stamp *st,
		     bool want_usage, struct chat_stream *state,
		     struct arena *a, struct buf *out);

/* The role chunk of choices 0..n-1, as JSON objects, each through emit. */
typedef int chat_emit_fn(void *arg, struct span json);
int chat_role_emit(const struct chat_stamp *st, int64_t n, bool want_usage,
		   chat_emit_fn *emit, void *arg);
/* A chunk with an empty delta (keep-alive). */
int chat_empty_emit(const struct chat_stamp *st, bool want_usage,
		    chat_emit_fn *emit, void *arg);

/* A buffered reply as the chunks of a stream (WIRE 3.4): role chunks (unless
 * role_sent), reasoning, content, refusal, tool calls, finish, usage if
 * wanted; not [DONE]. Deltas of at most `slice` bytes cut between code points,
 * best after a space; with kept logprobs cut by token, so that the entries of
 * a chunk are the tokens of its delta. Stops when emit returns non-zero and
 * returns that. */
int chat_reply_emit(const struct chat_reply *r, const struct chat_stamp *st,
		    bool want_usage, bool role_sent, size_t slice,
		    struct arena *a, chat_emit_fn *emit, void *arg);

/* {"error":{"message":...,"type":...,"param":...,"code":...}}; param and code
 * may be NULL (null). */
int chat_error_write(struct buf *out, const char *message, const char *type,
		     const char *param, const char *code);

/* What a backend's error body says, whatever its shape (OpenAI, flat, string,
 * detail, array, HTML, empty): text for people, cut to room, control bytes
 * and anything like a key (sk-..., Bearer ...) blotted out; code as text or
 * "". */
void chat_error_read(struct span body, char *message, size_t room,
		     char *code, size_t code_room);

#endif
