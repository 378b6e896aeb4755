/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend's address and trust, as libcurl wants them, and the head of the
 * requests to it, as HTTP wants it.
 */
#include "net/fetch_route.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/mem.h"

#define SET(easy, option, value)                                               \
	(curl_easy_setopt((easy), (option), (value)) != CURLE_OK)

struct fetch_route {
	char *url;
	char *place;
	char *path;
	char *fields; /* the lines of the head that are always the same */
	char *ca_file;
	char *proxy;
	long connect_ms;
	bool is_plain;
};

/* --- The URL ------------------------------------------------------------- */

static bool has_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

static char *get_part(CURLU *u, CURLUPart part, unsigned flags)
{
	char *text = NULL;
	char *copy = NULL;

	if (curl_url_get(u, part, &text, flags) == CURLUE_OK)
		copy = mem_dup(text);
	curl_free(text);
	return copy;
}

static int check_url(CURLU *u, const char *url, struct err *err)
{
	CURLUcode rc = u ? curl_url_set(u, CURLUPART_URL, url, 0)
			 : CURLUE_OUT_OF_MEMORY;

	if (rc != CURLUE_OK)
		return err_set(err, ERR_CONF, "not a URL: %s",
			       curl_url_strerror(rc));
	if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD) ||
	    has_part(u, CURLUPART_QUERY))
		return err_set(err, ERR_CONF, "a user or a query in a URL");
	return 0;
}

/* "name:port", the port only when it is not the scheme's. */
static char *host_field(CURLU *u)
{
	char *host = get_part(u, CURLUPART_HOST, CURLU_PUNYCODE);
	char *port = get_part(u, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
	char *field = NULL;

	if (host)
		field = mem_printf("Host: %s%s%s\r\n", host, port ? ":" : "",
				   port ? port : "");
	free(host);
	free(port);
	return field;
}

/* Whom to trust, as far as connections must not be mixed: a file that was
 * replaced is another one. */
static char *trust_text(const char *ca_file)
{
	struct stat st;

	if (!ca_file || stat(ca_file, &st) < 0)
		return mem_dup(ca_file ? ca_file : "");
	return mem_printf("%s:%lld:%lld:%lld.%ld", ca_file,
			  (long long)st.st_ino, (long long)st.st_size,
			  (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static int read_url(struct fetch_route *r, CURLU *u, struct err *err)
{
	char *scheme, *trust;
	int rc = 0;

	if (check_url(u, r->url, err) < 0)
		return -1;
	scheme = get_part(u, CURLUPART_SCHEME, 0);
	r->path = get_part(u, CURLUPART_PATH, 0);
	r->fields = host_field(u);
	r->is_plain = scheme && strcmp(scheme, "http") == 0 && !*r->proxy;
	trust = trust_text(r->ca_file);
	r->place = mem_printf("%s %s %s %s", scheme ? scheme : "",
			      r->fields ? r->fields : "", trust, r->proxy);
	free(trust);
	if (!scheme || !r->path || !r->fields)
		rc = err_set(err, ERR_CONF, "not a URL of a host");
	else if (strcmp(scheme, "http") && strcmp(scheme, "https"))
		rc = err_set(err, ERR_CONF, "not an http or https URL");
	free(scheme);
	return rc;
}

/* --- Headers ------------------------------------------------------------- */

static bool is_field(const char *s)
{
	if (!strchr(s, ':') || *s == ':')
		return false;
	for (; *s; s++) {
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return false;
	}
	return true;
}

/* Overwrites what it frees. */
static void free_secret(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

static int add_field(struct fetch_route *r, const char *line, struct err *err)
{
	char *old = r->fields;

	if (!is_field(line))
		return err_set(err, ERR_CONF, "not a header line");
	r->fields = mem_printf("%s%s\r\n", old, line);
	free_secret(old);
	return 0;
}

static int add_fields(struct fetch_route *r, const char *const *lines,
		      struct err *err)
{
	bool has_accept = false;

	for (; lines && *lines; lines++) {
		has_accept |= strncasecmp(*lines, "accept:", 7) == 0;
		if (add_field(r, *lines, err) < 0)
			return -1;
	}
	return has_accept ? 0 : add_field(r, "Accept: */*", err);
}

/* --- Public -------------------------------------------------------------- */

struct fetch_route *fetch_route_new(const struct fetch_target *to,
				    struct err *err)
{
	struct fetch_route *r = mem_new(sizeof(*r));
	CURLU *u = curl_url();
	int rc;

	r->url = mem_dup(to->url);
	r->ca_file = mem_dup(to->ca_file);
	r->proxy = mem_dup(to->proxy ? to->proxy : "");
	r->connect_ms = (long)(to->connect_us / 1000);
	if (to->connect_us && !r->connect_ms)
		r->connect_ms = 1;
	rc = read_url(r, u, err);
	curl_url_cleanup(u);
	if (rc == 0 && add_fields(r, to->headers, err) == 0)
		return r;
	fetch_route_free(r);
	return NULL;
}

void fetch_route_free(struct fetch_route *r)
{
	if (!r)
		return;
	free_secret(r->fields);
	free(r->url);
	free(r->place);
	free(r->path);
	free(r->ca_file);
	free(r->proxy);
	free(r);
}

static void add_length(struct buf *out, size_t n)
{
	char text[48];

	snprintf(text, sizeof(text), "Content-Length: %zu\r\n", n);
	buf_adds(out, text);
}

int fetch_route_write(const struct fetch_route *r, const struct fetch_line *ask,
		      struct buf *out)
{
	buf_adds(out, ask->has_body ? "POST " : "GET ");
	buf_adds(out, r->path);
	if (ask->query) {
		buf_adds(out, "?");
		buf_adds(out, ask->query);
	}
	buf_adds(out, " HTTP/1.1\r\n");
	buf_adds(out, r->fields);
	if (ask->request_id) {
		buf_adds(out, "x-request-id: ");
		buf_adds(out, ask->request_id);
		buf_adds(out, "\r\n");
	}
	if (ask->has_body)
		add_length(out, ask->body_n);
	return buf_adds(out, "\r\n");
}

/* A file replaces the system's certificates, its directory of them included.
 * Where the system has a file the directory is left out as well: libcurl
 * keeps what it has parsed only without one. A file of our own is read each
 * time: it may be replaced before a reload. */
static bool set_trust(CURL *easy, const char *ca_file)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	const char *file = ca_file ? ca_file : v->cainfo;

	return SET(easy, CURLOPT_CAINFO, file) ||
	       SET(easy, CURLOPT_CAPATH, file ? NULL : v->capath) ||
	       (ca_file && SET(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L));
}

int fetch_route_apply(const struct fetch_route *r, void *easy)
{
	if (SET(easy, CURLOPT_URL, r->url) ||
	    SET(easy, CURLOPT_PROXY, r->proxy) ||
	    SET(easy, CURLOPT_CONNECTTIMEOUT_MS, r->connect_ms) ||
	    set_trust(easy, r->ca_file))
		return -1;
	return 0;
}

bool fetch_route_is_plain(const struct fetch_route *r)
{
	return r->is_plain;
}

size_t fetch_route_bytes(const struct fetch_route *r)
{
	return strlen(r->path) + strlen(r->fields);
}

const char *fetch_route_place(const struct fetch_route *r)
{
	return r->place;
}
