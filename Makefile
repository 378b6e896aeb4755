# SPDX-License-Identifier: Apache-2.0
# frugald: `make help` lists the targets.

MODE   ?= release
B      := build/$(MODE)
CC     ?= gcc
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

# Sources, layer by layer, bottom first; a file may include its own layer and
# those above it in this list (scripts/check-layers).
L0 := $(addprefix base/, err mem buf map now log fixed decimal jtext jscan digest metric core)
L1 := $(addprefix evt/, loop deadline signals pool)
# Both programs have STAT, and frugalctl alone what fits and judges.
STAT := $(addprefix stat/, tokens isotonic spline calibrator)
STAT_OFFLINE := $(addprefix stat/, binom risk curve newton calibrator_fit logit)
L2 := $(addprefix conf/, doc conf_keys conf_faults conf_near conf_headers conf_rows \
      conf_value conf_secret conf_url conf_verify conf_judging conf_entries conf conf_read) \
      $(addprefix net/, pump fetch_route fetch_conn fetch_pool reply_head \
      reply_body reply http_client sse http_guard http_conn http_request \
      http_answer http_server) \
      $(addprefix chat/, chat_scan splice chat chat_reply chat_logprobs \
        chat_ask chat_check chat_sample chat_judge chat_edit chunk slices chat_replay gather gather_write \
	chat_error price fault) \
      $(addprefix store/, db ledger_schema ledger_insert ledger_file ledger \
        ledger_reader ledger_purge ledger_check) \
      $(STAT)
L3 := $(addprefix upstream/, backend dialect dialect_openai call)
L4 := $(addprefix verify/, verdict verifier signal \
      number prose passage final_answer plain_words json_same pattern \
      comparator choice_same ballot token_stats words refusal repetition hedge script \
      verify_rules verify_logprob heads artifact artifact_route \
      verify_head fold plea suspect verify_check_read verify_judge_read inquiry verify_same verify_check verify_judge verify_samples plugin_file plugin verify_plugin verify_http_read verify_http verifiers)
L5 := $(addprefix cascade/, generation policy roster recorder outlet account \
      chain pair survey run_told run)
L6 := $(addprefix api/, route auth request_id feedback reply api_chat api_feedback \
      api_models api api_admin)
FEEDBACK := api/request_id api/feedback
L7 := $(addprefix daemon/, listener worker reload calibrations daemon main)
CTL := $(addprefix ctl/, samples misses part fit split cuts cuts_frontier certify \
       economy quality calibration args when lines record askers asked judge costs records record_edit \
       ledger_records \
       configuration outfile subject sources job ruler tell eval_whom \
       eval_lines eval_plan eval_tally eval_progress eval_row eval_run \
       eval_subject eval_tell eval calibrate score replay \
       ledger_job ledger_csv ledger_export ledger_import ledger_remove \
       ledger_verify ledger label key main)
REPORT := $(addprefix ctl/, amount markup svg_axis svg svg_label figures \
      figures_account figures_bins report_words page_style page_tables page tally \
      evidence measure_rows measure report_summary report)

DAEMON_OBJS := $(L0) $(L1) $(L2) $(L3) $(L4) $(L5) $(L6) $(L7)
VERIFY_OFFLINE := verify/artifact_save
CTL_OBJS    := $(L0) $(L1) $(L2) $(L3) $(L4) $(STAT_OFFLINE) $(VERIFY_OFFLINE) \
	$(addprefix cascade/, generation policy account chain pair survey) \
	$(FEEDBACK) $(CTL) $(REPORT)

PKGS   := libmicrohttpd libcurl jansson yaml-0.1 openssl sqlite3 libpcre2-8
CPPFLAGS += -Iinclude -D_GNU_SOURCE -DFRUGALD_VERSION='"$(VERSION)"'
WARN := -Wall -Wextra -Wformat=2 -Werror=format-security -Wconversion \
	-Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
BASE_CFLAGS := -g -std=c17 $(WARN) -fno-delete-null-pointer-checks \
	-fno-strict-overflow -fno-strict-aliasing -fvisibility=hidden
HARDEN := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	-fstack-clash-protection -fcf-protection=full \
	-ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr -fPIE
LINK := -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--as-needed

CFLAGS_release := $(HARDEN)
LDFLAGS_release := -pie $(LINK)
CFLAGS_asan := -O1 -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all
LDFLAGS_asan := -fsanitize=address,undefined
CFLAGS_tsan := -O1 -fno-omit-frame-pointer -fsanitize=thread
LDFLAGS_tsan := -fsanitize=thread

ALL_CFLAGS  = $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS_$(MODE)) \
	$(shell pkg-config --cflags $(PKGS)) $(CFLAGS)
ALL_LDFLAGS = $(LDFLAGS_$(MODE)) $(LDFLAGS)
LIBS        = $(shell pkg-config --libs $(PKGS)) -lpthread -lm
ALL_CFLAGS := $(ALL_CFLAGS)
LIBS := $(LIBS)

all: $(B)/frugald $(B)/frugalctl

$(B)/frugald: $(DAEMON_OBJS:%=$(B)/obj/%.o)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/frugalctl: $(CTL_OBJS:%=$(B)/obj/%.o)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -llinear $(LIBS)

$(B)/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# What scripts/evaluate runs: promises held against public records.
EVALUATE := $(patsubst %.c,$(B)/%.o,$(wildcard tests/evaluate/*.c))
$(B)/tests/evaluate/%.o: tests/evaluate/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/evaluate: $(EVALUATE) $(patsubst %,$(B)/obj/%.o,$(filter-out ctl/main,$(CTL_OBJS)))
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -llinear $(LIBS)

# Unit tests: the objects each needs; a long line here is a design fault. What
# of libraries only one of them needs is in UNIT_LIBS_noun.
include tests/unit/units.mk
UNITS := $(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c))

$(B)/unit/%.o: tests/unit/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define UNIT_RULE
$(B)/unit/test_$(1): $(B)/unit/test_$(1).o $(UNIT_$(1):%=$(B)/obj/%.o)
	$(CC) $(ALL_LDFLAGS) -o $$@ $$^ -lcmocka $$(UNIT_LIBS_$(1)) $(LIBS)
endef
$(foreach u,$(UNITS),$(eval $(call UNIT_RULE,$(u))))

# Fuzz targets: fuzz.mk names the objects each needs. `fuzz` looks for new
# faults, `check-corpus` runs what is kept.
include tests/fuzz/fuzz.mk
FUZZERS := $(patsubst tests/fuzz/%/,%,$(wildcard tests/fuzz/*/))
FUZZ_FLAGS := -g -O1 -std=c17 -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all
FUZZ_SECONDS ?= 60

define FUZZ_RULE
build/fuzz/fuzz_$(1): tests/fuzz/$(1)/fuzz_$(1).c $(FUZZ_$(1):%=src/%.c)
	@mkdir -p build/fuzz
	clang $(CPPFLAGS) $(FUZZ_FLAGS) -o $$@ $$^ $(LIBS)
endef
$(foreach f,$(FUZZERS),$(eval $(call FUZZ_RULE,$(f))))

check-corpus: $(FUZZERS:%=build/fuzz/fuzz_%)
	@set -e; for f in $(FUZZERS); do echo "# corpus of $$f"; \
	build/fuzz/fuzz_$$f -runs=0 tests/fuzz/$$f/corpus; done

fuzz: $(FUZZERS:%=build/fuzz/fuzz_%)
	@set -e; for f in $(FUZZERS); do mkdir -p build/fuzz/$$f; \
	build/fuzz/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) -timeout=5 \
	build/fuzz/$$f tests/fuzz/$$f/corpus; done

check-unit: $(if $(T),$(B)/unit/test_$(T),$(UNITS:%=$(B)/unit/test_%))
	@set -e; for t in $^; do echo "# $$t"; CMOCKA_MESSAGE_OUTPUT=TAP $$t; done

# Stories: the daemon, scripted backends, real clients. ARGS go to pytest.
PYTHON ?= build/clients/venv/bin/python
STORIES ?= tests/flow
check-flow: all
	FRUGALD=$(B)/frugald FRUGALCTL=$(B)/frugalctl \
	$(PYTHON) -m pytest -c tests/flow/pytest.ini -q $(STORIES) $(ARGS)

check: check-unit check-corpus check-flow

ASAN_ENV := ASAN_OPTIONS=detect_leaks=1:halt_on_error=1:abort_on_error=0 \
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
asan:
	$(ASAN_ENV) FRUGALD_TIMEOUT_SCALE=3 \
	$(MAKE) MODE=asan check-unit check-flow \
	ARGS="--ignore=tests/flow/91-eval-real-models.py"

TSAN_ENV := TSAN_OPTIONS=halt_on_error=1:suppressions=$(CURDIR)/tests/tsan.supp
# The real models see nothing of threads that the other stories do not show, and
# their hundred questions nothing of memory.
tsan:
	$(TSAN_ENV) FRUGALD_TIMEOUT_SCALE=4 $(MAKE) MODE=tsan \
	check-unit check-flow ARGS="--ignore-glob=*-real-models.py"

lint:
	scripts/check-layers
	scripts/lint

fmt:
	clang-format -i $$(git ls-files 'src/*.c' 'include/*.h' 'tests/*.[ch]')

install: all
	install -D -m 755 $(B)/frugald $(DESTDIR)$(PREFIX)/sbin/frugald
	install -D -m 755 $(B)/frugalctl $(DESTDIR)$(PREFIX)/bin/frugalctl
	install -D -m 644 include/frugald/verifier.h \
		$(DESTDIR)$(PREFIX)/include/frugald/verifier.h
	install -D -m 644 config/frugald.yaml.5 \
		$(DESTDIR)$(PREFIX)/share/man/man5/frugald.yaml.5
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/frugald/LICENSE
	install -D -m 644 config/frugald.yaml \
		$(DESTDIR)$(PREFIX)/share/doc/frugald/frugald.yaml
	install -D -m 644 config/minimal.yaml \
		$(DESTDIR)$(PREFIX)/share/doc/frugald/minimal.yaml

clean:
	rm -rf build/release build/asan build/tsan build/fuzz build/bench

help:
	@echo "make                build/release/frugald and frugalctl"
	@echo "make check          unit tests, fuzz corpora, stories"
	@echo "make check-unit T=policy      one unit test"
	@echo "make check-flow STORIES=tests/flow/03-escalate.py"
	@echo "make asan | tsan    the same under sanitizers"
	@echo "make lint           analyzers, layers, banned calls, long functions"
	@echo "make fuzz           every fuzz target for FUZZ_SECONDS (60)"
	@echo "make fmt            lay the sources out"
	@echo "make install PREFIX=/usr/local DESTDIR="
	@echo "make clean"
	@echo "scripts/setup installs what is needed; scripts/test runs it all;"
	@echo "scripts/bench measures; scripts/evaluate DATA holds calibration to its"
	@echo "promises; scripts/calibrate-demo DATA fits the demonstration's anew;"
	@echo "scripts/run runs."

.PHONY: all check check-unit check-corpus check-flow asan tsan lint fmt fuzz \
	install clean help
.DELETE_ON_ERROR:

-include $(shell find $(B) -name '*.d' 2>/dev/null)
