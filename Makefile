# Xanh: one file, not recursive. `make help` lists the targets. Variants build side by side under
# build/VARIANT (release, asan, tsan, coverage); sources are found by folder, so a new file needs no line here.

PREFIX   ?= /usr/local
DESTDIR  ?=
CC       ?= gcc
JOBS     ?= $(shell nproc)
VARIANT  ?= release
FUZZ_SECONDS ?= 20
SEEDS    ?= 200
VERSION  := 0.1.0
PKG_CONFIG ?= pkg-config
O        := build/$(VARIANT)

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

# ---- libraries: what is missing is answered with the package's name ----

no-build-goals := help demo clean format format-check dist test
need = $(if $(shell $(PKG_CONFIG) --exists '$(1) >= $(2)' 2>/dev/null && echo y),,$(error needs $(1) >= $(2): apt-get install $(3)   (all of them: deploy/install-deps)))
ifneq ($(if $(MAKECMDGOALS),$(filter-out $(no-build-goals),$(MAKECMDGOALS)),all),)
$(if $(shell command -v $(PKG_CONFIG)),,$(error needs pkg-config: apt-get install pkg-config   (all of them: deploy/install-deps)))
$(call need,yaml-0.1,0.2,libyaml-dev)
$(call need,libmodbus,3.1,libmodbus-dev)
$(call need,netsnmp,5.9,libsnmp-dev)
$(call need,libvirt,9.0,libvirt-dev)
$(call need,librrd,1.7,librrd-dev)
$(call need,sqlite3,3.40,libsqlite3-dev)
$(call need,libmicrohttpd,0.9.75,libmicrohttpd-dev)
$(call need,gnutls,3.7,libgnutls28-dev)
$(call need,libcurl,7.88,libcurl4-gnutls-dev)
$(call need,jansson,2.14,libjansson-dev)
$(call need,libsystemd,252,libsystemd-dev)
$(call need,xlsxwriter,1,libxlsxwriter-dev)
$(call need,pangocairo,1.50,libpango1.0-dev)
endif

libs.common  := yaml-0.1 gnutls libsystemd
libs.drivers := libmodbus netsnmp
libs.agent   := libcurl jansson
libs.books   := sqlite3 jansson xlsxwriter pangocairo
libs.shell   := libvirt librrd libmicrohttpd libcurl $(libs.books)
libs.test    := cmocka
flags = $(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null | sed 's/-I/-isystem /g')
load  = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null)

# ---- flags: the second list is what clang 14 does not know ----

std  := -std=gnu17 -D_GNU_SOURCE -DXN_VERSION='"$(VERSION)"' -I.
warn := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wundef \
 -Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes -Wmissing-declarations \
 -Wredundant-decls -Wnested-externs -Wpointer-arith -Wcast-qual -Wwrite-strings -Wswitch-enum \
 -Wvla -Wdouble-promotion -Wnull-dereference -Wframe-larger-than=16384 -Wdate-time -Wunused-macros \
 -Werror=implicit-function-declaration -Werror=incompatible-pointer-types -Werror=int-conversion \
 -Werror=return-type
ifeq ($(findstring clang,$(shell $(CC) --version 2>/dev/null)),)
warn += -Warith-conversion -Wformat-signedness -Wcast-align=strict -Wimplicit-fallthrough=5 \
 -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init
hard.gcc := -ftrivial-auto-var-init=zero
endif
hard := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fPIE \
 -fno-strict-overflow -fno-common $(hard.gcc)

opt.release  := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
opt.asan     := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
opt.tsan     := -O1 -g -fsanitize=thread
opt.coverage := -O0 -g --coverage
ld.release   := -Wl,--build-id=sha1,-z,relro,-z,now,-z,noexecstack,-z,separate-code
CFLAGS.all   = $(std) $(warn) $(hard) $(opt.$(VARIANT)) $(if $(CI),-Werror) $(CFLAGS)
LDFLAGS.all  = -pie -Wl,--as-needed $(filter -fsanitize% --coverage,$(opt.$(VARIANT))) $(ld.$(VARIANT)) $(LDFLAGS)

# ---- sources ----

# Pure parts of common/: they may enter the core's archive (make layers).
pure.names := arena calendar crc32c csv error frame point problem random tariff text value value_time yaml
pure.src   := $(wildcard $(pure.names:%=common/%.c))
common.src := $(filter-out $(pure.src),$(wildcard common/*.c))
core.src   := $(pure.src) $(wildcard policies/*.c policies/constraints/*.c orchestrator/core/*.c)
drivers.src := $(wildcard drivers/*.c)
agent.src  := $(filter-out agents/main.c,$(wildcard agents/*.c))
shell.src  := $(filter-out orchestrator/shell/main.c,$(wildcard orchestrator/shell/*.c))
books.src  := $(wildcard orchestrator/books/*.c)
reports.src := $(wildcard orchestrator/reports/*.c)
sim.src    := $(wildcard orchestrator/sim/*.c)
cli.src    := $(wildcard orchestrator/cli/*.c)
testlib.src := $(wildcard tests/lib/*.c)
simdev.src := $(wildcard tests/simdev/*.c)
simtest.src := $(wildcard tests/sim/*.c)

archives := core common drivers agent shell reports books sim testlib
objects = $(patsubst %.c,$(O)/%.o,$(1))
archive = $(O)/libxanh-$(1).a

programs := $(O)/xanhd $(O)/xanh-agent $(O)/xanh
unit     := $(patsubst tests/%.c,$(O)/tests/%,$(wildcard tests/unit/*_test.c tests/stories/*_test.c tests/faults/*_test.c))
fuzzers  := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
benches  := $(patsubst tests/%.c,$(O)/tests/%,$(wildcard tests/bench/*_bench.c))
loads    := $(patsubst tests/%.c,$(O)/tests/%,$(wildcard tests/bench/*_load.c))
integration := $(sort $(wildcard tests/integration/*.t tests/browser/*.t))

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

.PHONY: all check test sanitize tsan fuzz bench coverage analyze tidy layers format format-check \
 demo install uninstall dist clean help deps

all: $(programs) $(if $(simdev.src),$(O)/simdev) ## build the programs

# ---- compile and link ----

$(O)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,cc,$<)$(CC) $(CFLAGS.all) $(call flags,$(libs.common) $(libs.drivers) $(libs.shell) $(libs.test)) -MMD -MP -c -o $@ $<

define archive_rule
$(call archive,$(1)): $$(call objects,$$($(1).src))
	@mkdir -p $$(@D)
	$$(call say,ar,$$@)rm -f $$@ && ar qcs $$@ $$^
endef
$(foreach a,$(archives),$(eval $(call archive_rule,$(a))))

link = $(call say,ld,$@)$(CC) $(LDFLAGS.all) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group

$(O)/xanhd: $(O)/orchestrator/shell/main.o $(O)/web.o $(foreach a,shell reports books core common,$(call archive,$(a)))
	$(link) $(call load,$(libs.shell) $(libs.common)) -lm -pthread

$(O)/xanh-agent: $(O)/agents/main.o $(foreach a,agent drivers common core,$(call archive,$(a)))
	$(link) $(call load,$(libs.agent) $(libs.drivers) $(libs.common)) -lm -pthread

$(O)/xanh: $(call objects,$(cli.src)) $(foreach a,sim reports books drivers common core,$(call archive,$(a)))
	$(link) $(call load,$(libs.drivers) $(libs.books) libcurl $(libs.common)) -lm -pthread

$(O)/simdev: $(call objects,$(simdev.src)) $(foreach a,common core,$(call archive,$(a)))
	$(link) $(call load,netsnmp $(libs.common)) -lm -pthread

$(O)/xanh-sim: $(call objects,$(simtest.src)) $(foreach a,testlib core common,$(call archive,$(a)))
	$(link) $(call load,$(libs.common)) -lm

$(O)/tests/%: $(O)/tests/%.o $(foreach a,$(archives),$(call archive,$(a))) $(O)/web.o
	$(link) $(call load,$(libs.test) $(libs.drivers) $(libs.shell) $(libs.common)) -lm -pthread

# The web page goes into xanhd as it is, one row per file (deploy/embed writes the table).
web.files := $(wildcard dashboards/web/*.* dashboards/web/*/*.*)
uplot.files := dashboards/node_modules/uplot/dist/uPlot.esm.js dashboards/node_modules/uplot/dist/uPlot.min.css
$(uplot.files): dashboards/package-lock.json
	$(call say,npm,uplot)cd dashboards && npm ci --silent --no-audit --no-fund --ignore-scripts && touch $(uplot.files:dashboards/%=%)

$(O)/web.c: deploy/embed $(web.files) $(uplot.files)
	@mkdir -p $(@D)
	$(call say,embed,dashboards/web)deploy/embed $(O) $(web.files) $(uplot.files) > $@
$(O)/orchestrator/shell/api_page.o: docs/api/openapi.json
$(O)/web.o: $(O)/web.c
	$(call say,cc,$<)$(CC) $(std) $(opt.$(VARIANT)) -fPIE -c -o $@ $<

-include $(shell find $(O) -name '*.d' 2>/dev/null)

# ---- prove it ----

deps:
	@deploy/install-deps

prove = CMOCKA_MESSAGE_OUTPUT=TAP prove --timer -j$(1) -e '' $(2)

check: all layers $(unit) $(O)/xanh-sim ## unit tests, stories, layers and a short simulation: seconds
	@XANH_BUILD=$(CURDIR)/$(O) SEEDS=20 $(call prove,$(JOBS),$(unit) tests/sim/run.t)

test: deps ## everything, real parts included
	@$(MAKE) --no-print-directory test-all

.PHONY: test-all
test-all: all layers $(unit) $(loads) $(O)/xanh-sim
	@XANH_BUILD=$(CURDIR)/$(O) SEEDS=$(SEEDS) $(call prove,$(JOBS),$(unit) tests/sim/run.t tests/tidy.t)
	@XANH_BUILD=$(CURDIR)/$(O) $(call prove,1,$(integration))

sanitize: ## unit tests, stories and simulation under ASan and UBSan
	@$(MAKE) --no-print-directory VARIANT=asan check

tsan: ## rings and workers under TSan
	@$(MAKE) --no-print-directory VARIANT=tsan tsan-check
.PHONY: tsan-check
tsan-check: $(filter %/ring_test %/worker_test,$(unit))
	@$(call prove,1,$^)

fuzz.src := $(core.src) $(common.src) $(drivers.src) $(agent.src) $(wildcard $(addprefix orchestrator/reports/,manifest.c file.c cms.c signature.c)) orchestrator/books/readings.c
build/fuzz/%: tests/fuzz/%.c $(fuzz.src)
	@mkdir -p $(@D)
	$(call say,fuzz,$@)clang $(std) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	  $(call flags,$(libs.common) $(libs.drivers) $(libs.agent)) -o $@ $< $(fuzz.src) \
	  $(call load,$(libs.common) $(libs.drivers) $(libs.agent)) -lm -pthread

fuzz: $(fuzzers) ## each decoder for FUZZ_SECONDS from its corpus
	@tests/fuzz/seeds build/corpus
	@for f in $(fuzzers); do n=$$(basename $$f); mkdir -p build/corpus/$$n tests/fuzz/corpus/$$n; \
	  echo "  fuzz    $$n"; $$f -max_total_time=$(FUZZ_SECONDS) -verbosity=0 -print_final_stats=1 \
	  -artifact_prefix=build/fuzz/ build/corpus/$$n tests/fuzz/corpus/$$n || exit 1; done

bench: all $(benches) $(loads) ## figures against tests/bench/budgets.tsv
	@XANH_BUILD=$(CURDIR)/$(O) tests/bench/run $(benches)

coverage: ## line and branch coverage of unit tests, stories and simulation
	@$(MAKE) --no-print-directory VARIANT=coverage check
	@gcovr --root . --object-directory build/coverage --exclude tests/ --branches --txt -s

# What cppcheck 2.10 misreads: compound literals as arguments, the ends of embedded files, a pointer to its end.
cppcheck.misread := unknownEvaluationOrder comparePointers pointerOutOfBoundsCond legacyUninitvar
analyze: ## gcc -fanalyzer and cppcheck
	@$(MAKE) --no-print-directory VARIANT=analyzer CFLAGS='-fanalyzer -O1' all
	@cppcheck --quiet --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	  $(cppcheck.misread:%=--suppress=%) -I. common drivers agents policies orchestrator

layers: $(call archive,core) ## the core is pure, and folders include only what they may
	@tests/layers $(call archive,core)

tidy: ## function and file sizes, test:code, shell scripts, clang-tidy
	@tests/tidy.t
	@clang-tidy --quiet $(core.src) -- $(std) 2>/dev/null

sources = $(shell git ls-files '*.c' '*.h')
format: ## lay the sources out
	@clang-format -i $(sources)
format-check: ## whether they are laid out
	@clang-format --dry-run -Werror $(sources)

# ---- run it, ship it ----

demo: deps ## a small site on this machine: real protocols, real libvirt, one page
	@$(MAKE) --no-print-directory all
	@XANH_BUILD=$(CURDIR)/$(O) deploy/demo/run $(DEMO)

install: all ## into $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/xanh/profiles \
	  $(DESTDIR)$(PREFIX)/share/xanh/library $(DESTDIR)$(PREFIX)/share/xanh/examples/policies $(DESTDIR)$(PREFIX)/lib/systemd/system \
	  $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 755 $(O)/xanh $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(O)/xanhd $(O)/xanh-agent $(DESTDIR)$(PREFIX)/sbin/
	install -m 644 docs/man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5/
	install -m 644 drivers/profiles/*.yaml $(DESTDIR)$(PREFIX)/share/xanh/profiles/
	install -m 644 policies/library/* $(DESTDIR)$(PREFIX)/share/xanh/library/
	install -m 644 deploy/examples/*.yaml $(DESTDIR)$(PREFIX)/share/xanh/examples/
	install -m 644 deploy/examples/policies/*.yaml $(DESTDIR)$(PREFIX)/share/xanh/examples/policies/
	install -m 644 deploy/systemd/*.service $(DESTDIR)$(PREFIX)/lib/systemd/system/

uninstall: ## take away what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/xanh $(DESTDIR)$(PREFIX)/sbin/xanhd $(DESTDIR)$(PREFIX)/sbin/xanh-agent
	rm -f $(patsubst deploy/systemd/%,$(DESTDIR)$(PREFIX)/lib/systemd/system/%,$(wildcard deploy/systemd/*.service))
	rm -f $(patsubst docs/man/%,$(DESTDIR)$(PREFIX)/share/man/man5/%,$(wildcard docs/man/*.5))
	rm -rf $(DESTDIR)$(PREFIX)/share/xanh

dist: ## a tarball of what is committed
	@mkdir -p build && git archive --prefix=xanh-$(VERSION)/ -o build/xanh-$(VERSION).tar.gz HEAD && echo build/xanh-$(VERSION).tar.gz

clean: ## remove build/
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' Makefile
