// SPDX-License-Identifier: GPL-2.0
/*
 * Boots the machine for the page until its shell asks for a command, and keeps its state.
 *
 *	node boot.mjs V86 BIOS VGA-BIOS KERNEL INITRD OUTPUT CONFIGURATION
 *
 * The last is JSON: command_line, prompt, and options of the emulator, which the page uses as
 * well. The state is packed by gzip.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const [v86, bios, vgaBios, kernel, initrd, output, text] = process.argv.slice(2);
const { command_line: commandLine, prompt, options } = JSON.parse(text);
const { V86 } = await import(pathToFileURL(`${v86}/libv86.mjs`));

function image(name) {
	return { buffer: new Uint8Array(readFileSync(name)).buffer };
}

const emulator = new V86({
	...options,
	wasm_path: `${v86}/v86.wasm`,
	bios: image(bios),
	vga_bios: image(vgaBios),
	bzimage: image(kernel),
	initrd: image(initrd),
	cmdline: commandLine,
	autostart: true,
});

async function keep() {
	await emulator.stop();
	const state = new Uint8Array(await emulator.save_state());
	writeFileSync(output, gzipSync(state, { level: 9 }));
	process.exit(0);
}

let said = "";
emulator.add_listener("serial0-output-byte", byte => {
	said += String.fromCharCode(byte);
	process.stdout.write(String.fromCharCode(byte));
	// What the shell does before it reads is over soon after the prompt.
	if (said.endsWith(prompt))
		setTimeout(keep, 500);
});
