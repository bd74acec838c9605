// One line of the wire: what a recording's entry, or a notice, is about.

import { decoded, fromBase64, visible } from "../shared/bytes.js";
import { HEADER_BYTES, KIND_NAMES } from "../shared/frames.js";

// What is shown or left out together; > comes to us, < leaves. All else is "other".
const GROUPS = {
	coming: "PeerOpened> PeerFinished> PeerClosed Finish< Close<",
	bytes: "BytesReceived> BytesSent<",
	messages: "MessageReceived> FrameReceived> PeerFramed> Send< SendFrame< SpeakFrames< Spread SpreadFrame",
	trouble: "PeerRefused DatagramCut> LoopAvoided AnswerLost TlsFailed NoticesLeftOut DescriptorsExhausted PeerBehind leftOut",
};
const TYPES = new Map();
for (const [group, types] of Object.entries(GROUPS)) {
	for (const [, type, way] of types.matchAll(/(\w+)([<>]?)/g)) TYPES.set(type, { group, direction: way === ">" ? 1 : way ? -1 : 0 });
}

const HIDDEN = new Set(["PeerMet", "EndQueued", "PeerCame", "PeerLeft", "Listening", "Ready", "PageServed", "Report"]);
const PREVIEW_BYTES = 160;

/** Where a line's own time stands in it: as text, because a number would lose its last digits. */
const AT_NS = /"at_ns":(\d+)/;

/** Make a record of a line, or null if there is nothing in it to show. */
export function recordOf(line) {
	const whole = JSON.parse(line);
	if ("left_out" in whole) return { type: "leftOut", group: "trouble", direction: 0, peer: null, service: "", count: whole.left_out, at: null, size: 0, line: null };
	const fact = whole.notice ?? whole.fact;
	const { type } = fact;
	const record = {
		type,
		...(TYPES.get(type) ?? { group: "other", direction: 0 }),
		peer: fact.peer ?? null,
		service: whole.service ?? fact.service ?? "",
		at: BigInt(AT_NS.exec(line)[1]),
		size: 0,
		line: whole.notice ? null : line,
		isHidden: HIDDEN.has(type),
		reason: fact.reason ?? fact.refusal ?? fact.fault ?? "",
		address: fact.address ?? "",
		preview: "",
	};
	describe(record, fact);
	return record;
}

function describe(record, fact) {
	const base64 = fact.data ?? fact.message ?? fact.frame?.payload;
	if (base64 !== undefined) {
		record.size = (base64.length / 4) * 3 - (base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0);
		const first = fromBase64(base64.slice(0, Math.ceil(PREVIEW_BYTES / 3) * 4));
		const kind = fact.data === undefined ? "" : kindOf(first, record.size);
		record.preview = [kind, visible(decoded(kind ? first.subarray(HEADER_BYTES) : first))].join(" ").trim();
	}
	if (fact.frame) record.preview = `${KIND_NAMES[fact.frame.kind] ?? fact.frame.kind} ${record.preview}`;
	else if (fact.text !== undefined) record.preview = visible(fact.text);
	else if (fact.name !== undefined) record.preview = visible(fact.name);
}

/** The kind of the frame that begins there, or "" if none does. */
export function kindOf(bytes, size = bytes.length) {
	if (size < HEADER_BYTES || bytes[0] !== 0) return "";
	const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
	return length + HEADER_BYTES <= size ? (KIND_NAMES[bytes[4]] ?? "") : "";
}

/** All that a record's line says. */
export const factOf = (record) => (record.line ? JSON.parse(record.line).fact : null);

/** The bytes of a record, if it has any. */
export function bytesOf(fact) {
	const base64 = fact?.data ?? fact?.message ?? fact?.frame?.payload;
	return base64 === undefined ? null : fromBase64(base64);
}
