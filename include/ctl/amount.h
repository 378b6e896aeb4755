/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shares, money and counts as a reader wants them: few digits, units, and a
 * dash where nothing is known. Pure; the same value gives the same text
 * anywhere.
 */
#ifndef CTL_AMOUNT_H
#define CTL_AMOUNT_H

#include <stddef.h>

/* By value, so that amount_share(x).s may stand in a list of arguments. */
struct amount {
	char s[64];
};

/* Two decimals below a percent and one above: "0.93 %", "39.0 %". */
struct amount amount_share(double share);
/* The same of a share that was asked for, not measured: "2 %". */
struct amount amount_given(double share);
/* Three digits or cents, whatever is finer: "$0.0571", "$12.40",
 * "\u2212$0.20". */
struct amount amount_usd(double usd);
struct amount amount_count(size_t n);	/* "14,042" */
struct amount amount_decimal(double v); /* three decimals: "0.913" */
/* "0.39 % to 1.90 %"; a dash when either is not known. */
struct amount amount_share_range(double low, double high);
struct amount amount_usd_range(double low, double high);
struct amount amount_decimal_range(double low, double high);

#endif
