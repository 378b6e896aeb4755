/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches over TLS: whom we trust and whom not.
 */
#include "net/http_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/now.h"
#include "net/fetch_route.h"

#define SECOND INT64_C(1000000)
#define DAY    (24L * 3600)

static struct loop *loop;
static struct http_client *client;
static EVP_PKEY *ca_key;
static X509 *ca;
static char ca_path[] = "/tmp/test_http_tls_XXXXXX";

/* --- Certificates -------------------------------------------------------- */

static void add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* by NULL: signs itself. */
static X509 *make_cert(EVP_PKEY *key, const char *names, bool is_ca, long until,
		       X509 *by, EVP_PKEY *by_key)
{
	static long serial;
	X509 *x = X509_new();
	X509_NAME *name = X509_NAME_new();

	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)(is_ca ? "ca" : "s"),
				   -1, -1, 0);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(x), -2 * DAY);
	X509_gmtime_adj(X509_getm_notAfter(x), until);
	X509_set_subject_name(x, name);
	X509_set_issuer_name(x, by ? X509_get_subject_name(by) : name);
	X509_set_pubkey(x, key);
	add_extension(x, NID_basic_constraints,
		      is_ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (names)
		add_extension(x, NID_subject_alt_name, names);
	assert_true(X509_sign(x, by ? by_key : key, EVP_sha256()) > 0);
	X509_NAME_free(name);
	return x;
}

/* --- A peer -------------------------------------------------------------- */

struct tls_peer {
	SSL_CTX *ctx;
	int fd;
	int port;
	pthread_t thread;
	atomic_int connections;
	atomic_int requests;
	bool never_shakes_hands;
};

enum { BIG = 3000000 };

static char pattern(size_t i)
{
	return (char)(i * 7 + i / 251);
}

/* In pieces of step bytes, a record each. */
static bool say(SSL *ssl, const char *p, size_t n, size_t step)
{
	size_t k;

	for (; n; p += k, n -= k) {
		k = n < step ? n : step;
		if (SSL_write(ssl, p, (int)k) <= 0)
			return false;
	}
	return true;
}

/* A record a byte, all in one segment. */
static bool say_at_once(SSL *ssl, const char *p, size_t n)
{
	int fd = SSL_get_fd(ssl);
	bool ok;

	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &(int){1}, sizeof(int));
	ok = say(ssl, p, n, 1);
	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &(int){0}, sizeof(int));
	return ok;
}

static bool say_big(SSL *ssl)
{
	char *p = malloc(BIG);
	size_t i;
	bool ok;

	for (i = 0; i < BIG; i++)
		p[i] = pattern(i);
	ok = say(ssl, p, BIG, 16384);
	free(p);
	return ok;
}

/* What is left of the body of a request whose beginning is text. It waits
 * before it reads on, so that the client has to. */
static bool hear_body(SSL *ssl, const char *text, size_t n)
{
	const char *end = strstr(text, "\r\n\r\n");
	const char *length = strstr(text, "\r\nContent-Length: ");
	size_t at = n - (size_t)(end + 4 - text);
	size_t want = length ? strtoul(length + 18, NULL, 10) : 0;
	char more[16384];
	int got, i;

	for (i = 0; (size_t)i < at; i++)
		if (end[4 + i] != pattern((size_t)i))
			return false;
	while (at < want) {
		if (at < 100000)
			usleep(10000);
		got = SSL_read(ssl, more, sizeof(more));
		if (got <= 0)
			return false;
		for (i = 0; i < got; i++)
			if (more[i] != pattern(at++))
				return false;
	}
	return true;
}

static void serve(struct tls_peer *p, SSL *ssl)
{
	static const char nothing[] = "HTTP/1.1 200 OK\r\n"
				      "Content-Length: 0\r\n\r\n";
	static const char reply[] = "HTTP/1.1 200 OK\r\n"
				    "Content-Length: 5\r\n\r\nhello";
	static const char head[] = "HTTP/1.1 200 OK\r\n"
				   "Content-Length: 3000000\r\n\r\n";
	char text[4096];
	bool ok = true;
	int n;

	while (ok && (n = SSL_read(ssl, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		atomic_fetch_add(&p->requests, 1);
		if (!hear_body(ssl, text, (size_t)n))
			break;
		if (strstr(text, " /big "))
			ok = say(ssl, head, sizeof(head) - 1, 100) &&
			     say_big(ssl);
		else if (strstr(text, " /bytes "))
			ok = say_at_once(ssl, nothing, sizeof(nothing) - 1);
		else
			ok = say(ssl, reply, sizeof(reply) - 1, 100);
	}
	SSL_shutdown(ssl);
}

/* One connection at a time. */
static void *peer_main(void *arg)
{
	struct tls_peer *p = arg;
	char byte;
	SSL *ssl;
	int fd;

	while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
		atomic_fetch_add(&p->connections, 1);
		ssl = SSL_new(p->ctx);
		SSL_set_fd(ssl, fd);
		if (p->never_shakes_hands)
			while (recv(fd, &byte, 1, 0) > 0)
				;
		else if (SSL_accept(ssl) == 1)
			serve(p, ssl);
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

static void peer_start(struct tls_peer *p, const char *names, long until,
		       bool by_ca, int max_version)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x =
		make_cert(key, names, false, until, by_ca ? ca : NULL, ca_key);

	p->ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_security_level(p->ctx, 0);
	SSL_CTX_set_min_proto_version(p->ctx, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(p->ctx, max_version);
	assert_int_equal(SSL_CTX_use_certificate(p->ctx, x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(p->ctx, key), 1);
	X509_free(x);
	EVP_PKEY_free(key);
	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(p->fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(p->fd, 16), 0);
	getsockname(p->fd, (struct sockaddr *)&a, &n);
	p->port = ntohs(a.sin_port);
	pthread_create(&p->thread, NULL, peer_main, p);
}

static void peer_stop(struct tls_peer *p)
{
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
	SSL_CTX_free(p->ctx);
}

/* --- A fetch ------------------------------------------------------------- */

struct seen {
	int dones;
	struct err why;
	bool whole;
};

static void see_done(void *arg, struct fetch *f, const struct err *why)
{
	struct seen *s = arg;

	s->dones++;
	if (why)
		s->why = *why;
	s->whole = span_is(buf_span(fetch_body(f)), "hello");
	fetch_free(f);
}

static void turn_until_done(const struct seen *s)
{
	int64_t until = now_us() + 5 * SECOND;

	while (s->dones == 0 && now_us() < until)
		loop_turn(loop, 20);
	assert_int_equal(s->dones, 1);
}

static struct seen get(const char *host, int port, const char *ca_file,
		       int64_t connect_us)
{
	static const struct fetch_ops ops = {.on_done = see_done};
	char url[100];
	struct fetch_target to = {
		.url = url, .ca_file = ca_file, .connect_us = connect_us};
	struct fetch_ask ask = {.total_us = 4 * SECOND};
	struct err err = {0};
	struct fetch_route *r;
	struct seen s = {0};

	snprintf(url, sizeof(url), "https://%s:%d/", host, port);
	r = fetch_route_new(&to, &err);
	assert_non_null(r);
	ask.route = r;
	assert_non_null(fetch_start(client, &ask, &ops, &s, &err));
	turn_until_done(&s);
	fetch_route_free(r);
	return s;
}

/* --- Tests --------------------------------------------------------------- */

static void a_good_peer(void **state)
{
	struct tls_peer p = {0};
	struct seen s;
	int i;

	(void)state;
	peer_start(&p, "IP:127.0.0.1", DAY, true, 0);
	for (i = 0; i < 5; i++) {
		s = get("127.0.0.1", p.port, ca_path, SECOND);
		if (s.why.kind)
			fail_msg("%s", s.why.text);
		assert_true(s.whole);
	}
	assert_int_equal(p.connections, 1);
	http_client_free(client);
	client = http_client_new(loop, NULL);
	peer_stop(&p);
}

/* --- Bytes --------------------------------------------------------------- */

struct stream {
	struct fetch *f;
	int heads, dones;
	size_t n;
	bool bad;
	struct err why;
};

static void stream_head(void *arg, struct fetch *f)
{
	struct stream *s = arg;

	(void)f;
	assert_int_equal(s->heads++ + s->dones, 0);
}

static void stream_data(void *arg, struct fetch *f, struct span bytes)
{
	struct stream *s = arg;
	size_t i;

	(void)f;
	assert_true(bytes.n <= HTTP_CLIENT_HOLD);
	for (i = 0; i < bytes.n; i++)
		s->bad |= bytes.p[i] != pattern(s->n + i);
	s->n += bytes.n;
}

static void stream_done(void *arg, struct fetch *f, const struct err *why)
{
	struct stream *s = arg;

	(void)f;
	s->dones++;
	if (why)
		s->why = *why;
}

static const struct fetch_ops streaming = {stream_head, stream_data,
					   stream_done};

static struct fetch_route *route_to(const struct tls_peer *p, const char *path)
{
	char url[100];
	struct fetch_target to = {.url = url, .ca_file = ca_path};
	struct err err = {0};
	struct fetch_route *r;

	snprintf(url, sizeof(url), "https://127.0.0.1:%d%s", p->port, path);
	r = fetch_route_new(&to, &err);
	assert_non_null(r);
	return r;
}

/* Holds now and then, if holds. */
static struct stream stream(const struct tls_peer *p, const char *path,
			    struct span body, bool holds)
{
	struct fetch_route *r = route_to(p, path);
	struct fetch_ask ask = {
		.route = r, .body = body, .total_us = 20 * SECOND};
	struct stream s = {0};
	struct err err = {0};
	unsigned seed = 1;

	s.f = fetch_start(client, &ask, &streaming, &s, &err);
	assert_non_null(s.f);
	while (s.dones == 0) {
		loop_turn(loop, 5);
		if (s.dones == 0)
			fetch_hold(s.f, holds && rand_r(&seed) % 3 == 0);
	}
	fetch_free(s.f);
	fetch_route_free(r);
	if (s.why.kind)
		fail_msg("%s: %s", path, s.why.text);
	assert_int_equal(s.heads, 1);
	return s;
}

static void streams_lose_nothing(void **state)
{
	struct tls_peer p = {0};
	struct stream s;
	int i;

	(void)state;
	peer_start(&p, "IP:127.0.0.1", DAY, true, 0);
	for (i = 0; i < 4; i++) {
		s = stream(&p, "/big", (struct span){0}, i % 2);
		assert_int_equal(s.n, BIG);
		assert_false(s.bad);
		/* More records than are read in one go. */
		s = stream(&p, "/bytes", (struct span){0}, i % 2);
		assert_int_equal(s.n, 0);
	}
	assert_int_equal(p.connections, 1);
	http_client_free(client);
	client = http_client_new(loop, NULL);
	peer_stop(&p);
}

static void large_questions_arrive_whole(void **state)
{
	static const size_t sizes[] = {1, 16384, 16385, 100000, BIG};
	struct tls_peer p = {0};
	char *body = malloc(BIG);
	size_t i;

	(void)state;
	for (i = 0; i < BIG; i++)
		body[i] = pattern(i);
	peer_start(&p, "IP:127.0.0.1", DAY, true, 0);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		stream(&p, "/", (struct span){body, sizes[i]}, false);
	assert_int_equal(p.connections, 1);
	http_client_free(client);
	client = http_client_new(loop, NULL);
	peer_stop(&p);
	free(body);
}

/* --- Whom we trust ------------------------------------------------------- */

static const struct {
	const char *what;
	const char *names;
	long until;
	bool by_ca;
	int max_version;
	bool system_trust;
	enum err_kind kind;
} peers[] = {
	{"TLS 1.2", "IP:127.0.0.1", DAY, true, TLS1_2_VERSION, false, ERR_NONE},
	{"TLS 1.1", "IP:127.0.0.1", DAY, true, TLS1_1_VERSION, false, ERR_TLS},
	{"another's name", "DNS:a.test", DAY, true, 0, false, ERR_TLS},
	{"another address", "IP:127.0.0.2", DAY, true, 0, false, ERR_TLS},
	{"no name", NULL, DAY, true, 0, false, ERR_TLS},
	{"expired", "IP:127.0.0.1", -DAY, true, 0, false, ERR_TLS},
	{"signs itself", "IP:127.0.0.1", DAY, false, 0, false, ERR_TLS},
	{"unknown to the system", "IP:127.0.0.1", DAY, true, 0, true, ERR_TLS},
};

static void whom_we_trust(void **state)
{
	struct seen s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		struct tls_peer p = {0};

		peer_start(&p, peers[i].names, peers[i].until, peers[i].by_ca,
			   peers[i].max_version);
		s = get("127.0.0.1", p.port,
			peers[i].system_trust ? NULL : ca_path, SECOND);
		if (s.why.kind != peers[i].kind)
			fail_msg("%s: %s: %s", peers[i].what,
				 err_kind_name(s.why.kind), s.why.text);
		assert_int_equal(p.requests, peers[i].kind == ERR_NONE);
		http_client_free(client);
		client = http_client_new(loop, NULL);
		peer_stop(&p);
	}
}

/* What one route trusts, another on the same client does not inherit: neither
 * the file nor the connection that it let stand. The peer serves but one
 * connection at a time, so the second may also wait in vain. */
static void trust_is_the_routes_own(void **state)
{
	struct tls_peer p = {0};

	(void)state;
	peer_start(&p, "IP:127.0.0.1", DAY, true, 0);
	assert_int_equal(get("127.0.0.1", p.port, NULL, SECOND).why.kind,
			 ERR_TLS);
	assert_int_equal(get("127.0.0.1", p.port, ca_path, SECOND).why.kind,
			 ERR_NONE);
	assert_int_not_equal(
		get("127.0.0.1", p.port, NULL, SECOND / 10).why.kind, ERR_NONE);
	assert_int_equal(p.requests, 1);
	http_client_free(client);
	client = http_client_new(loop, NULL);
	peer_stop(&p);
}

static void a_missing_ca_file(void **state)
{
	struct tls_peer p = {0};

	(void)state;
	peer_start(&p, "IP:127.0.0.1", DAY, true, 0);
	assert_int_equal(get("127.0.0.1", p.port, "/nonexistent/ca.pem", SECOND)
				 .why.kind,
			 ERR_TLS);
	peer_stop(&p);
}

static void no_handshake(void **state)
{
	struct tls_peer p = {.never_shakes_hands = true};
	struct tls_peer good = {0};
	struct seen s;
	int i;

	(void)state;
	peer_start(&p, "IP:127.0.0.1", DAY, true, 0);
	for (i = 0; i < 3; i++) {
		s = get("127.0.0.1", p.port, ca_path, SECOND / 10);
		assert_int_equal(s.why.kind, ERR_CONNECT);
	}
	/* The numbers of the broken off sockets are used again. */
	peer_start(&good, "IP:127.0.0.1", DAY, true, 0);
	for (i = 0; i < 3; i++) {
		s = get("127.0.0.1", good.port, ca_path, SECOND);
		assert_int_equal(s.why.kind, ERR_NONE);
	}
	assert_int_equal(good.connections, 1);
	peer_stop(&p);
	http_client_free(client);
	client = http_client_new(loop, NULL);
	peer_stop(&good);
}

static int setup(void **state)
{
	struct err err = {0};

	(void)state;
	loop = loop_new(&err);
	client = http_client_new(loop, &err);
	return client ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	http_client_free(client);
	loop_free(loop);
	return 0;
}

static int group_setup(void **state)
{
	struct err err = {0};
	FILE *f;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	ca_key = EVP_EC_gen("P-256");
	ca = make_cert(ca_key, NULL, true, DAY, NULL, NULL);
	f = fdopen(mkstemp(ca_path), "w");
	PEM_write_X509(f, ca);
	fclose(f);
	return http_client_global_init(&err);
}

static int group_teardown(void **state)
{
	(void)state;
	unlink(ca_path);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	http_client_global_release();
	return 0;
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_good_peer),
		T(streams_lose_nothing),
		T(large_questions_arrive_whole),
		T(whom_we_trust),
		T(trust_is_the_routes_own),
		T(a_missing_ca_file),
		T(no_handshake),
	};

	return cmocka_run_group_tests_name("http_tls", tests, group_setup,
					   group_teardown);
}
