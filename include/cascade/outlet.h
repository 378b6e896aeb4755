/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client of one run has been told so far, and in which form: a whole
 * JSON answer, an event stream, or an error in the shape that fits what went
 * out before. It also keeps a waiting stream alive: after `commit_after` the
 * head and the role chunk go out, then a comment every `keepalive_every`.
 */
#ifndef CASCADE_OUTLET_H
#define CASCADE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "chat/chat.h"
#include "chat/chat_edit.h"
#include "chat/fault.h"
#include "conf/conf.h"
#include "evt/deadline.h"
#include "evt/loop.h"

/* What the reply headers say. Strings outlive the call only. */
struct outlet_meta {
	const char *backend; /* NULL: nobody answered */
	int tier;	     /* from 1; 0 when direct */
	const char *decision, *reason; /* NULL: not yet known */
	double confidence;   /* NaN: none */
	bool calibrated;
	int attempts;
	int64_t cost_pusd;
	int64_t overhead_us;
};

/* The way to the client; the api layer's. */
struct outlet_sink {
	void (*reply)(void *arg, const struct outlet_meta *m, struct buf *json);
	void (*fault)(void *arg, const struct outlet_meta *m,
		      const struct fault *f);
	void (*open)(void *arg, const struct outlet_meta *m); /* 200, events */
	size_t (*write)(void *arg, struct span bytes); /* bytes unsent */
	void (*close)(void *arg); /* clean end */
	void (*cut)(void *arg);	  /* broken end, or the client is gone */
};

typedef void outlet_meta_fn(void *arg, struct outlet_meta *m);

struct outlet {
	const struct outlet_sink *sink;
	void *sink_arg;
	struct loop *loop;
	const struct conf_reply *conf;
	const struct chat_request *request;
	struct chat_stamp stamp;
	struct arena *arena;	   /* for a whole reply's edit */
	struct arena *scratch;	   /* for one chunk's edit; NULL before the first */
	struct buf out;		   /* events not yet handed over */
	struct buf chunk;	   /* one chunk as JSON */
	struct chat_stream stream; /* of the live stream */
	struct deadline timer;	   /* commit, then keep-alive */
	int64_t flushed_us;	   /* when bytes last went to the client */
	outlet_meta_fn *fill_meta;
	void *meta_arg;
	int status;		   /* sent; 0: nothing yet */
	bool opened;		   /* an event stream was begun */
	bool role_sent;
	bool ended;
};

/* request, conf, arena, stamp's strings outlive it. fill_meta is asked whenever a
 * head is sent. */
void outlet_init(struct outlet *o, struct loop *l, const struct conf_reply *conf,
		 const struct chat_request *request, struct arena *arena,
		 const struct chat_stamp *stamp,
		 const struct outlet_sink *sink, void *sink_arg,
		 outlet_meta_fn *fill_meta, void *meta_arg);
void outlet_release(struct outlet *o);

/* The clock of a stream that waits starts now. */
void outlet_wait(struct outlet *o);

/* A whole reply, as JSON or replayed as events; ends the answer.
 * 0, or -1 when it could not be written (then nothing was sent). */
int outlet_reply(struct outlet *o, const struct chat_reply *r);
/* One chunk of a live stream; opens it when it is the first. pass_usage: its
 * usage, if any, is what the client asked for. *unsent: bytes the client has
 * not taken. -1 when the chunk cannot be passed on. */
int outlet_chunk(struct outlet *o, const struct chat_chunk *c, bool pass_usage,
		 size_t *unsent);
/* The live stream is complete: a usage chunk unless usage is NULL, [DONE]. */
void outlet_end(struct outlet *o, const struct chat_usage *usage);
/* An error: a status where nothing was sent, else an error event; ends it. */
void outlet_fault(struct outlet *o, const struct fault *f);
/* The client is gone. */
void outlet_cut(struct outlet *o);

#endif
