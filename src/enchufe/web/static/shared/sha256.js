// SHA-256 (FIPS 180-4): browsers' own is not for pieces, nor for pages beyond localhost without TLS.

const K = new Uint32Array(64);
const FIRST = new Uint32Array(8);
for (let candidate = 2, found = 0; found < 64; candidate++) {
	if (Array.from({ length: candidate - 2 }, (_, at) => at + 2).some((divisor) => candidate % divisor === 0)) continue;
	if (found < 8) FIRST[found] = Math.floor((Math.sqrt(candidate) % 1) * 2 ** 32);
	K[found++] = Math.floor((Math.cbrt(candidate) % 1) * 2 ** 32);
}

const rotated = (word, by) => (word >>> by) | (word << (32 - by));

export class Sha256 {
	constructor() {
		this._state = FIRST.slice();
		this._block = new Uint8Array(64);
		this._filled = 0;
		this._bytes = 0;
		this._words = new Uint32Array(64);
	}

	feed(bytes) {
		this._bytes += bytes.length;
		for (let at = 0; at < bytes.length; ) {
			const part = bytes.subarray(at, at + 64 - this._filled);
			this._block.set(part, this._filled);
			this._filled += part.length;
			at += part.length;
			if (this._filled === 64) this._compress();
		}
		return this;
	}

	/** The digest in lower-case hexadecimal; nothing can be fed any more. */
	hex() {
		const bits = this._bytes * 8;
		const padding = new Uint8Array(64 - ((this._bytes + 8) % 64) + 8);
		padding[0] = 0x80;
		const view = new DataView(padding.buffer);
		view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
		view.setUint32(padding.length - 4, bits >>> 0);
		this.feed(padding);
		return [...this._state].map((word) => word.toString(16).padStart(8, "0")).join("");
	}

	_compress() {
		const words = this._words;
		const view = new DataView(this._block.buffer);
		for (let at = 0; at < 16; at++) words[at] = view.getUint32(at * 4);
		for (let at = 16; at < 64; at++) {
			const a = words[at - 15];
			const b = words[at - 2];
			const s0 = rotated(a, 7) ^ rotated(a, 18) ^ (a >>> 3);
			const s1 = rotated(b, 17) ^ rotated(b, 19) ^ (b >>> 10);
			words[at] = words[at - 16] + s0 + words[at - 7] + s1;
		}
		let [a, b, c, d, e, f, g, h] = this._state;
		for (let at = 0; at < 64; at++) {
			const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
			const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[at] + words[at]) | 0;
			const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
			const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
			[h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
		}
		[a, b, c, d, e, f, g, h].forEach((word, at) => (this._state[at] += word));
		this._filled = 0;
	}
}

export const sha256 = (bytes) => new Sha256().feed(bytes).hex();
