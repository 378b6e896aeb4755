/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is let in, with which key, and what they may ask for.
 */
#include "api/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define KEY_A "fg-0123456789abcdef0123456789abcdef"
#define KEY_B "fg-fedcba9876543210fedcba9876543210"

static const char *b_may[] = {"auto", "small"};

static struct conf_client_key keys[] = {
	{.name = "a"},
	{.name = "b", .cascades = {b_may, 2}},
};

static const struct conf asked = {
	.keys_asked = true, .keys = keys, .n_keys = 2};

static int hash_keys(void **state)
{
	(void)state;
	digest_of(span_of(KEY_A), &keys[0].hash);
	digest_of(span_of(KEY_B), &keys[1].hash);
	return 0;
}

static void test_headers(void **state)
{
	static const struct {
		const char *authorization, *api_key, *who;
	} rows[] = {
		{"Bearer " KEY_A, NULL, "a"},
		{"Bearer " KEY_B, NULL, "b"},
		{"bearer " KEY_B, NULL, "b"},
		{"BEARER " KEY_A, NULL, "a"},
		{"Bearer   " KEY_A "  ", NULL, "a"},
		{NULL, KEY_A, "a"},
		{NULL, " " KEY_B " ", "b"},
		/* authorization goes first, and then alone. */
		{"Bearer " KEY_A, KEY_B, "a"},
		{"Bearer wrong", KEY_B, NULL},
		{"Basic " KEY_A, KEY_B, NULL},
		{"", KEY_B, NULL},

		{NULL, NULL, NULL},
		{NULL, "", NULL},
		{NULL, "   ", NULL},
		{"Bearer", NULL, NULL},
		{"Bearer ", NULL, NULL},
		{"Bearer    ", NULL, NULL},
		{KEY_A, NULL, NULL},
		{"Bearer" KEY_A, NULL, NULL},
		{"Bearer\t" KEY_A, NULL, NULL},
		{"Basic " KEY_A, NULL, NULL},
		{"Bearer " KEY_A "x", NULL, NULL},
		{"Bearer x" KEY_A, NULL, NULL},
		{"Bearer " KEY_A " " KEY_B, NULL, NULL},
		{"Bearer FG-0123456789abcdef0123456789abcdef", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct conf_client_key *who = &keys[0];
		bool in = auth_check(&asked, rows[i].authorization,
				     rows[i].api_key, &who);

		if (in != (rows[i].who != NULL))
			fail_msg("row %zu", i);
		if (in)
			assert_string_equal(who->name, rows[i].who);
		else
			assert_null(who);
	}
}

/* Each bit of a key counts, and so does its length. */
static void test_every_bit_counts(void **state)
{
	const struct conf_client_key *who;
	char key[] = KEY_A;

	(void)state;
	for (size_t i = 0; i < strlen(KEY_A); i++) {
		for (int bit = 0; bit < 8; bit++) {
			key[i] = (char)(KEY_A[i] ^ (1 << bit));
			if (key[i] == '\0')
				continue;
			assert_false(auth_check(&asked, NULL, key, &who));
		}
		key[i] = '\0';
		assert_false(auth_check(&asked, NULL, key, &who));
		key[i] = KEY_A[i];
	}
	assert_true(auth_check(&asked, NULL, key, &who));
}

/* The hash is not the key. */
static void test_hash_is_no_key(void **state)
{
	const struct conf_client_key *who;
	char hex[2 * DIGEST_SIZE + 1];

	(void)state;
	digest_hex(&keys[0].hash, hex);
	assert_false(auth_check(&asked, NULL, hex, &who));
}

static void test_no_keys(void **state)
{
	const struct conf open_to_all = {.keys_asked = false};
	const struct conf nobody = {.keys_asked = true};
	const struct conf_client_key *who = &keys[0];

	(void)state;
	assert_true(auth_check(&open_to_all, NULL, NULL, &who));
	assert_null(who);
	who = &keys[0];
	assert_true(auth_check(&open_to_all, "Bearer " KEY_A, NULL, &who));
	assert_null(who);
	assert_false(auth_check(&nobody, "Bearer " KEY_A, NULL, &who));
	assert_false(auth_check(&nobody, NULL, NULL, &who));
}

static void test_what_is_allowed(void **state)
{
	(void)state;
	assert_true(auth_allows(NULL, "anything"));
	assert_true(auth_allows(&keys[0], "anything"));
	assert_true(auth_allows(&keys[1], "auto"));
	assert_true(auth_allows(&keys[1], "small"));
	assert_false(auth_allows(&keys[1], "large"));
	assert_false(auth_allows(&keys[1], "aut"));
	assert_false(auth_allows(&keys[1], "auto2"));
	assert_false(auth_allows(&keys[1], "Auto"));
	assert_false(auth_allows(&keys[1], ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_hash_is_no_key),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_what_is_allowed),
	};

	return cmocka_run_group_tests_name("auth", tests, hash_keys, NULL);
}
