// SPDX-License-Identifier: GPL-2.0
/*
 * The last calls, and comparing what they returned
 */
#include "history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "model_vma.h"
#include "shared/fixture.h"

/* So many calls are remembered. */
#define HISTORY 9

static struct noted_call {
	const char *name;
	const char *kinds;
	unsigned long arguments[MOST_ARGUMENTS];
	long found;
	bool answered;
} history[HISTORY];

static uint64_t noted;
uint64_t calls_made;

void note_call(const char *name, const char *kinds,
	       const unsigned long *arguments)
{
	struct noted_call *call = &history[noted++ % HISTORY];

	call->name = name;
	call->kinds = kinds;
	call->answered = false;
	memcpy(call->arguments, arguments, sizeof(call->arguments));
}

static struct noted_call *last_call(void)
{
	return &history[(noted - 1) % HISTORY];
}

long answered(long result)
{
	struct noted_call *call = last_call();

	call->found = result == -1 ? -errno : result;
	call->answered = true;
	return call->found;
}

static void print_protection(FILE *out, unsigned long prot)
{
	const unsigned long known = PROT_READ | PROT_WRITE | PROT_EXEC;

	if (prot & ~known)
		fprintf(out, "0x%lx", prot);
	else
		fprintf(out, "%s%s%s%s", prot ? "" : "PROT_NONE",
			prot & PROT_READ ? "r" : "",
			prot & PROT_WRITE ? "w" : "",
			prot & PROT_EXEC ? "x" : "");
}

/* Address, descriptor, decimal number, protection; the rest is hexadecimal. */
static void print_argument(FILE *out, char kind, unsigned long value)
{
	static const char *const descriptors[] = { "rw", "ro", "wo", "-1" };
	uint64_t size = model.room * page_size();

	switch (kind) {
	case 'a':
		if (value - model.base < size)
			fprintf(out, "room+0x%lx", value - model.base);
		else
			fprintf(out, "0x%lx", value);
		break;
	case 'f':
		fputs(descriptors[value], out);
		break;
	case 'd':
		fprintf(out, "%ld", (long)value);
		break;
	case 'p':
		print_protection(out, value);
		break;
	default:
		fprintf(out, "0x%lx", value);
	}
}

static void print_value(FILE *out, long value)
{
	if (value == SOMEWHERE)
		fputs("an address", out);
	else if (value < 0 && strerrorname_np((int)-value))
		fputs(strerrorname_np((int)-value), out);
	else if (value > 0xffff)
		print_argument(out, 'a', (unsigned long)value);
	else
		fprintf(out, "%ld", value);
}

static void print_call(FILE *out, const struct noted_call *call)
{
	size_t i;

	fprintf(out, "\n  %s(", call->name);
	for (i = 0; i < strlen(call->kinds); i++) {
		fputs(i ? ", " : "", out);
		print_argument(out, call->kinds[i], call->arguments[i]);
	}
	fputs(")", out);
	if (call->answered) {
		fputs(" = ", out);
		print_value(out, call->found);
	}
}

static FILE *open_text(char **text)
{
	static size_t size;
	FILE *out = open_memstream(text, &size);

	if (!out)
		ck_abort_msg("no memory for a report");
	return out;
}

__attribute__((noreturn))
static void fail_with_history(const char *text)
{
	uint64_t i = noted < HISTORY ? 0 : noted - HISTORY;
	char *report;
	FILE *out = open_text(&report);

	fprintf(out, "seed 0x%" PRIx64 ", call %" PRIu64 ": %s", lab.seed,
		calls_made, text);
	fprintf(out, "\nthe last calls, room is at 0x%lx:", model.base);
	while (i < noted)
		print_call(out, &history[i++ % HISTORY]);
	fclose(out);
	ck_abort_msg("%s", report);
}

void disagree(const char *format, ...)
{
	char text[512];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	fail_with_history(text);
}

bool agree(struct answer predicted, long found)
{
	char *text;
	FILE *out;

	if (found == predicted.least || found == predicted.most ||
	    (found > 0 && found > predicted.least && found < predicted.most))
		return found >= 0;

	out = open_text(&text);
	fprintf(out, "%s: predicted ", last_call()->name);
	print_value(out, predicted.least);
	if (predicted.most != predicted.least) {
		fputs(" to ", out);
		print_value(out, predicted.most);
	}
	fputs(", found ", out);
	print_value(out, found);
	fclose(out);
	fail_with_history(text);
}

bool agree_exactly(long predicted, long found)
{
	return agree((struct answer){ predicted, predicted }, found);
}
