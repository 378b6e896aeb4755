/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks URLs with the parser that will use them, libcurl's.
 */
#include "conf/conf_url.h"

#include <curl/curl.h>

#include "base/mem.h"
#include "conf/conf.h"
#include "conf/conf_value.h"

/* What must not be in it at all. By the text, so that an empty query or user
 * counts as well. */
static int check_text(const char *text, struct err *why)
{
	const char *host = strstr(text, "://");

	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return err_set(why, ERR_CONF,
				       "is no URL: it holds a space or a "
				       "character that is not ASCII");
	if (!host)
		return err_set(why, ERR_CONF,
			       "is no URL; write it out, like "
			       "http://127.0.0.1:8000/v1");
	host += 3;
	/* libcurl would take what follows for the host. */
	if (strchr("/?#", *host))
		return err_set(why, ERR_CONF, "is no URL: it has no host");
	if (memchr(host, '@', strcspn(host, "/?#")))
		return err_set(why, ERR_CONF,
			       "holds a user or password; a key belongs in "
			       "`api_key` or `headers`");
	if (strpbrk(text, "?#"))
		return err_set(why, ERR_CONF,
			       "holds a query or a fragment; leave off what "
			       "follows ? or #");
	return 0;
}

static int check_scheme(CURLU *u, const char *schemes, struct err *why)
{
	char *scheme = NULL;
	int rc = 0;

	if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    conf_value_word(schemes, scheme) < 0)
		rc = err_set(why, ERR_CONF, "must be a URL of %s", schemes);
	curl_free(scheme);
	return rc;
}

static const char *copy_normal(CURLU *u, struct arena *a, struct err *why)
{
	char *whole;
	const char *copy;

	if (curl_url_get(u, CURLUPART_URL, &whole, 0) != CURLUE_OK) {
		err_set(why, ERR_CONF, "is no URL");
		return NULL;
	}
	copy = arena_dup(a, span_of(whole));
	curl_free(whole);
	return copy;
}

const char *conf_url_normal(const char *text, const char *schemes,
			    struct arena *a, struct err *why)
{
	CURLU *u = curl_url();
	const char *normal = NULL;
	CURLUcode rc;

	if (!u) {
		err_set(why, ERR_SYS, "out of memory");
		return NULL;
	}
	if (check_text(text, why) < 0)
		goto out;
	/* Of a scheme that the URL parser need not know: socks5h. */
	rc = curl_url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
	if (rc != CURLUE_OK)
		err_set(why, ERR_CONF, "is no URL: %s", curl_url_strerror(rc));
	else if (check_scheme(u, schemes, why) == 0)
		normal = copy_normal(u, a, why);
out:
	curl_url_cleanup(u);
	return normal;
}

bool conf_url_is_exposed(const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL;
	bool exposed = strncmp(url, "http://", 7) == 0;

	if (exposed && u && curl_url_set(u, CURLUPART_URL, url, 0) == 0 &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == 0)
		exposed = !conf_host_is_local(host);
	curl_free(host);
	curl_url_cleanup(u);
	return exposed;
}
