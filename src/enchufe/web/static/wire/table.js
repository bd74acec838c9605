// The rows of the wire: a list and a sequence diagram in one, of which only what is seen is drawn.

import { draw, find, gather, make, tint } from "../shared/dom.js";
import { inEachLanguage, say, sayOf } from "../shared/words.js";

export const ROW_PX = 22;
const LANE_PX = 44;
const LANES_MAX = 8;
const SPARE_ROWS = 4;

const MARKS = { PeerOpened: "●", PeerClosed: "✕", PeerFinished: "⊣", Finish: "⊢", Close: "⊢" };

export class Table {
	/** @param on who is told, such as `Wire`. */
	constructor(element, store, on) {
		gather(this, element);
		this._store = store;
		this._on = on;
		this._selected = -1; // index into the store's records
		this._follows = true;
		this._seen = 0;
		this._lanes = new Map(); // peer -> lane
		this._pool = [];
		this._isDirty = false;
		this._laneCount = innerWidth < 700 ? 2 : LANES_MAX;
		this._build();
		store.follow((isOther, gone) => this._changed(isOther, gone));
		addEventListener("resize", () => this._soon());
	}

	_build() {
		this._rows.onscroll = () => this._scrolled();
		this._rows.addEventListener("click", (event) => {
			const row = event.target.closest(".row");
			if (row) this.select(Number(row.dataset.at));
		});
		this._rows.onkeydown = (event) => this._keyed(event);
		inEachLanguage(() => this._soon());
	}

	get rows() {
		return this._rows;
	}

	select(at) {
		this._selected = at;
		this._on.selected(at);
		this._soon();
	}

	/** Go to a record, wherever it is. */
	reveal(at) {
		const place = this._store.shown.indexOf(at);
		if (place >= 0) {
			this._follows = false;
			const top = place * ROW_PX;
			const { scrollTop, clientHeight } = this._rows;
			if (top < scrollTop || top > scrollTop + clientHeight - ROW_PX) this._rows.scrollTop = top - clientHeight / 2;
		}
		this.select(at);
	}

	toEnd() {
		this._follows = true;
		this._soon();
	}

	_keyed(event) {
		const page = Math.floor(this._rows.clientHeight / ROW_PX) - 1;
		const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
		const step = steps[event.key];
		if (step === undefined) return;
		event.preventDefault();
		const { shown } = this._store;
		if (!shown.length) return;
		const place = shown.indexOf(this._selected);
		const next = Math.min(Math.max(place < 0 ? 0 : place + step, 0), shown.length - 1);
		this.reveal(shown[next]);
	}

	// Drawing

	_changed(isOther, gone) {
		if (isOther) {
			this._lanes.clear();
			if (gone) {
				this._selected = Math.max(this._selected - gone.records, -1);
				if (!this._follows) this._rows.scrollTop -= gone.rows * ROW_PX;
			}
			this._seen = Math.min(this._seen, this._store.shown.length);
		}
		this._soon();
	}

	_scrolled() {
		const { scrollTop, scrollHeight, clientHeight } = this._rows;
		this._follows = scrollHeight - scrollTop - clientHeight < ROW_PX;
		this._soon();
	}

	_soon() {
		if (this._isDirty) return;
		this._isDirty = true;
		requestAnimationFrame(() => {
			this._isDirty = false;
			this._draw();
		});
	}

	_draw() {
		const { shown } = this._store;
		this._spacer.style.height = `${shown.length * ROW_PX}px`;
		if (this._follows) {
			this._rows.scrollTop = this._rows.scrollHeight;
			this._seen = shown.length;
		}
		this._on.behind(this._follows ? 0 : shown.length - this._seen);
		const first = Math.max(0, Math.floor(this._rows.scrollTop / ROW_PX) - SPARE_ROWS);
		const count = Math.min(shown.length - first, Math.ceil(this._rows.clientHeight / ROW_PX) + 2 * SPARE_ROWS);
		this._rows.setAttribute("aria-rowcount", shown.length);
		this._giveLanes(shown.slice(first, first + count));
		while (this._pool.length < count) this._pool.push(this._newRow());
		this._pool.forEach((row, number) => {
			row.element.hidden = number >= count;
			if (number < count) this._drawRow(row, first + number);
		});
	}

	/** Give each peer in sight a lane, and let whoever has one keep it. */
	_giveLanes(visible) {
		const inSight = new Set(visible.map((at) => this._store.records[at].peer).filter((peer) => peer !== null));
		const isCrowded = new Set([...inSight, ...this._lanes.keys()]).size > this._laneCount;
		for (const peer of this._lanes.keys()) if (isCrowded && !inSight.has(peer)) this._lanes.delete(peer);
		const taken = new Set(this._lanes.values());
		const free = Array.from({ length: this._laneCount }, (_, lane) => lane).filter((lane) => !taken.has(lane));
		for (const peer of inSight) if (free.length && !this._lanes.has(peer)) this._lanes.set(peer, free.shift());
		this._heads.style.width = `${this._width}px`;
		this._heads.replaceChildren(make("span.lane", this._at(-1), say("here")), ...[...this._lanes].map(([peer, lane]) => {
			const onclick = () => this._on.followed(peer);
			return tint(make("button.lane", { tabindex: -1, title: this.nameOf(peer), onclick, ...this._at(lane) }, `#${peer}`), peer);
		}));
	}

	_at(lane) {
		return { style: { left: `${this._x(lane) - LANE_PX / 2}px` } };
	}

	nameOf(number) {
		const peer = this._store.peers.get(number);
		if (!peer) return `#${number}`;
		const { transport, host, port, path } = peer;
		const where = path || (host && `${host.includes(":") ? `[${host}]` : host}:${port}`);
		return `#${number} ${transport === "ws" ? say("browser") : transport} ${where}`;
	}

	get _width() {
		return (this._laneCount + 1) * LANE_PX;
	}

	/** Where a lane is: the server's (-1) in the middle, the first ones beside it. */
	_x(lane) {
		const middle = this._width / 2;
		if (lane < 0) return middle;
		const out = Math.floor(lane / 2) + 1;
		return middle + (lane % 2 ? out : -out) * LANE_PX;
	}

	_newRow() {
		const element = this._template.content.firstElementChild.cloneNode(true);
		const [picture, ...cells] = find(element, "svg", ".time", ".gap", ".event", ".size", ".what", ".arrow", ".mark");
		picture.setAttribute("width", this._width);
		const lines = Array.from({ length: this._laneCount + 1 }, (_, lane) => {
			const x = this._x(lane - 1);
			return draw("line", { x1: x, x2: x, y1: 0, y2: ROW_PX, class: lane ? "life" : "life here" });
		});
		picture.prepend(...lines);
		this._rows.append(element);
		const [time, gap, event, size, what, arrow, mark] = cells;
		return { element, lines, arrow, mark, time, gap, event, size, what };
	}

	_drawRow(row, place) {
		const { records, shown } = this._store;
		const at = shown[place];
		const record = records[at];
		const before = place ? records[shown[place - 1]] : null;
		row.element.style.transform = `translateY(${place * ROW_PX}px)`;
		row.element.dataset.at = at;
		row.element.id = `event-${place}`;
		row.element.setAttribute("aria-rowindex", place + 1);
		row.element.classList.toggle("selected", at === this._selected);
		row.element.classList.toggle("trouble", record.group === "trouble" || record.reason === "reset");
		if (at === this._selected) this._rows.setAttribute("aria-activedescendant", row.element.id);
		row.time.textContent = (record.ms / 1000).toFixed(6);
		row.gap.textContent = before ? gapOf(record.ms - before.ms) : "";
		row.event.textContent = this.eventOf(record);
		row.size.textContent = record.size ? `${record.size} B` : "";
		row.what.textContent = record.preview || record.address || (record.peer !== null ? this.nameOf(record.peer) : "");
		tint(row.element, record.peer);
		this._drawArrow(row, record);
	}

	_drawArrow(row, record) {
		const inUse = new Set(this._lanes.values());
		row.lines.forEach((line, lane) => line.classList.toggle("empty", lane > 0 && !inUse.has(lane - 1)));
		const lane = this._lanes.get(record.peer);
		const has = lane !== undefined && record.direction !== 0;
		const [there, here] = [this._x(lane ?? -1), this._x(-1)];
		const [from, to] = record.direction > 0 ? [there, here] : [here, there];
		row.arrow.setAttribute("d", has ? arrowPath(from, to) : "");
		row.arrow.classList.toggle("thin", record.group === "messages");
		row.mark.textContent = lane === undefined ? "" : (MARKS[record.type] ?? "");
		row.mark.setAttribute("x", there);
	}

	eventOf(record) {
		const name = sayOf("events", record.type, { count: record.count ?? "" }) || record.type;
		const reason = record.type !== "Close" && sayOf("reasons", record.reason.replace(/ /g, "_"));
		return reason ? `${name}: ${reason}` : name;
	}
}

function arrowPath(from, to) {
	const y = ROW_PX / 2;
	const back = to > from ? -5 : 5;
	const end = to + back / 5;
	return `M${from} ${y}H${end}M${end + back} ${y - 3.5}L${end} ${y}L${end + back} ${y + 3.5}`;
}

/** A gap with a unit that a person takes in. */
export function gapOf(ms) {
	if (ms < 0) return "";
	if (ms < 1) return `+${Math.round(ms * 1000)} µs`;
	if (ms < 1000) return `+${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
	return `+${(ms / 1000).toFixed(1)} s`;
}
