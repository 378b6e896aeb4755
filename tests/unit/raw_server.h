/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scripted HTTP peer on raw sockets, for tests: it answers each path with
 * the bytes its script says, right or wrong, a thread a connection.
 */
#ifndef TEST_RAW_SERVER_H
#define TEST_RAW_SERVER_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/now.h"

enum raw_after {
	RAW_KEEP, /* wait for the next request */
	RAW_CLOSE,
	RAW_RESET,
	RAW_HANG,  /* say nothing more; note when the client leaves */
	RAW_DRIP,  /* one byte each 20 ms until the client leaves */
	RAW_FLOOD, /* pattern bytes as fast as they go */
	RAW_ECHO,  /* a reply with the request's id */
	RAW_LATER, /* the same after 30 ms */
	RAW_SUM,   /* a reply with "length sum" of the request's body */
	RAW_ONCE,  /* the same as ECHO; the next request here is not answered */
	RAW_LEAVE, /* the same as ECHO, then close though keep-alive was said */
	RAW_STRAY, /* the same as ECHO, then a reply that nobody asked for */
};

struct raw_script {
	const char *path;
	const char *bytes;
	size_t n;
	enum raw_after after;
};

struct raw_server {
	const struct raw_script *scripts; /* ends by a NULL path */
	int fd;
	int port;
	pthread_t thread;
	atomic_int live;	/* connection threads */
	atomic_int connections; /* ever */
	atomic_int requests;
	_Atomic int64_t left_us; /* when a client was last seen to leave */
	_Atomic int64_t flooded; /* bytes the flood has got rid of */
	pthread_mutex_t lock;
	char last[8192]; /* the last request's head, under lock */
};

struct raw_conn {
	struct raw_server *server;
	int fd;
	char head[8192];
	size_t n;      /* bytes in head[], some may be of the body */
	size_t head_n; /* of them, the head */
	size_t body_n; /* Content-Length */
	unsigned sum;
	bool once;
};

static inline unsigned char raw_pattern(size_t i)
{
	return (unsigned char)((i * 7 + i / 251) & 0xff);
}

static inline int raw_send(int fd, const void *p, size_t n)
{
	const char *at = p;
	ssize_t put;

	while (n) {
		put = send(fd, at, n, MSG_NOSIGNAL);
		if (put <= 0)
			return -1;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

static inline size_t raw_length(const char *head)
{
	const char *p = strcasestr(head, "\r\ncontent-length:");

	return p ? strtoul(p + strlen("\r\ncontent-length:"), NULL, 10) : 0;
}

/* Reads one request whole, to paths that begin with /early only its head. -1:
 * the client has left. */
static inline int raw_read(struct raw_conn *c)
{
	char more[16384];
	size_t have, i;
	ssize_t n;
	char *end;

	c->n = 0;
	do {
		n = recv(c->fd, c->head + c->n, sizeof(c->head) - 1 - c->n, 0);
		if (n <= 0)
			return -1;
		c->n += (size_t)n;
		c->head[c->n] = '\0';
		end = strstr(c->head, "\r\n\r\n");
	} while (!end);
	c->head_n = (size_t)(end - c->head) + 4;
	c->body_n = raw_length(c->head);
	c->sum = 0;
	if (strncmp(c->head, "POST /early", 11) == 0)
		c->body_n = 0;
	for (i = c->head_n; i < c->n; i++)
		c->sum = c->sum * 31 + (unsigned char)c->head[i];
	for (have = c->n - c->head_n; have < c->body_n; have += (size_t)n) {
		n = recv(c->fd, more, sizeof(more), 0);
		if (n <= 0)
			return -1;
		for (i = 0; i < (size_t)n; i++)
			c->sum = c->sum * 31 + (unsigned char)more[i];
	}
	c->head[c->head_n] = '\0';
	return 0;
}

static inline void raw_wait_gone(struct raw_conn *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	char byte;

	while (poll(&p, 1, 20000) > 0 && recv(c->fd, &byte, 1, 0) > 0)
		;
	atomic_store(&c->server->left_us, now_us());
}

static inline void raw_drip(struct raw_conn *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};

	while (poll(&p, 1, 20) == 0 && raw_send(c->fd, "x", 1) == 0)
		;
	atomic_store(&c->server->left_us, now_us());
}

static inline void raw_flood(struct raw_conn *c)
{
	unsigned char block[4096];
	size_t at = 0;
	size_t i;

	do {
		for (i = 0; i < sizeof(block); i++)
			block[i] = raw_pattern(at + i);
		at += sizeof(block);
		atomic_store(&c->server->flooded, (int64_t)at);
	} while (raw_send(c->fd, block, sizeof(block)) == 0);
	atomic_store(&c->server->left_us, now_us());
}

static inline int raw_reply(struct raw_conn *c, const char *body)
{
	char out[1024];
	int n = snprintf(out, sizeof(out),
			 "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
			 strlen(body), body);

	return raw_send(c->fd, out, (size_t)n);
}

static inline int raw_echo(struct raw_conn *c)
{
	static const char name[] = "\r\nx-request-id: ";
	const char *p = strcasestr(c->head, name);
	char id[80] = "none";

	if (p)
		sscanf(p + sizeof(name) - 1, "%79[^\r]", id);
	return raw_reply(c, id);
}

static inline int raw_sum(struct raw_conn *c)
{
	char text[64];

	snprintf(text, sizeof(text), "%zu %u", c->body_n, c->sum);
	return raw_reply(c, text);
}

static inline void raw_reset(struct raw_conn *c)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

/* 0: go on with the next request. */
static inline int raw_play(struct raw_conn *c, const struct raw_script *s)
{
	if (raw_send(c->fd, s->bytes, s->n) < 0)
		return -1;
	switch (s->after) {
	case RAW_KEEP:
		return 0;
	case RAW_CLOSE:
		break;
	case RAW_RESET:
		/* What was sent must arrive before the reset. */
		usleep(20000);
		raw_reset(c);
		break;
	case RAW_HANG:
		raw_wait_gone(c);
		break;
	case RAW_DRIP:
		raw_drip(c);
		break;
	case RAW_FLOOD:
		raw_flood(c);
		break;
	case RAW_LATER:
		usleep(30000);
		return raw_echo(c);
	case RAW_ECHO:
		return raw_echo(c);
	case RAW_SUM:
		return raw_sum(c);
	case RAW_ONCE:
		c->once = true;
		return raw_echo(c);
	case RAW_LEAVE:
		raw_echo(c);
		break;
	case RAW_STRAY:
		raw_echo(c);
		usleep(3000);
		return raw_reply(c, "stray");
	}
	return -1;
}

static inline int raw_serve(struct raw_conn *c)
{
	const struct raw_script *s = c->server->scripts;
	char path[256];

	if (raw_read(c) < 0)
		return -1;
	atomic_fetch_add(&c->server->requests, 1);
	pthread_mutex_lock(&c->server->lock);
	memcpy(c->server->last, c->head, c->head_n + 1);
	pthread_mutex_unlock(&c->server->lock);
	if (c->once || sscanf(c->head, "%*s %255s", path) != 1)
		return -1;
	while (s->path && strcmp(s->path, path) != 0)
		s++;
	return s->path ? raw_play(c, s) : -1;
}

static inline void *raw_conn_main(void *arg)
{
	struct raw_conn *c = arg;
	struct raw_server *s = c->server;

	while (raw_serve(c) == 0)
		;
	close(c->fd);
	free(c);
	atomic_fetch_sub(&s->live, 1);
	return NULL;
}

static inline void *raw_main(void *arg)
{
	struct raw_server *s = arg;
	struct raw_conn *c;
	pthread_t t;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		atomic_fetch_add(&s->connections, 1);
		atomic_fetch_add(&s->live, 1);
		c = calloc(1, sizeof(*c));
		c->server = s;
		c->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1},
			   sizeof(int));
		if (pthread_create(&t, NULL, raw_conn_main, c) != 0)
			abort();
		pthread_detach(t);
	}
	return NULL;
}

static inline int raw_listen(int backlog, int *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) < 0 ||
	    listen(fd, backlog) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		abort();
	*port = ntohs(a.sin_port);
	return fd;
}

static inline struct raw_server *raw_start(const struct raw_script *scripts)
{
	struct raw_server *s = calloc(1, sizeof(*s));

	s->scripts = scripts;
	s->fd = raw_listen(1024, &s->port);
	pthread_mutex_init(&s->lock, NULL);
	if (pthread_create(&s->thread, NULL, raw_main, s) != 0)
		abort();
	return s;
}

/* All clients must have gone, or be going. */
static inline void raw_stop(struct raw_server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	while (atomic_load(&s->live) > 0)
		usleep(1000);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

#endif
