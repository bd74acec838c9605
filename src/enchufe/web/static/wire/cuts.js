// How bytes came and how they were understood: two ways to cut the same stretch of a stream.

import { HEADER_BYTES, KIND_NAMES, Kind, PREFACE, frame } from "../shared/frames.js";
import { indexOf, joined, visibleBytes } from "../shared/bytes.js";
import { bytesOf, factOf, kindOf } from "./record.js";

const READS_BEFORE = 6;
const READS_AFTER = 6;
const BYTES_MAX = 4096;
const RECEIVED = new Set(["BytesReceived", "MessageReceived", "FrameReceived"]);
const SENT = new Set(["BytesSent", "Send", "SendFrame"]);

/** The stretch of a conversation around a record, its bytes and both ways to cut them; or null. */
export function stretchOf(store, at) {
	const record = store.records[at];
	const kinds = RECEIVED.has(record.type) ? RECEIVED : SENT.has(record.type) ? SENT : null;
	if (!kinds) return null;
	const around = facts(store, at, kinds);
	const reads = readsOf(around);
	if (!reads.length) return null;
	const bytes = joined(reads.map((read) => read.bytes));
	const isReceived = kinds === RECEIVED;
	const messages = isReceived ? messagesOf(around, bytes) : reads.map(messageWritten);
	return { bytes, reads, messages, isReceived };
}

/** What the same conversation brought in the same direction, a few reads before and after. */
function facts(store, at, kinds) {
	const { peer } = store.records[at];
	const found = [];
	const walk = (from, step, readsMax) => {
		for (let here = from, reads = 0, bytes = 0; here >= 0 && here < store.records.length; here += step) {
			const record = store.records[here];
			if (record.peer !== peer || !kinds.has(record.type)) continue;
			const isRead = record.type === "BytesReceived" || record.type === "BytesSent";
			if (isRead && (++reads > readsMax || (bytes += record.size) > BYTES_MAX)) break;
			found.push(here);
		}
	};
	walk(at, 1, READS_AFTER + 1);
	walk(at - 1, -1, READS_BEFORE);
	return found.sort((one, other) => one - other).map((here) => ({ at: here, record: store.records[here], fact: factOf(store.records[here]) }));
}

function readsOf(around) {
	let end = 0;
	const reads = [];
	for (const { at, record, fact } of around) {
		if (record.type !== "BytesReceived" && record.type !== "BytesSent") continue;
		const bytes = bytesOf(fact);
		reads.push({ at, bytes, start: end, end: (end += bytes.length) });
	}
	return reads;
}

/** Find each message in the bytes; what lies between is how the wire marks them. */
function messagesOf(around, bytes) {
	const messages = [];
	let from = 0;
	for (const { at, record, fact } of around) {
		if (record.type === "BytesReceived" || record.type === "BytesSent") continue;
		const payload = bytesOf(fact);
		const framed = frameWith(payload, fact.frame?.kind ?? Kind.TEXT, bytes, from);
		const start = framed < 0 ? indexOf(bytes, payload, from) : framed;
		if (start < 0) continue; // it began before this stretch
		if (start > from) messages.push(between(bytes, from, start));
		let end = start + payload.length + (framed < 0 ? 0 : HEADER_BYTES);
		if (framed < 0) while (end < bytes.length && (bytes[end] === 13 || bytes[end] === 10)) if (bytes[end++] === 10) break;
		const kind = fact.frame ? (KIND_NAMES[fact.frame.kind] ?? fact.frame.kind) : "";
		messages.push({ at, start, end, label: [kind, visibleBytes(payload.slice(0, 60))].join(" ").trim(), isPart: false });
		from = end;
	}
	if (from < bytes.length) messages.push(between(bytes, from, bytes.length));
	return messages;
}

/** What is written at once is one message of ours, or a frame. */
function messageWritten({ at, bytes, start, end }) {
	if (end - start === PREFACE.length && indexOf(bytes, PREFACE, 0) === 0) return { at, start, end, label: "preface", isPart: false };
	const kind = kindOf(bytes);
	const label = [kind, visibleBytes(bytes.subarray(kind ? HEADER_BYTES : 0, 60))].join(" ").trim();
	return { at, start, end, label, isPart: false };
}

/** Where the next frame with that payload begins, or -1. */
function frameWith(payload, kind, bytes, from) {
	const whole = frame(kind, payload);
	const head = whole.subarray(0, 5);
	for (let at = indexOf(bytes, head, from); at >= 0; at = indexOf(bytes, head, at + 1)) {
		if (indexOf(bytes, payload, at + HEADER_BYTES, at + whole.length) >= 0) return at;
	}
	return -1;
}

function between(bytes, start, end) {
	const isPreface = end - start === PREFACE.length && indexOf(bytes, PREFACE, start, end) === start;
	return { at: -1, start, end, label: isPreface ? "preface" : "", isPart: !isPreface };
}
