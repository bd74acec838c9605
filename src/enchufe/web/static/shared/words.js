// The page's words: in both languages from the same catalogue as the program's own.

const KEPT = "enchufe.language";
const listeners = new Set();
let words = {};

export let languages = [];
export let language = "en";

/** Take in the languages there are, and the words of the one that was chosen here last. */
export async function loadWords(offered) {
	languages = offered;
	const kept = localStorage.getItem(KEPT);
	await speak(offered.includes(kept) ? kept : offered[0]);
}

/** Speak another language from now on. */
export async function chooseLanguage(chosen) {
	localStorage.setItem(KEPT, chosen);
	await speak(chosen);
}

async function speak(chosen) {
	words = await (await fetch(`words/${chosen}.json`)).json();
	language = document.documentElement.lang = chosen;
	fill();
	for (const listener of listeners) listener();
}

/** Do something now, and again whenever the language is another. */
export function inEachLanguage(listener) {
	listeners.add(listener);
	listener();
}

/** Put the words where the page's own elements name them. */
function fill() {
	const each = (name, put) => {
		for (const element of document.querySelectorAll(`[data-${name}]`)) put(element, say(element.dataset[name]));
	};
	each("word", (element, text) => (element.textContent = text));
	each("label", (element, text) => (element.ariaLabel = text));
	each("hint", (element, text) => (element.placeholder = element.ariaLabel = text));
}

/** Say something in the page's words. */
export const say = (key, fields) => sayOf("page", key, fields);

/** Say something in the words of the room or of the game; "" if there are none for it. */
export function sayOf(book, key, fields = {}) {
	const template = words[book]?.[key] ?? "";
	return template.replace(/\{(\w+)\}/g, (whole, name) => (name in fields ? String(fields[name]) : whole));
}

/** A line of the room or the game without the mark that sets it apart in a terminal. */
export const sayPlainly = (book, key, fields) => sayOf(book, key, fields).replace(/^\* /, "");

export const numberOf = (value, options) => new Intl.NumberFormat(language, options).format(value);

/** A size as the program's own screens show it: 512 B, 10 KiB, 1.5 MiB. */
export function sizeOf(bytes) {
	const step = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), 3);
	return `${numberOf(bytes / 1024 ** step, { maximumFractionDigits: 1 })} ${["B", "KiB", "MiB", "GiB"][step]}`;
}

export const timeOf = (atMs) => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(atMs);
