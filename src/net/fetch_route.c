/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend's address, headers and trust, as libcurl wants them.
 */
#include "net/fetch_route.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SET(easy, option, value)                                               \
	(curl_easy_setopt((easy), (option), (value)) != CURLE_OK)

struct fetch_route {
	uint64_t serial;
	char *url;
	CURLU *parsed; /* url, for libcurl; handles in the pool point to it */
	char *ca_file;
	char *proxy;
	long connect_ms;
	struct curl_slist *headers;
};

static bool is_printable(const char *s)
{
	for (; *s; s++) {
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return false;
	}
	return true;
}

/* Taken apart once, because libcurl would do it again for each request. */
static CURLU *parse_url(const char *url, struct err *err)
{
	CURLU *u = curl_url();
	char *scheme = NULL;
	CURLUcode rc = u ? curl_url_set(u, CURLUPART_URL, url, 0)
			 : CURLUE_OUT_OF_MEMORY;
	int ret = 0;

	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
	if (rc != CURLUE_OK)
		ret = err_set(err, ERR_CONF, "not a URL: %s",
			      curl_url_strerror(rc));
	else if (strcmp(scheme, "http") && strcmp(scheme, "https"))
		ret = err_set(err, ERR_CONF, "not an http or https URL");
	curl_free(scheme);
	if (ret == 0)
		return u;
	curl_url_cleanup(u);
	return NULL;
}

static int add_header(struct fetch_route *r, const char *line, struct err *err)
{
	struct curl_slist *list;

	if (!is_printable(line))
		return err_set(err, ERR_CONF, "control bytes in a header");
	list = curl_slist_append(r->headers, line);
	if (!list)
		return err_set(err, ERR_SYS, "no memory");
	r->headers = list;
	return 0;
}

/* "Expect:" without a value: never ask first, it costs a second where the
 * peer does not know the word. */
static int add_headers(struct fetch_route *r, const char *const *lines,
		       struct err *err)
{
	if (add_header(r, "Expect:", err) < 0)
		return -1;
	for (; lines && *lines; lines++) {
		if (add_header(r, *lines, err) < 0)
			return -1;
	}
	return 0;
}

struct fetch_route *fetch_route_new(const struct fetch_target *to,
				    struct err *err)
{
	static atomic_uint_fast64_t serial;
	struct fetch_route *r;
	CURLU *parsed = parse_url(to->url, err);

	if (!parsed)
		return NULL;
	r = mem_new(sizeof(*r));
	r->serial = atomic_fetch_add(&serial, 1) + 1;
	r->url = mem_dup(to->url);
	r->parsed = parsed;
	r->ca_file = mem_dup(to->ca_file);
	r->proxy = mem_dup(to->proxy ? to->proxy : "");
	r->connect_ms = (long)(to->connect_us / 1000);
	if (to->connect_us && !r->connect_ms)
		r->connect_ms = 1;
	if (add_headers(r, to->headers, err) < 0) {
		fetch_route_free(r);
		return NULL;
	}
	return r;
}

void fetch_route_free(struct fetch_route *r)
{
	struct curl_slist *h;

	if (!r)
		return;
	for (h = r->headers; h; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(r->headers);
	free(r->url);
	curl_url_cleanup(r->parsed);
	free(r->ca_file);
	free(r->proxy);
	free(r);
}

/* A file replaces the system's certificates, its directory of them included.
 * Where the system has a file the directory is left out as well: libcurl
 * keeps what it has parsed only without one. */
static bool set_trust(CURL *easy, const char *ca_file)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	const char *file = ca_file ? ca_file : v->cainfo;

	return SET(easy, CURLOPT_CAINFO, file) ||
	       SET(easy, CURLOPT_CAPATH, file ? NULL : v->capath);
}

int fetch_route_apply(const struct fetch_route *r, void *easy)
{
	if (SET(easy, CURLOPT_CURLU, r->parsed) ||
	    SET(easy, CURLOPT_PROXY, r->proxy) ||
	    SET(easy, CURLOPT_CONNECTTIMEOUT_MS, r->connect_ms) ||
	    set_trust(easy, r->ca_file))
		return -1;
	return 0;
}

struct curl_slist *fetch_route_headers(const struct fetch_route *r)
{
	return r->headers;
}

uint64_t fetch_route_serial(const struct fetch_route *r)
{
	return r->serial;
}

const char *fetch_route_url(const struct fetch_route *r)
{
	return r->url;
}
