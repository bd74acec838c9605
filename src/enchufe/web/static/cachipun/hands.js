// Three hands, drawn by us with one stroke (in index.html); from the left, or mirrored from the right.

import { draw } from "../shared/dom.js";

/** A hand that shows a choice. */
export function hand(choice, title, isMirrored = false) {
	const use = draw("use", { href: `#${choice}` });
	return draw("svg", { viewBox: "0 0 104 96", class: isMirrored ? "hand mirrored" : "hand", role: "img", "aria-label": title }, use);
}
