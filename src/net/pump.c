/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's multi_socket interface on our loop: sockets, timers, shards.
 */
#include "net/pump.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "base/mem.h"
#include "base/now.h"
#include "evt/deadline.h"

#define SHARDS_MOST 64
#define SHARD_FULL  64 /* connections; beyond, libcurl's walks show */
#define BAD_ADDRESS (-1)
#define TICK_US	    1000000
#define EMPTY_US    (120 * INT64_C(1000000)) /* kept so long without any */

struct pump_shard {
	struct pump *pump;
	CURLM *multi;
	struct deadline timer;
	bool kicked; /* a kick is deferred */
	bool in_kick;
	size_t n;	 /* jobs in it, connecting or connected */
	int64_t used_us; /* when it last had one */
};

/*
 * A descriptor that libcurl connects or looks up names with. It closes one
 * that never came to stand, and those of its resolver, without a word: of them
 * only CURL_POLL_REMOVE is heard, before or after.
 */
struct sock {
	struct pump *pump;
	struct pump_shard *shard;
	struct watch *watch; /* NULL: not in epoll */
	uint32_t events;
	int fd;
	struct pump_job *opener;  /* NULL: the resolver */
	struct sock *prev, *next; /* of opener */
};

struct pump {
	struct loop *loop;
	pump_done_fn *on_done;
	struct pump_shard *shards[SHARDS_MOST];
	size_t n_shards;
	struct deadline tick;
	struct sock **by_fd;
	size_t n_by_fd;
};

static struct sock **sock_slot(struct pump *p, int fd)
{
	size_t room = p->n_by_fd ? p->n_by_fd : 64;

	assert(fd >= 0);
	while (room <= (size_t)fd)
		room *= 2;
	if (room > p->n_by_fd) {
		p->by_fd = mem_resize(p->by_fd, room, sizeof(*p->by_fd));
		memset(p->by_fd + p->n_by_fd, 0,
		       (room - p->n_by_fd) * sizeof(*p->by_fd));
		p->n_by_fd = room;
	}
	return &p->by_fd[fd];
}

static struct sock *sock_get(struct pump *p, int fd)
{
	struct sock **slot = sock_slot(p, fd);

	if (!*slot) {
		*slot = mem_new(sizeof(**slot));
		(*slot)->pump = p;
		(*slot)->fd = fd;
	}
	return *slot;
}

static void sock_drop(struct pump *p, int fd)
{
	struct sock **slot = sock_slot(p, fd);
	struct sock *s = *slot;

	if (!s)
		return;
	if (s->opener)
		DL_DELETE(s->opener->socks, s);
	watch_free(s->watch);
	free(s);
	*slot = NULL;
}

static void forget_nudge(struct pump_job *job);

/* What has come to an end, good or bad, outside of all of libcurl's
 * callbacks. */
static void reap(struct pump_shard *s)
{
	struct pump_job *job;
	CURLcode result;
	CURLMsg *msg;
	char *private;
	int left;

	while ((msg = curl_multi_info_read(s->multi, &left))) {
		assert(msg->msg == CURLMSG_DONE);
		result = msg->data.result;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
		job = (struct pump_job *)(void *)private;
		forget_nudge(job);
		if (result != CURLE_OK)
			pump_close(s->pump, job);
		s->pump->on_done(job, result);
	}
}

/* Looks at fd, or at passed times when it is CURL_SOCKET_TIMEOUT. */
static void shard_act(struct pump_shard *s, int fd, int events)
{
	int running;

	curl_multi_socket_action(s->multi, fd, events, &running);
	reap(s);
}

static void sock_ready(void *arg, uint32_t events)
{
	struct sock *s = arg;
	int to_curl = 0;

	if (events & EPOLLIN)
		to_curl |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		to_curl |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		to_curl |= CURL_CSELECT_ERR;
	shard_act(s->shard, s->fd, to_curl);
}

/* When the system refuses, the job runs into its time limit: to fail
 * here would make libcurl give up the whole shard. */
static void sock_watch(struct sock *s)
{
	if (!s->watch)
		s->watch = watch_new(s->pump->loop, s->fd, s->events,
				     sock_ready, s, NULL);
	else
		watch_set(s->watch, s->events, NULL);
}

/* Pausing and going on is what makes libcurl look at a job. */
static void nudge(void *arg)
{
	struct pump_job *job = arg;

	job->nudged = false;
	curl_easy_pause(job->easy, CURLPAUSE_RECV);
	curl_easy_pause(job->easy, CURLPAUSE_CONT);
}

static void forget_nudge(struct pump_job *job)
{
	if (job->nudged)
		loop_undefer(job->shard->pump->loop, nudge, job);
	job->nudged = false;
}

/* An attempt to connect has failed. libcurl 7.88 then turns to the next
 * address, but only when it is called for another reason: to wait for that
 * may take all of the time there is to connect. */
static void attempt_failed(struct pump_job *job)
{
	if (!job->shard || job->stands || job->nudged)
		return;
	loop_defer(job->shard->pump->loop, nudge, job);
	job->nudged = true;
}

static void sock_close(struct sock *s)
{
	if (s->opener)
		attempt_failed(s->opener);
	sock_drop(s->pump, s->fd);
}

static int sock_changed(CURL *easy, curl_socket_t fd, int what, void *arg,
			void *unused)
{
	struct pump_shard *shard = arg;
	struct sock *s = sock_get(shard->pump, fd);

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		sock_close(s);
		return 0;
	}
	s->shard = shard;
	s->events = ((what & CURL_POLL_IN) ? EPOLLIN : 0u) |
		    ((what & CURL_POLL_OUT) ? EPOLLOUT : 0u);
	sock_watch(s);
	return 0;
}

static bool v4_is_allowed(const unsigned char *a)
{
	return a[0] != 0 && !(a[0] == 169 && a[1] == 254);
}

static bool address_is_allowed(const struct sockaddr *sa)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;
	const struct in6_addr *a = &v6->sin6_addr;

	if (sa->sa_family == AF_INET)
		return v4_is_allowed((const void *)&v4->sin_addr);
	if (sa->sa_family != AF_INET6)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a))
		return v4_is_allowed(a->s6_addr + 12);
	return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_LINKLOCAL(a);
}

/* A number that libcurl has closed unsaid may come again. */
static void sock_open(struct pump_job *job, int fd)
{
	struct sock *s;

	sock_drop(job->shard->pump, fd);
	s = sock_get(job->shard->pump, fd);
	s->opener = job;
	DL_APPEND(job->socks, s);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose,
				 struct curl_sockaddr *to)
{
	struct pump_job *job = arg;
	int fd;

	(void)purpose;
	if (!address_is_allowed(&to->addr)) {
		job->refused = BAD_ADDRESS;
		attempt_failed(job);
		return CURL_SOCKET_BAD;
	}
	fd = socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    to->protocol);
	if (fd < 0) {
		job->refused = errno;
		attempt_failed(job);
		return CURL_SOCKET_BAD;
	}
	sock_open(job, fd);
	return fd;
}

static int close_socket(void *arg, curl_socket_t fd)
{
	sock_close(sock_get(arg, fd));
	return close(fd);
}

/* The connection stands, TLS included. What libcurl says of its socket from
 * now on is no failed attempt. */
static int note_stands(void *arg, char *peer_ip, char *own_ip, int peer_port,
		       int own_port)
{
	struct pump_job *job = arg;

	(void)peer_ip;
	(void)own_ip;
	(void)peer_port;
	(void)own_port;
	job->stands = true;
	return CURL_PREREQFUNC_OK;
}

static void kick(void *arg)
{
	struct pump_shard *s = arg;

	s->kicked = false;
	s->in_kick = true;
	shard_act(s, CURL_SOCKET_TIMEOUT, 0);
	s->in_kick = false;
}

/* "At once" is later on this turn; when libcurl keeps saying it, sockets have
 * their turn between. */
static int timer_changed(CURLM *multi, long wait_ms, void *arg)
{
	struct pump_shard *s = arg;
	struct loop *l = s->pump->loop;

	(void)multi;
	if (wait_ms < 0) {
		deadline_clear(&s->timer);
	} else if (wait_ms == 0 && !s->in_kick) {
		if (!s->kicked)
			loop_defer(l, kick, s);
		s->kicked = true;
	} else {
		deadline_set(&s->timer, l, now_us() + wait_ms * 1000, kick, s);
	}
	return 0;
}

static void shard_free(struct pump_shard *s)
{
	assert(s->n == 0);
	curl_multi_cleanup(s->multi);
	deadline_clear(&s->timer);
	loop_undefer(s->pump->loop, kick, s);
	free(s);
}

/* libcurl 7.87 and others forgot handles when timers were missed; a look at
 * each shard once a second bounds what such a fault can cost. */
static void tick(void *arg)
{
	struct pump *p = arg;
	int64_t now = loop_now_us(p->loop);
	struct pump_shard *s;
	size_t i;

	for (i = p->n_shards; i-- > 0;) {
		s = p->shards[i];
		kick(s);
		if (s->n > 0) {
			s->used_us = now;
		} else if (now - s->used_us > EMPTY_US) {
			shard_free(s);
			p->shards[i] = p->shards[--p->n_shards];
		}
	}
	if (p->n_shards)
		deadline_set(&p->tick, p->loop, now + TICK_US, tick, p);
}

static struct pump_shard *shard_new(struct pump *p)
{
	struct pump_shard *s = mem_new(sizeof(*s));
	bool bad;

	s->pump = p;
	s->multi = curl_multi_init();
	bad = !s->multi ||
	      curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION,
				sock_changed) ||
	      curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s) ||
	      curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION,
				timer_changed) ||
	      curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
	if (bad) {
		curl_multi_cleanup(s->multi);
		free(s);
		return NULL;
	}
	s->used_us = loop_now_us(p->loop);
	p->shards[p->n_shards++] = s;
	if (!deadline_is_set(&p->tick))
		deadline_set(&p->tick, p->loop, s->used_us + TICK_US, tick, p);
	return s;
}

/* The first with room, else a new one, else the least loaded. */
static struct pump_shard *shard_pick(struct pump *p)
{
	struct pump_shard *least = NULL;
	struct pump_shard *made;
	size_t i;

	for (i = 0; i < p->n_shards; i++) {
		if (p->shards[i]->n < SHARD_FULL)
			return p->shards[i];
		if (!least || p->shards[i]->n < least->n)
			least = p->shards[i];
	}
	made = p->n_shards < SHARDS_MOST ? shard_new(p) : NULL;
	return made ? made : least;
}

struct pump *pump_new(struct loop *l, pump_done_fn *on_done)
{
	struct pump *p = mem_new(sizeof(*p));

	p->loop = l;
	p->on_done = on_done;
	return p;
}

void pump_free(struct pump *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < p->n_shards; i++)
		shard_free(p->shards[i]);
	for (i = 0; i < p->n_by_fd; i++)
		sock_drop(p, (int)i);
	deadline_clear(&p->tick);
	free(p->by_fd);
	free(p);
}

#define SET(easy, option, value)                                               \
	(curl_easy_setopt((easy), (option), (value)) != CURLE_OK)

/* Of every connection. */
static bool set_constants(CURL *e)
{
	return SET(e, CURLOPT_CONNECT_ONLY, 1L) ||
	       SET(e, CURLOPT_PROTOCOLS_STR, "http,https") ||
	       SET(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ||
	       SET(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ||
	       SET(e, CURLOPT_NOPROXY, "") ||
	       SET(e, CURLOPT_HTTPPROXYTUNNEL, 1L) ||
	       SET(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) ||
	       SET(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ||
	       SET(e, CURLOPT_SSL_VERIFYPEER, 1L) ||
	       SET(e, CURLOPT_SSL_VERIFYHOST, 2L) ||
	       SET(e, CURLOPT_NOSIGNAL, 1L) ||
	       SET(e, CURLOPT_TCP_NODELAY, 1L) ||
	       SET(e, CURLOPT_TCP_KEEPALIVE, 1L) ||
	       /* Else a handle removed while its name is looked up would
		* wait for the look-up. */
	       SET(e, CURLOPT_QUICK_EXIT, 1L);
}

static bool set_job(struct pump *p, struct pump_job *job, CURL *e)
{
	return SET(e, CURLOPT_PRIVATE, job) ||
	       SET(e, CURLOPT_ERRORBUFFER, job->text) ||
	       SET(e, CURLOPT_PREREQFUNCTION, note_stands) ||
	       SET(e, CURLOPT_PREREQDATA, job) ||
	       SET(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) ||
	       SET(e, CURLOPT_OPENSOCKETDATA, job) ||
	       SET(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket) ||
	       SET(e, CURLOPT_CLOSESOCKETDATA, p);
}

int pump_job_init(struct pump *p, struct pump_job *job, struct err *err)
{
	CURL *e = curl_easy_init();

	*job = (struct pump_job){0};
	if (!e || set_constants(e) || set_job(p, job, e)) {
		curl_easy_cleanup(e);
		return err_set(err, ERR_SYS,
			       "libcurl gives no handle or lacks an option");
	}
	job->easy = e;
	return 0;
}

int pump_open(struct pump *p, struct pump_job *job, struct err *err)
{
	struct pump_shard *s = shard_pick(p);
	CURLMcode rc = CURLM_OUT_OF_MEMORY;

	assert(!job->shard);
	if (s)
		rc = curl_multi_add_handle(s->multi, job->easy);
	if (rc != CURLM_OK)
		return err_set(err, ERR_SYS, "libcurl: %s",
			       curl_multi_strerror(rc));
	job->shard = s;
	s->n++;
	return 0;
}

void pump_close(struct pump *p, struct pump_job *job)
{
	struct pump_shard *s = job->shard;
	CURLMcode rc;

	assert(s && s->pump == p);
	forget_nudge(job);
	job->shard = NULL;
	/* Before libcurl closes them and the system gives their numbers to
	 * others. */
	while (job->socks)
		sock_drop(p, job->socks->fd);
	rc = curl_multi_remove_handle(s->multi, job->easy);
	assert(rc == CURLM_OK);
	s->n--;
	s->used_us = loop_now_us(p->loop);
}

const char *pump_refusal(const struct pump_job *job)
{
	if (job->refused == 0)
		return NULL;
	if (job->refused == BAD_ADDRESS)
		return "the address is link-local or unspecified";
	return strerror(job->refused);
}
