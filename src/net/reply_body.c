/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the body of a reply is, and where it ends.
 */
#include "net/reply_body.h"

#include <assert.h>
#include <inttypes.h>

#include "net/reply_head.h"

#define DIGITS_MOST 15 /* of a chunk's size; always fits in 64 bits */

static int bad(struct err *err, const char *what)
{
	return err_set(err, ERR_UPSTREAM, "%s", what);
}

void reply_body_init(struct reply_body *b, const struct reply_head *head)
{
	assert(head->is_final);
	*b = (struct reply_body){.state = REPLY_BODY_CLOSE};
	if (head->status == 204) {
		b->state = REPLY_BODY_WHOLE;
	} else if (head->has_coding) {
		b->state = REPLY_BODY_SIZE;
	} else if (head->has_length) {
		b->left = head->length;
		b->state = b->left ? REPLY_BODY_LENGTH : REPLY_BODY_WHOLE;
	}
}

/* --- Chunks, byte by byte ------------------------------------------------ */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_text(char c)
{
	return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

static int take_extension(struct reply_body *b, char c, struct err *err)
{
	if (c == '\r')
		b->state = REPLY_BODY_SIZE_LF;
	else if (!is_text(c))
		return bad(err, "a chunk's extension holds control bytes");
	return 0;
}

static int take_size(struct reply_body *b, char c, struct err *err)
{
	int value = hex_value(c);

	if (value >= 0) {
		if (++b->digits > DIGITS_MOST)
			return bad(err, "a chunk's size is too large");
		b->left = b->left * 16 + (uint64_t)value;
		return 0;
	}
	if (b->digits == 0 || (c != '\r' && c != ';' && c != ' ' && c != '\t'))
		return bad(err, "a chunk's size is no number");
	b->state = REPLY_BODY_EXTENSION;
	return take_extension(b, c, err);
}

static int expect(struct reply_body *b, char c, char wanted,
		  enum reply_body_state next, struct err *err)
{
	if (c != wanted)
		return bad(err, "a line or a chunk does not end by CR LF");
	b->state = next;
	return 0;
}

static void begin_size(struct reply_body *b)
{
	b->digits = 0;
	b->n = 0;
}

static int end_size(struct reply_body *b, char c, struct err *err)
{
	b->n = 0;
	return expect(b, c, '\n',
		      b->left ? REPLY_BODY_DATA : REPLY_BODY_TRAILERS, err);
}

static int end_data(struct reply_body *b, char c, struct err *err)
{
	begin_size(b);
	return expect(b, c, '\n', REPLY_BODY_SIZE, err);
}

static int take_trailer(struct reply_body *b, char c, struct err *err)
{
	bool at_start = b->state == REPLY_BODY_TRAILERS;

	b->state = REPLY_BODY_TRAILER;
	if (c == '\r')
		b->state =
			at_start ? REPLY_BODY_LAST_LF : REPLY_BODY_TRAILER_LF;
	else if (!is_text(c))
		return bad(err, "a trailer holds control bytes");
	return 0;
}

static int take_frame(struct reply_body *b, char c, struct err *err)
{
	switch (b->state) {
	case REPLY_BODY_SIZE:
		return take_size(b, c, err);
	case REPLY_BODY_EXTENSION:
		return take_extension(b, c, err);
	case REPLY_BODY_SIZE_LF:
		return end_size(b, c, err);
	case REPLY_BODY_DATA_CR:
		return expect(b, c, '\r', REPLY_BODY_DATA_LF, err);
	case REPLY_BODY_DATA_LF:
		return end_data(b, c, err);
	case REPLY_BODY_TRAILERS:
	case REPLY_BODY_TRAILER:
		return take_trailer(b, c, err);
	case REPLY_BODY_TRAILER_LF:
		return expect(b, c, '\n', REPLY_BODY_TRAILERS, err);
	case REPLY_BODY_LAST_LF:
		return expect(b, c, '\n', REPLY_BODY_WHOLE, err);
	case REPLY_BODY_WHOLE:
	case REPLY_BODY_LENGTH:
	case REPLY_BODY_CLOSE:
	case REPLY_BODY_DATA:
		break;
	}
	assert(!"no state of a frame");
	return -1;
}

static bool is_trailing(const struct reply_body *b)
{
	return b->state >= REPLY_BODY_TRAILERS;
}

static int check_room(struct reply_body *b, struct err *err)
{
	size_t most =
		is_trailing(b) ? REPLY_TRAILERS_MOST : REPLY_CHUNK_LINE_MOST;

	return ++b->n > most ? bad(err, "a chunk's frame is too large") : 0;
}

/* --- The body ------------------------------------------------------------ */

static struct span cut(struct span *in, uint64_t most)
{
	struct span s = {in->p, in->n < most ? in->n : (size_t)most};

	in->p += s.n;
	in->n -= s.n;
	return s;
}

static struct span take_data(struct reply_body *b, struct span *in)
{
	struct span s = cut(in, b->left);

	b->left -= s.n;
	if (b->left == 0)
		b->state = b->state == REPLY_BODY_DATA ? REPLY_BODY_DATA_CR
						       : REPLY_BODY_WHOLE;
	return s;
}

int reply_body_take(struct reply_body *b, struct span *in, struct span *bytes,
		    struct err *err)
{
	*bytes = (struct span){in->p, 0};
	while (in->n && bytes->n == 0) {
		switch (b->state) {
		case REPLY_BODY_WHOLE:
			return 0;
		case REPLY_BODY_CLOSE:
			*bytes = cut(in, in->n);
			break;
		case REPLY_BODY_LENGTH:
		case REPLY_BODY_DATA:
			*bytes = take_data(b, in);
			break;
		default:
			if (check_room(b, err) < 0 ||
			    take_frame(b, *cut(in, 1).p, err) < 0)
				return -1;
		}
	}
	return 0;
}

int reply_body_close(struct reply_body *b, struct err *err)
{
	if (b->state == REPLY_BODY_LENGTH)
		return err_set(err, ERR_UPSTREAM,
			       "closed with %" PRIu64 " bytes remaining",
			       b->left);
	if (b->state != REPLY_BODY_WHOLE && b->state != REPLY_BODY_CLOSE)
		return bad(err, "closed with chunks outstanding");
	b->state = REPLY_BODY_WHOLE;
	return 0;
}
