// Bytes for people: whole characters as they are, everything that acts on a screen as a picture.

const DECODER = new TextDecoder("utf-8", { fatal: false });
const ENCODER = new TextEncoder();

export const encoded = (text) => ENCODER.encode(text);
export const decoded = (bytes) => DECODER.decode(bytes);

/** The bytes of a base64 text (RFC 4648), as recordings hold them. */
export function fromBase64(text) {
	const raw = atob(text);
	const bytes = new Uint8Array(raw.length);
	for (let at = 0; at < raw.length; at++) bytes[at] = raw.charCodeAt(at);
	return bytes;
}

export function toBase64(bytes) {
	let raw = "";
	for (let at = 0; at < bytes.length; at += 8192) raw += String.fromCharCode(...bytes.subarray(at, at + 8192));
	return btoa(raw);
}

// Controls, and characters that turn the direction of a line or cannot be seen.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Text in which nothing acts: controls are their pictures (␊), the unseen a dot. */
export function visible(text) {
	return text.replace(HIDDEN, (character) => {
		const code = character.charCodeAt(0);
		if (code < 0x20) return String.fromCharCode(0x2400 + code);
		return code === 0x7f ? "␡" : "·";
	});
}

/** As `visible`, but lines stay lines. */
export const visibleLines = (text) => text.split("\n").map(visible).join("\n");

export const visibleBytes = (bytes) => visible(decoded(bytes));

export const hexOf = (byte) => byte.toString(16).padStart(2, "0");

/** So many bytes that nobody can foresee, in hexadecimal. */
export const randomText = (count) => [...crypto.getRandomValues(new Uint8Array(count))].map(hexOf).join("");

/** The bytes a person wrote in hexadecimal, or null if it is none. */
export function fromHex(text) {
	const digits = text.replace(/0x|[\s:,]/gi, "");
	if (digits.length % 2 || /[^0-9a-f]/i.test(digits)) return null;
	return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Where `needle` stands in `hay` from `from` on, or -1. */
export function indexOf(hay, needle, from, to = hay.length) {
	for (let at = from; at + needle.length <= to; at++) {
		let same = 0;
		while (same < needle.length && hay[at + same] === needle[same]) same++;
		if (same === needle.length) return at;
	}
	return -1;
}

export function joined(parts) {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}
