// Frames in bytes (docs/en/frames.md): the preface, then length, kind, stream and payload.

import { decoded, encoded, indexOf, joined } from "./bytes.js";

export const Kind = {
	TEXT: 1, ERROR: 2,
	OFFER: 16, ACCEPT: 17, REFUSE: 18, START: 19, DATA: 20, END: 21, KEPT: 22, CANCEL: 23,
	JOIN: 32, JOINED: 33, SAY: 34, TAKEN: 35, SAID: 36, NOTICE: 37, SINCE: 38, FETCH: 39, SHARE: 40,
	SIT: 64, SEATED: 65, CALL: 66, MATCH: 67, ROUND: 68, COMMIT: 69, REVEAL: 70, RESULT: 71,
	SCORES: 72, TOLD: 73, WATCH: 74, PLAYERS: 75,
};

export const KIND_NAMES = Object.fromEntries(Object.entries(Kind).map(([name, number]) => [number, name]));

export const PREFACE = encoded("\0enchufe/1\n");
export const HEADER_BYTES = 9;
const PAYLOAD_BYTES_MAX = 1024 * 1024;

/** The bytes of a frame; a payload that is no bytes becomes JSON. */
export function frame(kind, payload = new Uint8Array(), stream = 0) {
	const body = payload instanceof Uint8Array ? payload : encoded(JSON.stringify(payload));
	const bytes = new Uint8Array(HEADER_BYTES + body.length);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, body.length);
	view.setUint8(4, kind);
	view.setUint32(5, stream);
	bytes.set(body, HEADER_BYTES);
	return bytes;
}

export const json = (payload) => JSON.parse(decoded(payload));

/** Cuts a stream into frames; what comes before the preface is text for others, and skipped. */
export class FrameDecoder {
	constructor() {
		this._held = new Uint8Array();
		this._isFramed = false;
	}

	*feed(bytes) {
		this._held = this._held.length ? joined([this._held, bytes]) : bytes;
		if (!this._isFramed && !this._skipText()) return;
		let at = 0;
		while (this._held.length - at >= HEADER_BYTES) {
			const view = new DataView(this._held.buffer, this._held.byteOffset + at);
			const length = view.getUint32(0);
			if (length > PAYLOAD_BYTES_MAX) throw new Error(`a frame of ${length} bytes`);
			if (this._held.length - at < HEADER_BYTES + length) break;
			const payload = this._held.slice(at + HEADER_BYTES, at + HEADER_BYTES + length);
			at += HEADER_BYTES + length;
			yield { kind: view.getUint8(4), stream: view.getUint32(5), payload };
		}
		this._held = this._held.slice(at);
	}

	_skipText() {
		const at = indexOf(this._held, PREFACE, 0);
		if (at < 0) return false;
		this._held = this._held.slice(at + PREFACE.length);
		return (this._isFramed = true);
	}
}
