/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels from clients, into the ledger.
 */
#include "api/api_feedback.h"

#include <stdio.h>

#include "api/feedback.h"
#include "api/reply.h"
#include "base/now.h"
#include "cascade/recorder.h"

static struct ledger_label *understand(struct api *a, struct http_request *rq,
				       struct fault *f)
{
	if (recorder_keeps(a->house.recorder))
		return feedback_read(http_request_body(rq), a->generation->conf,
				     f);
	fault_set(f, FAULT_NO_LEDGER,
		  "this server keeps no ledger, so there is nothing to label; "
		  "`ledger: PATH` in its configuration sets one");
	return NULL;
}

static void say_taken(struct http_request *rq, const char *request_id,
		      const char *labelled, bool close)
{
	struct reply_headers h;
	struct buf body;

	buf_init(&body, 0);
	buf_addf(&body, "{\"object\":\"feedback\",\"request_id\":\"%s\"}",
		 labelled);
	reply_headers_init(&h, request_id, NULL);
	reply_json(rq, 202, &h, &body, close);
	buf_release(&body);
}

static void refuse(struct api *a, struct http_request *rq,
		   const char *request_id, const struct fault *f)
{
	recorder_label_refused(a->house.recorder, request_id,
			       f->kind == FAULT_OVERLOADED ? "refused" :
							     "client_error",
			       f->status, f->message);
	reply_fault(rq, request_id, NULL, f, a->draining);
}

void api_feedback(struct api *a, struct http_request *rq,
		  const char *request_id, const struct conf_client_key *who)
{
	struct fault f;
	struct ledger_label *l = understand(a, rq, &f);
	char labelled[65];

	if (!l) {
		refuse(a, rq, request_id, &f);
		return;
	}
	l->key = who ? arena_dup(l->arena, span_of(who->name)) : "";
	l->time_us = now_wall_us();
	snprintf(labelled, sizeof(labelled), "%s", l->request_id);
	if (recorder_label(a->house.recorder, request_id, &l)) {
		say_taken(rq, request_id, labelled, a->draining);
		return;
	}
	fault_set(&f, FAULT_OVERLOADED,
		  "the ledger cannot take it now; try again soon");
	refuse(a, rq, request_id, &f);
}
