/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error bodies: ours written, a backend's read. Pure.
 */
#ifndef CHAT_CHAT_ERROR_H
#define CHAT_CHAT_ERROR_H

#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

/* {"error":{"message":...,"type":...,"param":...,"code":...}}; param and code
 * may be NULL (null). */
int chat_error_write(struct buf *out, const char *message, const char *type,
		     const char *param, const char *code);

/* What a backend's error body says, whatever its shape (OpenAI, flat, string,
 * detail, array, HTML, text, empty): text for people, "" when there is none,
 * cut to room, control bytes made spaces and anything like a key (sk-...,
 * Bearer ...) blotted out. code: its code if that is a string; where it is but
 * a number, the error's type unless it is the common invalid_request_error;
 * else "". */
void chat_error_read(struct span body, char *message, size_t room, char *code,
		     size_t code_room);

/* Its param, "" when there is none. */
void chat_error_param(struct span body, char *param, size_t room);

#endif
