// Wire: each byte as it goes by, with what can be asked of it.

import { find, gather, isTyped, make, show } from "../shared/dom.js";
import { Detail } from "./detail.js";
import { Table } from "./table.js";
import { inEachLanguage, language, numberOf, say } from "../shared/words.js";

const PEERS_OFFERED = 200;

export class Wire {
	constructor(place, commands, store) {
		this._store = store;
		this._selected = -1;
		gather(this, place);
		this._table = new Table(find(place, ".table"), store, this);
		this._detail = new Detail(find(place, ".detail"), store, this._table, (at) => (at < 0 ? this._close() : this._table.reveal(at)));
		this._build(commands);
		store.follow(() => this._soonBar());
		addEventListener("keydown", (event) => !place.hidden && this._keyed(event));
	}

	focus() {
		this._table.rows.focus({ preventScroll: true });
	}

	_build(commands) {
		const { _search: search, _service: service, _peer: peer } = this;
		search.oninput = () => this._store.refilter({ text: search.value.trim().toLowerCase() });
		service.onchange = () => this._store.refilter({ service: service.value });
		peer.onchange = () => this._store.refilter({ peer: peer.value ? Number(peer.value) : null });
		this._pause.onclick = () => this._togglePause();
		this._groups.onclick = ({ target }) => {
			if (target.value) this._toggleGroup(target);
		};
		this._pill.onclick = () => this._table.toEnd();
		this._clear.onclick = () => this._store.clear();
		this._lines.onclick = () => this._download("enchufe", new Blob([this._store.recording()], { type: "application/jsonl" }));
		this._pcapng.onclick = () => this._convert();
		inEachLanguage(() => {
			commands.teach(this._empty, "", "nothing_yet");
			this._shownChoices = "";
			this._drawBar();
			if (this._selected >= 0) this._detail.show(this._selected);
		});
	}

	_toggleGroup(button) {
		const { groups } = this._store.filter;
		if (!groups.delete(button.value)) groups.add(button.value);
		button.ariaPressed = groups.has(button.value);
		this._store.refilter({});
	}

	// What is selected, followed, searched

	selected(at) {
		this._selected = at;
		this._detail.show(at);
	}

	_close() {
		this._table.select(-1);
		this.focus();
	}

	followed(peer) {
		const isFollowed = this._store.filter.peer === peer;
		this._store.refilter({ peer: isFollowed ? null : peer });
		this._drawBar();
	}

	_keyed(event) {
		if (!isTyped(event)) return void (event.key === "Escape" && this.focus());
		const isOnButton = event.target.tagName === "BUTTON";
		if (event.key === "/") this._search.focus();
		else if (event.key === "f") this._followSelected();
		else if (event.key === " " && !isOnButton) this._togglePause();
		else if (event.key === "Escape") this._close();
		else return;
		event.preventDefault();
	}

	_followSelected() {
		const { peer } = this._store.filter;
		const selected = this._store.records[this._selected]?.peer ?? null;
		if (peer !== null || selected !== null) this.followed(peer ?? selected);
	}

	_togglePause() {
		this._store.pause(!this._store.isPaused);
		this._drawBar();
	}

	// What is kept

	_download(kind, blob) {
		const address = URL.createObjectURL(blob);
		make("a", { href: address, download: `wire.${kind}` }).click();
		setTimeout(() => URL.revokeObjectURL(address), 10_000);
	}

	async _convert() {
		const answer = await fetch(`pcapng?language=${language}`, { method: "POST", body: this._store.recording() });
		if (answer.ok) this._download("pcapng", await answer.blob());
		else this._count.textContent = await answer.text();
	}

	// The bar

	_soonBar() {
		this._barTimer ??= setTimeout(() => {
			this._barTimer = null;
			this._drawBar();
		}, 250);
	}

	_drawBar() {
		const { records, shown, dropped, waiting, isPaused, filter } = this._store;
		show(this._empty, records.length === 0);
		this._pause.textContent = say(isPaused ? "go_on" : "pause");
		this._pause.ariaPressed = isPaused;
		const counted = say("events_shown", { shown: numberOf(shown.length), all: numberOf(records.length) });
		const waits = isPaused && say("waiting", { count: numberOf(waiting.length) });
		const forgotten = dropped > 0 && say("dropped", { count: numberOf(dropped) });
		this._count.textContent = [counted, waits, forgotten].filter(Boolean).join(" · ");
		this._drawChoices(filter);
	}

	/** The services and peers there are; not touched while they are the same, as one may be open. */
	_drawChoices({ peer, service }) {
		const { services, peers } = this._store;
		const choices = `${services.size} ${peers.size} ${peer} ${service}`;
		if (choices === this._shownChoices) return;
		this._shownChoices = choices;
		const fill = (select, all, values, chosen, nameOf) => {
			select.replaceChildren(make("option", { value: "" }, say(all)), ...values.map((value) => make("option", { value }, nameOf(value))));
			select.value = chosen ?? "";
		};
		fill(this._service, "all_services", [...services].sort(), service, String);
		const latest = [...peers.keys()].slice(-PEERS_OFFERED);
		if (peer !== null && !latest.includes(peer)) latest.unshift(peer);
		fill(this._peer, "all_peers", latest, peer, (each) => this._table.nameOf(each));
	}

	behind(count) {
		show(this._pill, count > 0);
		if (count > 0) this._pill.textContent = say("new_events", { count: numberOf(count) });
	}
}
