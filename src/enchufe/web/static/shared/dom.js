// Elements made of text and never of markup: what a peer wrote cannot become part of the page.

import { say } from "./words.js";
/** Make an element: `make("p.quiet", { title }, "text", child)`; what is null or false is left out. */
export function make(name, ...parts) {
	const [tag, ...classes] = name.split(".");
	const element = document.createElement(tag);
	if (classes.length) element.className = classes.join(" ");
	const properties = Object.getPrototypeOf(parts[0] ?? "") === Object.prototype ? parts.shift() : {};
	for (const [key, value] of Object.entries(properties)) {
		if (value === null || value === false) continue;
		if (key.startsWith("on")) element[key] = value;
		else if (key === "style") for (const [name, to] of Object.entries(value)) element.style.setProperty(name, to);
		else element.setAttribute(key, value === true ? "" : value);
	}
	element.append(...parts.flat().filter((part) => part !== null && part !== false));
	return element;
}

/** Make a drawing: `draw("path", {d: "…"})`. */
export function draw(tag, attributes = {}, ...children) {
	const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
	element.append(...children);
	return element;
}

/** Find what is in an element; several at once if several are asked for. */
export function find(within, ...selectors) {
	const found = selectors.map((selector) => within.querySelector(selector));
	return found.length > 1 ? found : found[0];
}

/** Give an object the parts of the page that name themselves: `data-part="log"` becomes `_log`. */
export function gather(object, within) {
	for (const part of within.querySelectorAll("[data-part]")) object[`_${part.dataset.part}`] = part;
}

/** Show or hide an element. */
export function show(element, isShown) {
	element.hidden = !isShown;
}

/** Give an element the hue of a peer: neighbours in number are far apart (the golden angle). */
export function tint(element, number) {
	element.classList.toggle("hued", Boolean(number));
	if (number) element.style.setProperty("--hue", (number * 137.508) % 360);
	return element;
}

const ICONS = { copy: "M8 8h11v11H8zM5 16V5h11", done: "M5 12l5 5L19 7", close: "M6 6l12 12M18 6L6 18" };

export const icon = (name) => draw("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, draw("path", { d: ICONS[name] }));

/** A button that shows an icon. */
export const iconButton = (name, onclick) => make("button.icon", { onclick }, icon(name));

/** A button that copies a text and says so. */
export function copyButton(text) {
	const button = iconButton("copy", async () => {
		try {
			await navigator.clipboard.writeText(text);
		} catch {
			return; // a page that is not on localhost has no clipboard
		}
		button.replaceChildren(icon("done"));
		setTimeout(() => button.replaceChildren(icon("copy")), 1200);
	});
	button.setAttribute("aria-label", say("copy_it", { text }));
	button.title = text;
	return button;
}

/** Whether a key is meant for the place and not for a field, a menu or the browser. */
export const isTyped = (event) => !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && !event.ctrlKey && !event.metaKey && !event.altKey;

/** Do something when a form is submitted, or Enter is pressed in its field. */
export function submits(form, field, action) {
	form.onsubmit = (event) => {
		event.preventDefault();
		action();
	};
	field.onkeydown = (event) => {
		if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
		event.preventDefault();
		form.requestSubmit();
	};
}
