/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses become listening sockets.
 */
#include "daemon/listener.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

#define BACKLOG 4096

static int fail(struct err *err, const char *address, const char *what)
{
	return err_set(err, ERR_SYS, "listen %s: %s: %s", address, what,
		       strerror(errno));
}

static int bind_to(const struct sockaddr *sa, socklen_t len, int family,
		   const char *address, struct err *err)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return fail(err, address, "socket");
	if (family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, sa, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	fail(err, address, "bind");
	close(fd);
	return -1;
}

/* A socket left behind by a process that died is removed; one that is
 * answered, or a file of another kind, stays. */
static void remove_stale(const struct sockaddr_un *sa)
{
	struct stat st;
	int fd, rc;

	if (lstat(sa->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	rc = connect(fd, (const struct sockaddr *)sa, sizeof(*sa));
	if (rc < 0 && errno == ECONNREFUSED)
		unlink(sa->sun_path);
	close(fd);
}

static int open_unix(const char *address, mode_t mode, struct err *err)
{
	const char *path = address + strlen("unix:");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(err, ERR_CONF, "listen %s: path too long",
			       address);
	strcpy(sa.sun_path, path);
	remove_stale(&sa);
	fd = bind_to((struct sockaddr *)&sa, sizeof(sa), AF_UNIX, address, err);
	if (fd >= 0 && chmod(path, mode) < 0) {
		fail(err, address, "chmod");
		close(fd);
		return -1;
	}
	return fd;
}

/* "host:port" or "[v6]:port", apart. */
static void split(const char *address, char **host, const char **port)
{
	const char *colon = strrchr(address, ':');
	struct span h = { address, (size_t)(colon - address) };

	if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = (struct span){ h.p + 1, h.n - 2 };
	*host = mem_dup_span(h);
	*port = colon + 1;
}

static int open_tcp(const char *address, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *ai;
	const char *port;
	char *host;
	int fd, rc;

	split(address, &host, &port);
	rc = getaddrinfo(*host ? host : NULL, port, &hints, &ai);
	free(host);
	if (rc != 0)
		return err_set(err, ERR_SYS, "listen %s: %s", address,
			       gai_strerror(rc));
	fd = bind_to(ai->ai_addr, ai->ai_addrlen, ai->ai_family, address, err);
	freeaddrinfo(ai);
	return fd;
}

static bool is_unix(const char *address)
{
	return !strncmp(address, "unix:", 5);
}

int listeners_open(struct listeners *l, const struct conf_strings *addresses,
		   mode_t mode, struct err *err)
{
	*l = (struct listeners){
		.fds = mem_array(addresses->n, sizeof(int)),
		.unix_paths = mem_array(addresses->n, sizeof(char *)),
	};
	for (size_t i = 0; i < addresses->n; i++) {
		const char *a = addresses->v[i];
		int fd = is_unix(a) ? open_unix(a, mode, err) : open_tcp(a, err);

		if (fd < 0) {
			listeners_close(l);
			return -1;
		}
		l->fds[l->n] = fd;
		l->unix_paths[l->n++] =
			is_unix(a) ? mem_dup(a + strlen("unix:")) : NULL;
	}
	return 0;
}

void listeners_stop(struct listeners *l)
{
	for (size_t i = 0; i < l->n; i++)
		shutdown(l->fds[i], SHUT_RDWR);
}

void listeners_close(struct listeners *l)
{
	for (size_t i = 0; i < l->n; i++) {
		close(l->fds[i]);
		if (l->unix_paths[i])
			unlink(l->unix_paths[i]);
		free(l->unix_paths[i]);
	}
	free(l->fds);
	free(l->unix_paths);
	*l = (struct listeners){ 0 };
}
