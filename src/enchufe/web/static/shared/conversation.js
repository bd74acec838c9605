// A conversation in frames with a service, which begins again by itself when it breaks off.

import { FrameDecoder, PREFACE, frame } from "./frames.js";

const AGAIN_MS_MIN = 250;
const AGAIN_MS_MAX = 10_000;

/** A WebSocket of the page, whatever its address and token. */
export function openSocket(path) {
	const url = new URL(path, location.href);
	url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
	url.hash = "";
	const socket = new WebSocket(url);
	socket.binaryType = "arraybuffer";
	return socket;
}

export class Conversation {
	/** @param on what is told: `opened()`, `framed(frame)`, `lost(why)`. */
	constructor(service, on) {
		this._service = service;
		this._on = on;
		this._againMs = AGAIN_MS_MIN;
		this._isOver = false;
		this._open();
	}

	get isOpen() {
		return this._socket.readyState === WebSocket.OPEN;
	}

	/** How much waits to leave. */
	get queuedBytes() {
		return this._socket.bufferedAmount;
	}

	send(kind, payload, stream) {
		if (this.isOpen) this._socket.send(frame(kind, payload, stream));
	}

	/** End it for good: the other side hears that this was on purpose. */
	end() {
		this._isOver = true;
		this._socket.close(1000);
	}

	_open() {
		const decoder = new FrameDecoder();
		const socket = (this._socket = openSocket(`ws/${this._service}`));
		socket.onopen = () => {
			this._againMs = AGAIN_MS_MIN;
			socket.send(PREFACE);
			this._on.opened();
		};
		socket.onmessage = ({ data }) => {
			for (const framed of decoder.feed(new Uint8Array(data))) this._on.framed(framed);
		};
		socket.onclose = ({ code, reason }) => {
			if (this._isOver) return;
			this._on.lost({ isRefused: code === 4403, why: reason });
			setTimeout(() => this._open(), this._againMs);
			this._againMs = Math.min(this._againMs * 2, AGAIN_MS_MAX);
		};
	}
}
