/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 against the published vectors; hex both ways.
 */
#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_digest(struct span bytes, const char *hex)
{
	char out[2 * DIGEST_SIZE + 1];
	struct digest d, parsed;

	digest_of(bytes, &d);
	digest_hex(&d, out);
	assert_string_equal(out, hex);
	assert_int_equal(digest_parse(span_of(hex), &parsed), 0);
	assert_true(digest_equal(&d, &parsed));
}

/* FIPS 180-2, appendix B, and the examples NIST gives beside it. */
static void test_published_vectors(void **state)
{
	char *million = malloc(1000000);

	(void)state;
	memset(million, 'a', 1000000);
	assert_digest(span_of(NULL), "e3b0c44298fc1c149afbf4c8996fb924"
				     "27ae41e4649b934ca495991b7852b855");
	assert_digest(span_of("abc"), "ba7816bf8f01cfea414140de5dae2223"
				      "b00361a396177a9cb410ff61f20015ad");
	assert_digest(span_of("abcdbcdecdefdefgefghfghighijhijk"
			      "ijkljklmklmnlmnomnopnopq"),
		      "248d6a61d20638b8e5c026930c3e6039"
		      "a33ce45964ff2167f6ecedd419db06c1");
	assert_digest(span_of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklm"
			      "ghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
			      "mnopqrstnopqrstu"),
		      "cf5b16a778af8380036ce59e7b049237"
		      "0b249b11e8f07a51afac45037afee9d1");
	assert_digest((struct span){million, 1000000},
		      "cdc76e5c9914fb9281a1c7e284d73e67"
		      "f1809a48a497200e046d39ccc7112cd0");
	assert_digest((struct span){"\xbd", 1},
		      "68325720aabd7c82f30f554b313d0570"
		      "c95accbb7dc4b5aae11204c08ffe732b");
	free(million);
}

/* FIPS 180-2, B.1 and B.2, cut in three. */
static void test_pieces(void **state)
{
	struct digest_sum *s = digest_sum_new();
	struct digest whole, d;

	(void)state;
	digest_of(span_of("abc"), &whole);
	digest_sum_add(s, span_of("a"));
	digest_sum_add(s, span_of(NULL));
	digest_sum_add(s, span_of("bc"));
	digest_sum_get(s, &d);
	assert_true(digest_equal(&d, &whole));
	digest_sum_add(s, span_of("dbcdecdefdefgefghfghighijhijk"
				  "ijkljklmklmnlmnomnopnopq"));
	digest_of(span_of("abcdbcdecdefdefgefghfghighijhijk"
			  "ijkljklmklmnlmnomnopnopq"),
		  &whole);
	digest_sum_get(s, &d);
	assert_true(digest_equal(&d, &whole));
	digest_sum_free(s);
	digest_sum_free(NULL);
}

static void test_equal_sees_every_bit(void **state)
{
	struct digest a, b;
	int bit;

	(void)state;
	digest_of(span_of("x"), &a);
	for (bit = 0; bit < 8 * DIGEST_SIZE; bit++) {
		b = a;
		b.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(digest_equal(&a, &b));
	}
}

static void test_parse_takes_both_cases(void **state)
{
	struct digest a, b;
	char lower[2 * DIGEST_SIZE + 1], upper[2 * DIGEST_SIZE + 1];
	int i;

	(void)state;
	for (i = 0; i < DIGEST_SIZE; i++)
		a.b[i] = (uint8_t)(i * 8 + 7 - i % 8);
	digest_hex(&a, lower);
	for (i = 0; i <= 2 * DIGEST_SIZE; i++)
		upper[i] = lower[i] >= 'a' ? (char)(lower[i] - 32) : lower[i];
	assert_int_equal(digest_parse(span_of(lower), &b), 0);
	assert_true(digest_equal(&a, &b));
	memset(&b, 0, sizeof(b));
	assert_int_equal(digest_parse(span_of(upper), &b), 0);
	assert_true(digest_equal(&a, &b));
}

/* Every byte at both places of a pair, and every length near the right one. */
static void test_parse_refuses_the_rest(void **state)
{
	char hex[67];
	struct digest d;
	int c, at, ok;
	size_t n;

	(void)state;
	memset(hex, 'a', sizeof(hex));
	for (at = 0; at < 64; at += 21) {
		for (c = 0; c < 256; c++) {
			hex[at] = (char)c;
			ok = c != 0 && strchr("0123456789abcdefABCDEF", c);
			assert_int_equal(
				digest_parse((struct span){hex, 64}, &d),
				ok ? 0 : -1);
		}
		hex[at] = 'a';
	}
	for (n = 0; n < 67; n++)
		assert_int_equal(digest_parse((struct span){hex, n}, &d),
				 n == 64 ? 0 : -1);
	memset(&d, 7, sizeof(d));
	hex[63] = 'g';
	assert_int_equal(digest_parse((struct span){hex, 64}, &d), -1);
	assert_int_equal(d.b[0], 7);
}

static void test_random_hex(void **state)
{
	char a[2 * 200 + 2], b[2 * 200 + 2];
	static const size_t sizes[] = {0, 1, 8, 63, 64, 65, 128, 200};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		memset(a, '#', sizeof(a));
		digest_random_hex(a, sizes[i]);
		assert_int_equal(strlen(a), 2 * sizes[i]);
		assert_int_equal(strspn(a, "0123456789abcdef"), 2 * sizes[i]);
		assert_int_equal(a[2 * sizes[i] + 1], '#');
	}
	digest_random_hex(a, 200);
	digest_random_hex(b, 200);
	assert_string_not_equal(a, b);
	assert_memory_not_equal(a, a + 128, 128);
}

static void test_cleanse(void **state)
{
	char a[5] = "abcd";

	(void)state;
	digest_cleanse(a + 1, 2);
	assert_memory_equal(a, "a\0\0d", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vectors),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_equal_sees_every_bit),
		cmocka_unit_test(test_parse_takes_both_cases),
		cmocka_unit_test(test_parse_refuses_the_rest),
		cmocka_unit_test(test_random_hex),
		cmocka_unit_test(test_cleanse),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
