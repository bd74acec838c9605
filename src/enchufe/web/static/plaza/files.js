// Files through the same connection as text: sent in pieces between lines, fetched when wanted.

import { Kind, json } from "../shared/frames.js";
import { Sha256 } from "../shared/sha256.js";

const PIECE_BYTES = 64 * 1024;
const QUEUED_BYTES_MAX = 512 * 1024;
const QUEUE_LOOK_MS = 10;

const HEARD = { [Kind.ACCEPT]: "_accepted", [Kind.REFUSE]: "_refused", [Kind.KEPT]: "_kept", [Kind.OFFER]: "_offered", [Kind.DATA]: "_came", [Kind.END]: "_ended", [Kind.CANCEL]: "_cancelled" };

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Files {
	constructor(conversation) {
		this._conversation = conversation;
		this._stream = 0;
		this._sending = null;
		this._toSend = [];
		this._wanted = []; // in the order in which they were asked for
		this._coming = new Map();
	}

	/** Send a file; resolve with its digest once the room keeps it. `progress` goes from 0 to 1. */
	send(file, progress) {
		return new Promise((resolve, reject) => {
			this._toSend.push({ file, progress, resolve, reject, stream: 0 });
			this._next();
		});
	}

	/** Fetch the file of a line; resolve with its bytes once they are whole. */
	fetch(id, progress) {
		return new Promise((resolve, reject) => {
			this._wanted.push({ id, progress, resolve, reject });
			this._conversation.send(Kind.FETCH, { id });
		});
	}

	/** Begin once more what was under way when the conversation broke off. */
	again() {
		this._coming.clear();
		if (this._sending) this._toSend.unshift(this._sending);
		this._sending = null;
		for (const wanted of this._wanted) this._conversation.send(Kind.FETCH, { id: wanted.id });
		this._next();
	}

	/** The room has no such file. */
	missing(id) {
		const at = this._wanted.findIndex((wanted) => wanted.id === id);
		if (at >= 0) this._wanted.splice(at, 1)[0].reject(new Error("no file"));
	}

	framed({ kind, stream, payload }) {
		const hear = HEARD[kind];
		if (hear) this[hear](stream, kind === Kind.DATA || !payload.length ? payload : json(payload));
	}

	// Sending

	_next() {
		if (this._sending || !this._conversation.isOpen) return;
		const next = this._toSend.shift();
		if (!next) return;
		this._sending = next;
		next.stream = ++this._stream;
		const { name, size, type, lastModified } = next.file;
		const offer = { name, size, media: type, modified_ns: lastModified * 1_000_000 };
		this._conversation.send(Kind.OFFER, offer, next.stream);
	}

	async _accepted(stream, { offset = 0 }) {
		const sending = this._sending;
		if (!sending || sending.stream !== stream) return;
		const digest = new Sha256();
		this._conversation.send(Kind.START, { offset }, stream);
		for (let at = 0; at < sending.file.size; at += PIECE_BYTES) {
			const piece = new Uint8Array(await sending.file.slice(at, at + PIECE_BYTES).arrayBuffer());
			digest.feed(piece);
			if (at + piece.length > offset) {
				this._conversation.send(Kind.DATA, piece.subarray(Math.max(0, offset - at)), stream);
			}
			while (this._conversation.queuedBytes > QUEUED_BYTES_MAX) await pause(QUEUE_LOOK_MS);
			if (this._sending !== sending || sending.stream !== stream) return; // refused, or begun again
			sending.progress((at + piece.length) / sending.file.size);
		}
		sending.sha256 = digest.hex();
		this._conversation.send(Kind.END, { sha256: sending.sha256 }, stream);
	}

	_kept(stream) {
		this._over(stream, ({ resolve, sha256 }) => resolve(sha256));
	}

	_refused(stream, { why, limit = 0 }) {
		this._over(stream, ({ reject }) => reject(Object.assign(new Error(why), { limit })));
	}

	_over(stream, settle) {
		const sending = this._sending;
		if (!sending || sending.stream !== stream) return;
		this._sending = null;
		settle(sending);
		this._next();
	}

	// Fetching

	_offered(stream, offer) {
		const wanted = this._wanted[this._coming.size];
		if (!wanted) return this._conversation.send(Kind.REFUSE, { why: "unwanted" }, stream);
		this._coming.set(stream, { ...wanted, offer, parts: [], digest: new Sha256(), got: 0 });
		this._conversation.send(Kind.ACCEPT, {}, stream);
	}

	_cancelled(stream) {
		this._coming.delete(stream);
	}

	_came(stream, payload) {
		const coming = this._coming.get(stream);
		if (!coming) return;
		coming.parts.push(payload);
		coming.digest.feed(payload);
		coming.got += payload.length;
		coming.progress(coming.offer.size ? coming.got / coming.offer.size : 1);
	}

	_ended(stream, { sha256 }) {
		const coming = this._coming.get(stream);
		if (!coming) return;
		this._coming.delete(stream);
		this._wanted = this._wanted.filter((wanted) => wanted.resolve !== coming.resolve);
		if (coming.digest.hex() === sha256) {
			this._conversation.send(Kind.KEPT, undefined, stream);
			coming.resolve(new Blob(coming.parts));
		} else {
			this._conversation.send(Kind.REFUSE, { why: "digest" }, stream);
			coming.reject(new Error("digest"));
		}
	}
}

/** A picture that can be shown, or null if those bytes are none, whatever their sender calls them. */
export async function pictureOf(blob) {
	try {
		(await createImageBitmap(blob)).close();
		return new Blob([blob], { type: "image/png" }); // nothing that is opened with this type is a page
	} catch {
		return null;
	}
}

export const describesPicture = (file) => /^image\/(png|jpeg|gif|webp|avif)$/.test(file.media_type ?? "");
