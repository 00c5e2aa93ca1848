// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables of 32-bit x86 without PAE, walked in the emulated machine's RAM
 *
 * Two levels of 1024 entries of 32 bits, as Intel's manual describes them (volume 3, chapter
 * "Paging"); harness/kernels/page_tables.py walks those of QEMU's machines in the same way.
 */
"use strict";

const PAGE = 4096;
const LEVELS = [
	{ name: "PGD", shift: 22 },
	{ name: "PTE", shift: 12 },
];
const BITS = {
	0: "present", 1: "writable", 2: "user", 3: "write-through", 4: "cache-disable",
	5: "accessed", 6: "dirty", 7: "large or memory type", 8: "global", 9: "special",
};

function readWord(ram, physical) {
	return (ram[physical] | ram[physical + 1] << 8 | ram[physical + 2] << 16 |
		ram[physical + 3] << 24) >>> 0;
}

/* The entries on the way to a virtual address, and the frame there; null if none is. */
function walk(cpu, virtual) {
	let table = (cpu.cr[3] & -PAGE) >>> 0;
	const steps = [];

	for (const level of LEVELS) {
		const index = virtual >>> level.shift & 1023;
		if (table + PAGE > cpu.mem8.length)
			return { steps, physical: null };
		const entry = readWord(cpu.mem8, table + 4 * index);
		steps.push({ name: level.name, index, entry });
		if (!(entry & 1))
			return { steps, physical: null };
		const isLarge = level.shift === 22 && entry & 1 << 7;
		if (level.shift === 12 || isLarge) {
			const size = 2 ** level.shift;
			const first = Math.floor(entry / size) * size;
			return { steps, physical: first + virtual % size };
		}
		table = (entry & -PAGE) >>> 0;
	}
	return { steps, physical: null };
}

function frameOf(way) {
	return way.physical === null ? null : Math.floor(way.physical / PAGE);
}

function namesOfBits(entry) {
	return Object.keys(BITS).filter(bit => entry >>> bit & 1).map(bit => BITS[bit]);
}
