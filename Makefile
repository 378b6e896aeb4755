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
L0 := $(addprefix base/, err mem buf map now log jscan digest metric)
L1 := $(addprefix evt/, loop deadline signals)
L2 := $(addprefix conf/, doc conf conf_read) \
      $(addprefix net/, http_server http_client sse) \
      $(addprefix chat/, chat_scan chat chat_reply chat_edit chat_replay price fault) \
      $(addprefix store/, db ledger) \
      $(addprefix stat/, tokens)
L3 := $(addprefix upstream/, backend dialect dialect_openai call)
L4 := $(addprefix verify/, verdict verifier verify_rules verify_logprob)
L5 := $(addprefix cascade/, generation policy roster recorder outlet run)
L6 := $(addprefix api/, route auth reply api_chat api_models api api_admin)
L7 := $(addprefix daemon/, listener worker reload daemon main)
CTL := $(addprefix ctl/, key main)

DAEMON_OBJS := $(L0) $(L1) $(L2) $(L3) $(L4) $(L5) $(L6) $(L7)
CTL_OBJS    := $(L0) $(CTL)

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
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Unit tests: the objects each needs; a long line here is a design fault.
include tests/unit/units.mk
UNITS := $(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c))

$(B)/unit/%.o: tests/unit/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define UNIT_RULE
$(B)/unit/test_$(1): $(B)/unit/test_$(1).o $(UNIT_$(1):%=$(B)/obj/%.o)
	$(CC) $(ALL_LDFLAGS) -o $$@ $$^ -lcmocka $(LIBS)
endef
$(foreach u,$(UNITS),$(eval $(call UNIT_RULE,$(u))))

check-unit: $(if $(T),$(B)/unit/test_$(T),$(UNITS:%=$(B)/unit/test_%))
	@set -e; for t in $^; do echo "# $$t"; CMOCKA_MESSAGE_OUTPUT=TAP $$t; done

-include $(shell find $(B) -name '*.d' 2>/dev/null)
