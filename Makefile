# SPDX-License-Identifier: GPL-2.0
#
# The front door: every verb a person needs, and no logic. Each verb is one call
# of harness/kmaplab, which says what it can do with --help and whose exit
# status is the real one: make turns every failure into its own status 2.

# Nothing but the verb's own output, also below another make.
MAKEFLAGS += --no-print-directory

# A variable becomes the option of the same name. Its value reaches the shell
# through the environment and unexpanded, so quotes and dollars in it survive.
OPTIONS = LAB LABS RULE SAMPLE JOBS KERNEL ARCH FLAVOUR FORMAT SEED ACCEL LIMIT CMD EXTRA CLAUSE CALLS ROUNDS ONLY WORK EXERCISE CHECK DEST STEP PAGE \
	SUBMISSIONS OUT EXECUTOR HOSTS FINDINGS GRADESCOPE DEVICE MODULE SOURCE PROFILE TYPES
$(foreach o,$(OPTIONS),$(eval export KMAPLAB_OPTION_$(o) := $$(value $(o))))
# make would also export the variables themselves, expanded.
unexport $(OPTIONS)

lower = $(shell echo $(1) | tr A-Z a-z)
pass = $(call refuse,$(1))$(foreach o,$(1),$(if $(value $(o)),--$(call lower,$(o))="$$KMAPLAB_OPTION_$(o)"))

# What a verb does not take would be ignored, and its verdict be about something else.
given = $(foreach v,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(v)))),$(v)))
refuse = $(foreach v,$(filter-out $(1) MAKEFLAGS,$(given)),$(error `make $@` takes no $(v)=: \
	$(or $(addsuffix =,$(1)),nothing)))

help:
	@echo 'make run       all labs, both sides, one table'
	@echo '               LAB= LABS= KERNEL= ARCH= FLAVOUR= ACCEL= LIMIT= SEED='
	@echo '               FORMAT=table|json|junit'
	@echo 'make test      all tests of the project'
	@echo 'make kunit     the KUnit suites in user-mode Linux, sanitizers on'
	@echo '               LAB= LABS= KERNEL= FLAVOUR= LIMIT= SEED= FORMAT=text|json|junit'
	@echo 'make contract  every clause of docs/contract.md, for every lab; or for any driver'
	@echo '               LAB= LABS= KERNEL= ARCH= FLAVOUR= ACCEL= LIMIT= SEED='
	@echo '               CLAUSE= CALLS= ROUNDS= FORMAT=table|json|junit'
	@echo '               DEVICE= MODULE= SOURCE= PROFILE='
	@echo 'make mistakes  wrong versions of the labs: a check of the clause must fail'
	@echo '               LAB= LABS= KERNEL= LIMIT= SEED= CLAUSE= ONLY= SAMPLE='
	@echo '               FORMAT=table|json|junit'
	@echo 'make mutants   wrong versions of the labs, made by rules: how many a check notices'
	@echo '               LAB= RULE= ONLY= SAMPLE= SEED= JOBS= LIMIT= FORMAT=table|json'
	@echo 'make coverage  which lines and branches of the labs the checks reach'
	@echo '               LAB= LABS= KERNEL= LIMIT= SEED= FORMAT=text|json'
	@echo 'make grade     the marks of a class, with what explains them'
	@echo '               SUBMISSIONS= OUT= LAB= KERNEL= EXECUTOR= HOSTS= JOBS= FINDINGS='
	@echo '               GRADESCOPE='
	@echo 'make lint      what static checkers report of the sources'
	@echo 'make skels     a workspace for a student  LAB= DEST='
	@echo 'make check     the verdict on a workspace: points, what is wrong, what to do next'
	@echo '               WORK= LAB= KERNEL= SEED= FORMAT=text|json'
	@echo 'make watch     the same for a lab, each time that one of its sources is saved'
	@echo '               WORK= LAB= KERNEL= SEED='
	@echo 'make hint      the next hint for an exercise     WORK= LAB= EXERCISE='
	@echo 'make show      a lab'"'"'s mapping as a picture: addresses, page frames, page tables'
	@echo '               LAB= STEP= PAGE= KERNEL= ARCH= LIMIT= SEED= OUT='
	@echo '               FORMAT=table|json|svg'
	@echo 'make console   a shell in the guest; CMD= runs one command there,'
	@echo '               EXTRA=dir appears as /extra'
	@echo '               LABS= KERNEL= ARCH= FLAVOUR= ACCEL= LIMIT='
	@echo 'make debug     gdb on a lab in a guest, stopped where the lab maps its memory;'
	@echo '               CMD= are commands for gdb, CHECK= is the check to run'
	@echo '               LAB= LABS= WORK= KERNEL= ARCH= FLAVOUR= ACCEL= LIMIT= SEED='
	@echo 'make record    keep a run of a lab'"'"'s check program, to have it again'
	@echo '               LAB= LABS= WORK= KERNEL= ARCH= LIMIT= SEED= CHECK='
	@echo 'make replay    the kept run of a lab again, under gdb'
	@echo '               LAB= LABS= WORK= KERNEL= ARCH= LIMIT= CMD='
	@echo 'make compile_commands'
	@echo '               what clangd needs to read the C sources  KERNEL='
	@echo 'make docs      the site in build/docs: lessons, sources with commentary beside the'
	@echo '               code, mistakes as puzzles'
	@echo 'make bench     how long a run takes, against a bare boot  KERNEL= ARCH='
	@echo '               TYPES=guest|here: how fast each memory type is, instead'
	@echo 'make clean     remove build/ with all that was made or fetched'
	@echo 'make help      this list'
	@echo
	@echo 'LAB      labs by name, separated by commas     (all)'
	@echo 'LABS     a copy of labs/ to take instead       (labs)'
	@echo 'KERNEL   a series, as 6.12; with ARCH=um also newest: the newest that'
	@echo '         the mirror carries; docs/targets.md has them all   (6.1)'
	@echo 'ARCH     x86_64, arm64, i386: Debian kernel in QEMU; um: user-mode Linux'
	@echo '         with the sanitizers in it, built once in some minutes   (x86_64)'
	@echo 'FLAVOUR  with ARCH=um: instrumented, or plain  (instrumented)'
	@echo 'ACCEL    tcg, kvm, or auto: try kvm first      (tcg)'
	@echo 'LIMIT    seconds until a guest is killed       (120 for run)'
	@echo
	@echo 'docs/verbs.md explains the other variables. harness/kmaplab VERB --help says'
	@echo 'more and gives the real exit status.'

run:
	@harness/kmaplab run $(call pass,LAB LABS KERNEL ARCH FLAVOUR FORMAT SEED ACCEL LIMIT)

kunit:
	@harness/kmaplab kunit $(call pass,LAB LABS KERNEL FLAVOUR FORMAT SEED LIMIT)

contract:
	@harness/kmaplab contract $(call pass,LAB LABS CLAUSE KERNEL ARCH FLAVOUR FORMAT SEED CALLS ROUNDS ACCEL LIMIT MODULE DEVICE SOURCE PROFILE)

mistakes:
	@harness/kmaplab mistakes $(call pass,LAB LABS CLAUSE ONLY SAMPLE KERNEL FORMAT SEED LIMIT)

mutants:
	@harness/kmaplab mutants $(call pass,LAB RULE ONLY SAMPLE SEED JOBS LIMIT FORMAT)

coverage:
	@harness/kmaplab coverage $(call pass,LAB LABS KERNEL FORMAT SEED LIMIT)

skels:
	@harness/kmaplab skels $(call pass,LAB DEST)

grade:
	@harness/kmaplab grade $(call pass,SUBMISSIONS OUT LAB KERNEL EXECUTOR HOSTS JOBS FINDINGS GRADESCOPE)

compile_commands:
	@harness/kmaplab compile_commands $(call pass,KERNEL)

check:
	@harness/kmaplab check $(call pass,WORK LAB KERNEL FORMAT SEED)

watch:
	@harness/kmaplab watch $(call pass,WORK LAB KERNEL SEED)

hint:
	@harness/kmaplab hint $(call pass,WORK LAB EXERCISE)

show:
	@harness/kmaplab show $(call pass,LAB STEP PAGE KERNEL ARCH LIMIT SEED OUT FORMAT)

console:
	@harness/kmaplab console $(call pass,LABS KERNEL ARCH FLAVOUR ACCEL LIMIT CMD EXTRA)

debug:
	@harness/kmaplab debug $(call pass,LAB LABS WORK KERNEL ARCH FLAVOUR ACCEL LIMIT SEED CMD CHECK)

record:
	@harness/kmaplab record $(call pass,LAB LABS WORK KERNEL ARCH LIMIT SEED CHECK)

replay:
	@harness/kmaplab replay $(call pass,LAB LABS WORK KERNEL ARCH LIMIT CMD)

bench:
	@harness/kmaplab bench $(call pass,KERNEL ARCH TYPES)

docs lint test clean:
	@harness/kmaplab $@ $(call pass,)

.PHONY: help run show check watch hint kunit contract mistakes mutants coverage grade docs lint test skels console debug record replay compile_commands bench clean
