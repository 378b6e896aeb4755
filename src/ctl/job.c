/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of the commands over recorded traffic.
 */
#include "ctl/job.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

static int open_subject(const struct job *j, const struct args *a,
			struct subject *s)
{
	struct args again = *a;
	char *calibration;
	int status = subject_open(s, j->command, a);

	if (status != 0 || !j->own_artifact || a->artifact ||
	    !isnan(a->max_error) || !s->cascade->calibration)
		return status;
	again.artifact = calibration = mem_dup(s->cascade->calibration);
	subject_close(s);
	status = subject_open(s, j->command, &again);
	free(calibration);
	return status;
}

static int with_subject(const struct job *j, const struct args *a,
			const struct subject *s)
{
	struct sources f;
	int status = j->check_subject ? j->check_subject(a, s) : 0;

	if (status == 0)
		status = sources_read(&f, j->command, a, s, j->every);
	if (status != 0)
		return status;
	status = j->work(a, s, &f);
	sources_close(&f);
	return status;
}

int job_run(const struct job *j, int argc, char **argv)
{
	struct args a;
	struct subject s;
	int status;

	if (!args_read(j->command, argc, argv, &a, &status))
		return status;
	status = j->check ? j->check(&a) : 0;
	if (status == 0)
		status = open_subject(j, &a, &s);
	if (status == 0) {
		status = with_subject(j, &a, &s);
		subject_close(&s);
	}
	args_release(&a);
	return status;
}
