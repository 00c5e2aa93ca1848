// SPDX-License-Identifier: GPL-2.0
/*
 * Runs commands in the machine for the page, as a reader would in its terminal, by node.
 *
 *	node commands.mjs V86 BIOS VGA-BIOS STATE OUTPUT CONFIGURATION
 *
 * The last is JSON: commands, and options of the emulator. The output is JSON as well: for each
 * command its exit status, and the lines that it printed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

const [v86, bios, vgaBios, state, output, text] = process.argv.slice(2);
const { commands, options } = JSON.parse(text);
const { V86 } = await import(pathToFileURL(`${v86}/libv86.mjs`));

/* The terminal also shows what is typed, once or twice: but behind a prompt. */
const BEGIN = "it has 'begun'";
const END = /^it has 'ended' (\d+)$/;

function commandLine(command) {
	return `echo "${BEGIN}"; ${command}; echo "it has 'ended' $?"\n`;
}

function image(bytes) {
	return { buffer: new Uint8Array(bytes).buffer };
}

const emulator = new V86({
	...options,
	wasm_path: `${v86}/v86.wasm`,
	bios: image(readFileSync(bios)),
	vga_bios: image(readFileSync(vgaBios)),
	initial_state: image(gunzipSync(readFileSync(state))),
	autostart: true,
});

const answers = [];
let lines = [];
let line = "";

function typeNext() {
	if (answers.length < commands.length) {
		emulator.serial0_send(commandLine(commands[answers.length]));
		return;
	}
	writeFileSync(output, JSON.stringify(answers));
	process.exit(0);
}

function take(whole) {
	console.log(whole);
	const end = whole.match(END);

	if (whole === BEGIN) {
		lines = [];
	} else if (end) {
		answers.push({ status: Number(end[1]), lines });
		lines = [];
		typeNext();
	} else {
		lines.push(whole);
	}
}

emulator.add_listener("serial0-output-byte", byte => {
	if (byte === 10)
		take(line.replace(/\r$/, ""));
	line = byte === 10 ? "" : line + String.fromCharCode(byte);
});
emulator.add_listener("emulator-started", typeNext);
