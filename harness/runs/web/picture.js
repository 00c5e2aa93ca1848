// SPDX-License-Identifier: GPL-2.0
/*
 * The picture: a program's pages on the left, the frames in the middle, the kernel's on the right
 */
"use strict";

const ROW = 34, TOP = 34, BOX = 24;
const COLUMNS = { user: 10, frame: 265, kernel: 460 };
const WIDTHS = { user: 150, frame: 110, kernel: 150 };

function hex(number) {
	return `0x${number.toString(16)}`;
}

function add(parent, name, attributes, text) {
	const element = document.createElementNS("http://www.w3.org/2000/svg", name);

	for (const [key, value] of Object.entries(attributes))
		element.setAttribute(key, value);
	if (text !== undefined)
		element.textContent = text;
	parent.append(element);
	return element;
}

function addBox(svg, column, row, text, data) {
	const group = add(svg, "g", { class: `machine-${column}`, ...data });
	const y = TOP + row * ROW;

	add(group, "rect", { x: COLUMNS[column], y, width: WIDTHS[column], height: BOX, rx: 3 });
	add(group, "text", { x: COLUMNS[column] + 8, y: y + 16 }, text);
}

function addLine(svg, from, to, fromRow, toRow) {
	add(svg, "line", {
		x1: COLUMNS[from] + WIDTHS[from], y1: TOP + fromRow * ROW + BOX / 2,
		x2: COLUMNS[to], y2: TOP + toRow * ROW + BOX / 2, class: "machine-way",
	});
}

/* Rows of the frames that either side reaches, by their numbers. */
function rowsOf(pages) {
	const frames = pages.flatMap(page => [frameOf(page.user), frameOf(page.kernel),
		page.child ? frameOf(page.child) : null]);
	const sorted = [...new Set(frames.filter(one => one !== null))].sort((a, b) => a - b);

	return new Map(sorted.map((frame, row) => [frame, row]));
}

/*
 * Draw pages into an empty <svg>. Each has the addresses userAddress and kernelAddress, and the
 * walks user and kernel; child is that of a second process, which has the same addresses.
 */
function drawPicture(svg, pages) {
	const rows = rowsOf(pages);
	const height = TOP + ROW * Math.max(rows.size, pages.length) + 6;

	svg.replaceChildren();
	svg.setAttribute("viewBox", `0 0 620 ${height}`);
	for (const [column, title] of [["user", "user space"], ["frame", "page frames"],
		["kernel", "kernel"]])
		add(svg, "text", { x: COLUMNS[column], y: 20, class: "machine-title" }, title);
	for (const [frame, row] of rows)
		addBox(svg, "frame", row, `frame ${hex(frame)}`, { "data-frame": hex(frame) });
	pages.forEach((page, row) => {
		const [user, kernel] = [frameOf(page.user), frameOf(page.kernel)];

		addBox(svg, "user", row, hex(page.userAddress) + (user === null ? " –" : ""),
			{ "data-page": row, "data-frame": user === null ? "" : hex(user) });
		addBox(svg, "kernel", row, hex(page.kernelAddress),
			{ "data-page": row, "data-frame": kernel === null ? "" : hex(kernel) });
		if (user !== null)
			addLine(svg, "user", "frame", row, rows.get(user));
		if (kernel !== null)
			addLine(svg, "frame", "kernel", rows.get(kernel), row);
	});
}

/* The entries on the way to an address, a line for each. */
function describeWay(name, address, way) {
	const lines = way.steps.map(step => `  ${step.name}[${step.index}] = ` +
		`${hex(step.entry)}: ${namesOfBits(step.entry).join(", ") || "not present"}`);
	const frame = frameOf(way);

	lines.push(frame === null ? "  nothing is mapped there" : `  frame ${hex(frame)}`);
	return [`${name} ${hex(address)}`, ...lines].join("\n");
}
