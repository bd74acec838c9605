// What one event holds: its bytes under two rulers, how they came and how they were understood.

import { decoded, hexOf, visible, visibleLines } from "../shared/bytes.js";
import { draw, iconButton, make, tint } from "../shared/dom.js";
import { stretchOf } from "./cuts.js";
import { bytesOf, factOf } from "./record.js";
import { language, say } from "../shared/words.js";

const ROW_BYTES = 16;
const BYTES_SHOWN_MAX = 4096;
const RULER_PX = 30;

export class Detail {
	/** @param choose called with what is pressed on a ruler, or -1 to close. */
	constructor(element, store, table, choose) {
		Object.assign(this, { element, _store: store, _table: table, _choose: choose });
	}

	show(at) {
		const record = this._store.records[at];
		this.element.hidden = !record;
		if (!record) return;
		const { scrollTop } = this.element;
		const fact = factOf(record);
		const stretch = stretchOf(this._store, at);
		this.element.replaceChildren(
			this._title(record),
			...(stretch ? this._stretch(stretch, at) : [this._plain(record, fact)]),
		);
		tint(this.element, record.peer);
		this.element.scrollTop = scrollTop;
	}

	_title(record) {
		const close = iconButton("close", () => this._choose(-1));
		close.setAttribute("aria-label", say("close"));
		const peer = record.peer === null ? "" : this._table.nameOf(record.peer);
		const time = new Date(Number(record.at / 1_000_000n)).toLocaleTimeString(language, { hour12: false });
		const rest = String(record.at % 1_000_000_000n).padStart(9, "0");
		return make("header",
			make("b", this._table.eventOf(record)),
			make("span.peer", peer),
			make("small", [record.service, `${time}.${rest}`].filter(Boolean).join(" · ")),
			close);
	}

	// Bytes under two rulers

	_stretch(stretch, at) {
		const { bytes, reads, messages, isReceived } = stretch;
		const whole = messages.filter(({ isPart }) => !isPart).length;
		const key = isReceived ? "came_and_meant" : "sent_as";
		const sentence = say(key, { bytes: bytes.length, reads: reads.length, messages: whole });
		const picture = this._rulers(stretch, at);
		const dump = this._dump(stretch, at);
		light(picture, dump);
		return [make("p.sentence", sentence), picture, dump];
	}

	/** Two rulers over the same bytes; where a cut of one is none of the other, it can be seen. */
	_rulers({ bytes, reads, messages, isReceived }, at) {
		const total = Math.max(bytes.length, 1);
		const ruler = (name, title, cuts, label) =>
			make(`div.ruler.${name}`, { role: "list", "aria-label": title },
				make("span.ruler-name", { "aria-hidden": "true" }, title),
				make("div.segments", cuts.map((cut, number) => this._segment(cut, number, total, at, label(cut, number)))));
		const read = (cut) => `${cut.end - cut.start} B`;
		const message = (cut) => (cut.isPart ? say("unfinished") : cut.label || read(cut));
		const [first, second] = isReceived ? ["as_it_came", "as_it_was_understood"] : ["as_it_was_written", "as_it_was_meant"];
		return make("div.rulers",
			ruler("reads", say(first), reads, read),
			this._joints(reads, messages, total),
			ruler("messages", say(second), messages, message));
	}

	_segment(cut, number, total, at, label) {
		const { start, end } = cut;
		const kinds = [cut.isPart && ".part", cut.at === at && ".selected", number % 2 && ".odd"].filter(Boolean).join("");
		return make(`button.segment${kinds}`, {
			role: "listitem", title: `${label} (${start}–${end})`, "data-start": start, "data-end": end,
			style: { left: `${(start / total) * 100}%`, width: `${(Math.max(end - start, total / 400) / total) * 100}%` },
			onclick: () => cut.at >= 0 && this._choose(cut.at),
		}, label);
	}

	/** Between the rulers: a line where both cut, a half one where only one does. */
	_joints(reads, messages, total) {
		const picture = draw("svg", { class: "joints", viewBox: `0 0 1000 ${RULER_PX / 2}`, preserveAspectRatio: "none", "aria-hidden": "true" });
		const ends = (cuts) => new Set(cuts.flatMap(({ start, end }) => [start, end]));
		const [above, below] = [ends(reads), ends(messages)];
		for (const place of new Set([...above, ...below])) {
			const x = (place / total) * 1000;
			const isBoth = above.has(place) && below.has(place);
			const [y1, y2] = isBoth ? [0, RULER_PX / 2] : above.has(place) ? [0, RULER_PX / 4] : [RULER_PX / 4, RULER_PX / 2];
			picture.append(draw("line", { x1: x, x2: x, y1, y2, class: isBoth ? "both" : "one", "vector-effect": "non-scaling-stroke" }));
		}
		return picture;
	}

	/** Sixteen bytes a row, in hexadecimal and as text; a bar where a read begins, a colour a message. */
	_dump({ bytes, reads, messages }, at) {
		const starts = new Set(reads.map(({ start }) => start));
		const selected = [...reads, ...messages].find((cut) => cut.at === at);
		const belongs = (place) => messages.findIndex(({ start, end }) => place >= start && place < end);
		const rows = [];
		const shown = bytes.subarray(0, BYTES_SHOWN_MAX);
		const characters = charactersOf(shown);
		for (let from = 0; from < shown.length; from += ROW_BYTES) {
			const hex = make("span.hex");
			const text = make("span.text");
			for (let place = from; place < Math.min(from + ROW_BYTES, shown.length); place++) {
				const isSelected = selected && place >= selected.start && place < selected.end;
				const kinds = [belongs(place) % 2 && ".odd", place && starts.has(place) && ".read-begins", isSelected && ".selected"].filter(Boolean).join("");
				const cell = (shown) => make(`span.byte${kinds}`, { "data-place": place }, shown);
				hex.append(cell(hexOf(shown[place])), " ");
				text.append(cell(characters[place]));
			}
			rows.push(make("div.dump-row", make("span.offset", from.toString(16).padStart(4, "0")), hex, text));
		}
		if (bytes.length > BYTES_SHOWN_MAX) rows.push(make("p.more", say("more_bytes", { count: bytes.length - BYTES_SHOWN_MAX })));
		return make("div.dump", { tabindex: 0 }, rows);
	}

	/** An event that is not about bytes, or whose bytes belong to no conversation: what it says. */
	_plain(record, fact) {
		if (!fact) return make("p.sentence", [record.address, record.reason].filter(Boolean).join(" · "));
		const bytes = bytesOf(fact);
		if (bytes === null) return make("pre", visibleLines(JSON.stringify(fact, null, 2)));
		return this._dump({ bytes, reads: [], messages: [] }, -1);
	}
}

/** The character of each byte: whole where it begins, nothing where it goes on. */
function charactersOf(bytes) {
	const characters = [];
	for (let at = 0; at < bytes.length; ) {
		const first = bytes[at];
		const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
		const character = decoded(bytes.subarray(at, at + length));
		const isWhole = [...character].length === 1 && character !== "�";
		characters.push(isWhole ? visible(character) : "·");
		if (isWhole) for (let more = 1; more < length; more++) characters.push(" ");
		at += isWhole ? length : 1;
	}
	return characters;
}

/** Point at a segment, and its bytes light up. */
function light(picture, dump) {
	const cells = dump.querySelectorAll(".byte");
	picture.onpointerover = ({ target }) => {
		const { start = -1, end = -1 } = target.dataset;
		for (const cell of cells) cell.classList.toggle("lit", cell.dataset.place >= Number(start) && cell.dataset.place < Number(end));
	};
}
