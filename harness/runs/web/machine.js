// SPDX-License-Identifier: GPL-2.0
/*
 * The machine in a page: an emulator that goes on from a kept state, with a terminal, a picture
 * of a lab's mapping, and buttons for the steps of its life
 *
 * All data comes in scripts, so the page works from disk. tools/steps.c does the steps: it says
 * on the second serial port where it waits, we look at its page tables, and a button lets it go
 * on, by a word in its memory.
 */
"use strict";

/* What shared/witness.h has of a waiting process' box: magic, state, who, of 64 bits each. */
const MAGIC = [0x6c616221, 0x6b6d6170];
const STATE = 8, WHO = 16;
const WAS_HERE = 2;
const LOOK_AGAIN = 10;

/* Of the terminal: milliseconds between two changes, and lines that stay in the page. */
const PRINT_EACH = 20;
const KEPT_LINES = 500;

const STEPS = {
	before: "nothing is mapped yet",
	mmap: "after mmap()",
	touch: "after the first touch",
	fork: "after fork(): parent and child",
	munmap: "after munmap() of the middle page",
	last: "after the last munmap()",
};
const NAMES = Object.keys(STEPS);

/* Scripts with the parts of the machine call this: each is base64 of bytes, packed by gzip. */
const machineParts = new Map();
function machinePart(name, text) {
	machineParts.set(name, text);
}

function loadScript(address) {
	return new Promise((resolve, reject) => {
		const script = document.createElement("script");

		script.src = address;
		script.onload = resolve;
		script.onerror = () => reject(new Error(`${address} is not there`));
		document.head.append(script);
	});
}

async function unpackPart(name) {
	const packed = Uint8Array.from(atob(machineParts.get(name)), byte => byte.charCodeAt(0));
	const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));

	machineParts.delete(name);
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function startEmulator(place) {
	const names = ["wasm", "bios", "vga_bios", "state"];

	await loadScript(`${place}/libv86.js`);
	for (const name of names)
		await loadScript(`${place}/${name}.js`);
	const [wasm, bios, vgaBios, state] = await Promise.all(names.map(unpackPart));
	const emulator = new V86({
		...MACHINE_OPTIONS,
		wasm_fn: async imports => (await WebAssembly.instantiate(wasm, imports)).instance.exports,
		bios: { buffer: bios.buffer },
		vga_bios: { buffer: vgaBios.buffer },
		initial_state: { buffer: state.buffer },
		autostart: true,
	});
	await new Promise(resolve => emulator.add_listener("emulator-started", resolve));
	return emulator;
}

/* A line of the terminal without what moves a cursor. */
function printable(line) {
	return line.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replace(/\r/g, "");
}

/* Calls @take with each line that comes from a serial port. */
function onLines(emulator, port, take) {
	let line = "";

	emulator.add_listener(`serial${port}-output-byte`, byte => {
		if (byte === 10)
			take(line.replace(/\r$/, ""));
		line = byte === 10 ? "" : line + String.fromCharCode(byte);
	});
}

class Machine {
	constructor(section) {
		this.section = section;
		this.lab = section.dataset.lab;
		this.part("start").textContent = `Start the machine (${MACHINE_MEGABYTES} MB to load)`;
		this.part("start").addEventListener("click", () => this.start());
		this.part("form").addEventListener("submit", event => this.send(event));
		this.part("step")?.addEventListener("click", () => this.nextStep());
		this.part("checks").addEventListener("click", () => this.runChecks());
		this.part("interrupt").addEventListener("click", () => this.interrupt());
	}

	part(name) {
		return this.section.querySelector(`[data-part=${name}]`);
	}

	say(text) {
		this.part("status").textContent = text;
	}

	async start() {
		this.part("start").disabled = true;
		this.say("unpacking the machine …");
		try {
			this.emulator = await startEmulator(this.section.dataset.place);
		} catch (error) {
			this.say(`The machine does not start: ${error.message}`);
			return;
		}
		this.showTerminal();
		onLines(this.emulator, 0, line => this.hearCheck(line));
		onLines(this.emulator, 1, line => this.hear(line.trim()));
		this.part("controls").hidden = false;
		this.say(`The machine runs, with ${this.lab} loaded. Type a command, or ` +
			`${this.part("step") ? "take a step" : "run the checks"}.`);
		this.type("\n");
	}

	showTerminal() {
		let bytes = "", isLate = false;

		this.emulator.add_listener("serial0-output-byte", byte => {
			bytes += String.fromCharCode(byte);
			if (!isLate)
				setTimeout(() => {
					isLate = false;
					bytes = this.print(bytes);
				}, PRINT_EACH);
			isLate = true;
		});
	}

	/*
	 * Adds the whole lines to the log, which a screen reader announces, and shows the rest
	 * behind it, which is a prompt or a line that still grows. Returns that rest.
	 */
	print(bytes) {
		const screen = this.part("terminal");
		const log = this.part("log");
		const lines = bytes.split("\n");
		const rest = lines.pop();

		log.append(...lines.map(line => `${printable(line)}\n`));
		while (log.childNodes.length > KEPT_LINES)
			log.firstChild.remove();
		this.part("rest").textContent = printable(rest);
		screen.scrollTop = screen.scrollHeight;
		return rest;
	}

	type(text) {
		this.emulator.serial0_send(text);
	}

	send(event) {
		const input = this.part("input");

		event.preventDefault();
		this.type(`${input.value}\n`);
		input.value = "";
	}

	/* A lab without mmap() has no button for steps. */
	letReaderGoOn(may) {
		for (const button of [this.part("step"), this.part("checks")])
			if (button)
				button.disabled = !may;
	}

	/* Checks count mappings, so no step may have one meanwhile. */
	runChecks() {
		this.failed = [];
		this.letReaderGoOn(false);
		this.type(`${this.lab} | grep -v "^# running"\n`);
		this.say("The check program runs: its lines come in the terminal.");
	}

	/* What the check program prints: see shared/ktap.h. */
	hearCheck(line) {
		const failed = line.match(/^not ok \d+ (\w+)/);
		const totals = line.match(/^# Totals: pass:(\d+) fail:(\d+) skip:(\d+)/);

		if (!this.failed)
			return;
		if (failed)
			this.failed.push(failed[1]);
		if (totals)
			this.endChecks(`The checks: ${totals[1]} passed, ${totals[2]} failed, ` +
				`${totals[3]} skipped. ${this.failed.join(", ")}`);
	}

	endChecks(text) {
		this.failed = null;
		this.letReaderGoOn(true);
		this.say(text);
	}

	interrupt() {
		this.type("\x03");
		if (this.failed)
			this.endChecks("The check program was interrupted.");
	}

	/* The first step starts the program; each other one lets it go on. */
	nextStep() {
		this.letReaderGoOn(false);
		this.say("the machine works …");
		if (this.waiting)
			this.letGoOn();
		else
			this.begin();
	}

	/* However the program ends, the shell says so. */
	begin() {
		this.complaint = "";
		this.type(`{ steps "" /dev/${this.lab} 0x1234; echo "ended $?"; } ` +
			">/dev/ttyS1 2>&1 &\n");
	}

	get cpu() {
		return this.emulator.v86.cpu;
	}

	/* What the program says: see tools/steps.c. What it does not say else is a complaint. */
	hear(line) {
		const [word, ...rest] = line.split(/ +/);

		if (word === "step") {
			this.step = rest[0];
			this.pages = [];
			this.looks = 0;
		} else if (word === "page") {
			const [kernelAddress, pfn] = rest.slice(1).map(Number);

			this.pages.push({ kernelAddress, pfn });
		} else if (word === "look") {
			const [box, mapped] = rest.slice(1).map(Number);

			this.lookWhenItRuns(this.step, rest[0], box, mapped);
		} else if (word === "ended") {
			if (rest[0] !== "0")
				this.endEarly(rest[0]);
		} else if (!["zone", "info", "area"].includes(word)) {
			this.complaint = line;
		}
	}

	/* Without the lab there is nothing to map, and the terminal can end any program. */
	endEarly(status) {
		this.step = this.waiting = null;
		this.letReaderGoOn(true);
		this.part("step").textContent = "Begin again";
		this.say(`The program of the steps has ended early, with status ${status}. ` +
			this.complaint);
	}

	/* The page tables in use are those of the process that runs: wait until it is that one. */
	lookWhenItRuns(step, who, box, mapped) {
		if (step !== this.step)
			return;
		const physical = walk(this.cpu, box).physical;
		const words = physical === null ? [] :
			[0, 4, WHO].map(place => readWord(this.cpu.mem8, physical + place));

		if (words[0] !== MAGIC[0] || words[1] !== MAGIC[1] ||
		    words[2] !== (who === "child" ? 1 : 0)) {
			setTimeout(() => this.lookWhenItRuns(step, who, box, mapped), LOOK_AGAIN);
			return;
		}
		this.waiting = physical;
		this.pages.forEach((page, index) => {
			page.userAddress = mapped + index * PAGE;
			page.kernel = walk(this.cpu, page.kernelAddress);
			page[who === "child" ? "child" : "user"] = walk(this.cpu, page.userAddress);
		});
		const hasChild = ["fork", "munmap"].includes(this.step);

		if (hasChild && who === "parent")
			this.letGoOn();
		else
			this.show();
	}

	letGoOn() {
		const state = this.waiting + STATE;

		this.waiting = null;
		this.cpu.mem8[state] = WAS_HERE;
		if (this.step === "last")
			this.finish();
	}

	finish() {
		this.letReaderGoOn(true);
		this.part("step").textContent = "Begin again";
		this.say("The program has ended; nothing of the mapping is left.");
	}

	show() {
		const next = NAMES[NAMES.indexOf(this.step) + 1];
		const middle = this.pages[Math.floor(this.pages.length / 2)];
		const ways = [
			describeWay("user", middle.userAddress, middle.user),
			describeWay("kernel", middle.kernelAddress, middle.kernel),
		];

		if (middle.child)
			ways.push(describeWay("the child", middle.userAddress, middle.child));
		drawPicture(this.part("picture"), this.pages);
		this.section.dataset.step = this.step;
		this.section.dataset.frames = this.pages.map(page => hex(page.pfn)).join(" ");
		this.part("ways").textContent = ways.join("\n");
		this.part("step").textContent = next ? `Next: ${STEPS[next]}` : "Let the program end";
		this.part("step").disabled = false;
		this.say(`${STEPS[this.step]}: ${this.verdict()}`);
	}

	/* What the lab says, compared with what the page tables say. */
	verdict() {
		const agree = this.pages.filter(page => frameOf(page.kernel) === page.pfn).length;
		const shared = way => this.pages.filter(page =>
			page[way] && frameOf(page[way]) === page.pfn).length;
		const count = this.pages.length;
		const child = this.pages[0].child ? `, the child ${shared("child")}` : "";

		return `the kernel's addresses lead to ${agree} of the ${count} frames that the lab ` +
			`names, the program's to ${shared("user")}${child}.`;
	}
}

for (const section of document.querySelectorAll("section.machine"))
	new Machine(section);
