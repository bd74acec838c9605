// All that was seen, up to a limit; and which of it is to be shown.

import { openSocket } from "../shared/conversation.js";
import { recordOf } from "./record.js";

export const RECORDS_MAX = 100_000;
const DROPPED_AT_ONCE = 10_000;
const AGAIN_MS = 1_000;

export class Store {
	constructor() {
		this.records = [];
		this.shown = []; // indices into records
		this.dropped = 0;
		this.peers = new Map();
		this.services = new Set();
		this.filter = { groups: new Set(["coming", "bytes", "trouble"]), peer: null, service: "", text: "" };
		this.isPaused = false;
		this.waiting = []; // what came while paused
		this.header = "";
		this._listeners = new Set();
		this._first = null;
		this._open();
	}

	/** Call `listener` whenever there is something new to draw. */
	follow(listener) {
		this._listeners.add(listener);
	}

	_open() {
		const socket = openSocket("wire");
		socket.onmessage = ({ data }) => this._came(data);
		socket.onclose = () => setTimeout(() => this._open(), AGAIN_MS);
	}

	_came(text) {
		const lines = text.split("\n");
		if (this.isPaused) {
			if (this.waiting.length < RECORDS_MAX) this.waiting.push(...lines);
			return this._tell();
		}
		this._add(lines);
	}

	_add(lines) {
		for (const line of lines) {
			if (line.startsWith('{"type":"enchufe recording"')) this.header ||= line;
			else this.add(recordOf(line));
		}
		if (this.records.length > RECORDS_MAX) this._dropOldest();
		this._tell();
	}

	add(record) {
		if (record.at === null) record.at = this.records.at(-1)?.at ?? 0n;
		this._first ??= record.at;
		record.ms = Number(record.at - this._first) / 1e6;
		this._meet(record);
		if (this._isShown(record)) this.shown.push(this.records.length);
		this.records.push(record);
	}

	_meet(record) {
		if (record.service) this.services.add(record.service);
		const { peer } = record;
		if (!peer) return;
		const known = this.peers.get(peer.id);
		if (!known) this.peers.set(peer.id, { ...peer, service: record.service, isGone: false });
		else if (record.type === "PeerClosed") known.isGone = true;
		record.peer = peer.id;
	}

	_isShown(record) {
		const { groups, peer, service, text } = this.filter;
		if (record.isHidden || !groups.has(record.group)) return false;
		if (peer !== null && record.peer !== peer) return false;
		if (service && record.service !== service) return false;
		return !text || record.preview.toLowerCase().includes(text) || record.type.toLowerCase().includes(text);
	}

	/** Show what another filter lets through. */
	refilter(changes) {
		Object.assign(this.filter, changes);
		this.shown = [];
		this.records.forEach((record, at) => this._isShown(record) && this.shown.push(at));
		this._tell(true);
	}

	pause(isPaused) {
		this.isPaused = isPaused;
		if (isPaused) return this._tell();
		const waiting = this.waiting;
		this.waiting = [];
		this._add(waiting);
	}

	clear() {
		this.dropped = 0;
		this.records = [];
		this.shown = [];
		this._first = null;
		this._tell(true);
	}

	_dropOldest() {
		this.records.splice(0, DROPPED_AT_ONCE);
		this.dropped += DROPPED_AT_ONCE;
		const stay = this.shown.filter((at) => at >= DROPPED_AT_ONCE).map((at) => at - DROPPED_AT_ONCE);
		const gone = { records: DROPPED_AT_ONCE, rows: this.shown.length - stay.length };
		this.shown = stay;
		this._tell(true, gone);
	}

	_tell(isOther = false, gone = null) {
		for (const listener of this._listeners) listener(isOther, gone);
	}

	/** The lines of a recording: what a download holds. */
	recording(indices) {
		const records = indices ? indices.map((at) => this.records[at]) : this.records;
		return [this.header, ...records.map(({ line }) => line).filter(Boolean), ""].join("\n");
	}
}
