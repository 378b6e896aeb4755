/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns signals into calls on a loop's thread.
 */
#include "evt/signals.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/mem.h"

struct signals {
	int fd;
	struct watch *watch;
	signals_fn *fn;
	void *arg;
};

static sigset_t our_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	return set;
}

void signals_block(void)
{
	sigset_t set = our_signals();
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	int rc;

	rc = pthread_sigmask(SIG_BLOCK, &set, NULL);
	assert(rc == 0);
	rc = sigaction(SIGPIPE, &ignore, NULL);
	assert(rc == 0);
}

/* One a turn; the rest is still readable on the next one. So fn may free s. */
static void on_readable(void *arg, uint32_t events)
{
	struct signals *s = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(s->fd, &info, sizeof(info)) == sizeof(info))
		s->fn(s->arg, (int)info.ssi_signo);
}

struct signals *signals_new(struct loop *l, signals_fn *fn, void *arg,
			    struct err *err)
{
	struct signals *s = mem_new(sizeof(*s));
	sigset_t set = our_signals();

	s->fn = fn;
	s->arg = arg;
	s->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->fd < 0)
		err_set(err, ERR_SYS, "signalfd: %s", strerror(errno));
	else
		s->watch = watch_new(l, s->fd, EPOLLIN, on_readable, s, err);
	if (!s->watch) {
		signals_free(s);
		return NULL;
	}
	return s;
}

void signals_free(struct signals *s)
{
	if (!s)
		return;
	watch_free(s->watch);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}
