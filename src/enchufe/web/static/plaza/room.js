// A visit to the room, over broken lines: nothing missing, nothing twice.
//
// A line is said until it is taken, and names the one before it, so a gap is seen.

import { Conversation } from "../shared/conversation.js";
import { decoded, encoded } from "../shared/bytes.js";
import { Kind, json } from "../shared/frames.js";
import { rememberedSession } from "../shared/session.js";

const SESSION = "enchufe.session";
const WHO_MS = 150;
const WHO_AGAIN_MS = 30_000;

const HEARD = { [Kind.JOINED]: "_joined", [Kind.SAID]: "_said", [Kind.TAKEN]: "_taken", [Kind.NOTICE]: "_noticed" };

export class Room {
	/** @param on who is told, as `Plaza`. */
	constructor(name, on) {
		this.name = name;
		this._asked = name;
		this._on = on;
		this._session = rememberedSession(SESSION);
		this._lastId = -1;
		this._number = 0;
		this._outbox = [];
		this._isIn = false;
		this._conversation = new Conversation("chat", {
			opened: () => this._join(),
			framed: (frame) => this._framed(frame),
			lost: ({ isRefused, why }) => {
				this._isIn = false;
				on.showState(isRefused ? "refused" : "away", why);
			},
		});
		setInterval(() => this._askWho(), WHO_AGAIN_MS);
	}

	get conversation() {
		return this._conversation;
	}

	/** Say a line; return what stands for it till it is taken. */
	say(text) {
		return this._post({ kind: Kind.SAY, payload: encoded(text) });
	}

	/** Say a file the room has already. */
	share(sha256) {
		return this._post({ kind: Kind.SHARE, payload: { sha256 } });
	}

	/** Give an order, such as `/name luis`. */
	order(line) {
		this._conversation.send(Kind.TEXT, encoded(line));
	}

	rename(name) {
		this._asked = name;
		this.order(`/name ${name}`);
	}

	leave() {
		this._conversation.end();
	}

	_join() {
		this._conversation.send(Kind.JOIN, { name: this._asked, session: this._session, after: this._lastId });
	}

	_post(item) {
		this._outbox.push(item);
		this._pump();
		return item;
	}

	/** Send what waits; after a file that is being said nothing else may be (docs/en/frames.md). */
	_pump() {
		if (!this._isIn) return;
		for (const item of this._outbox) {
			if (!item.number) item.number = ++this._number;
			if (!item.isSent) this._conversation.send(item.kind, item.payload, item.number);
			item.isSent = true;
			if (item.kind === Kind.SHARE) return;
		}
	}

	_framed(frame) {
		const hear = HEARD[frame.kind];
		if (frame.kind === Kind.TEXT) this._on.text(decoded(frame.payload));
		else if (hear) this[hear](json(frame.payload), frame.stream);
		else this._on.framed(frame);
	}

	_joined({ name, room, number, history }) {
		if (this._lastId >= 0 && history !== this._history) {
			this._lastId = 0; // it has forgotten all
			this._askMissing();
		}
		this._history = history;
		this.name = this._asked = name;
		this._isIn = true;
		this._number = Math.max(this._number, number ?? 0);
		this._outbox.forEach((item) => (item.isSent = false));
		this._on.joined(name, room);
		this._on.showState("here");
		this._pump();
		this._askWho();
	}

	_said(said) {
		if (said.id === 0 || said.again) return this._on.said(said);
		if (said.id <= this._lastId) return;
		if (this._lastId >= 0 && said.previous > this._lastId) return this._askMissing();
		this._lastId = said.id;
		const ours = said.number ? this._takeOut(said.number) : null;
		if (ours) this._on.taken(ours, said.id);
		else this._on.said(said);
	}

	_taken({ id, previous }, number) {
		if (this._lastId >= 0 && previous > this._lastId) return this._askMissing();
		this._lastId = Math.max(this._lastId, id);
		const ours = this._takeOut(number);
		if (ours) this._on.taken(ours, id);
	}

	_takeOut(number) {
		const at = this._outbox.findIndex((item) => item.number === number);
		const [item] = at < 0 ? [null] : this._outbox.splice(at, 1);
		this._pump();
		return item;
	}

	_askMissing() {
		this._conversation.send(Kind.SINCE, { after: this._lastId });
	}

	_noticed(notice) {
		if (notice.number) {
			const ours = this._takeOut(notice.number); // it cannot be said
			if (ours) this._on.refused(ours, notice);
		}
		if (notice.what === "present") return this._on.showPeople(peopleOf(notice));
		if (notice.what === "renamed" && notice.name === this.name) this.name = this._asked = notice.other;
		if (["came", "left", "lost", "renamed", "slow"].includes(notice.what)) this._askWho();
		this._on.noticed(notice);
	}

	/** Ask who is here, once for many. */
	_askWho() {
		clearTimeout(this._who);
		this._who = setTimeout(() => this._isIn && this.order("/who"), WHO_MS);
	}
}

/** Who is here: `["ana (udp)"]` with the numbers of connections. */
function peopleOf({ names = [], numbers = [] }) {
	return names.map((shown, at) => {
		const [, name, transport] = /^(.*) \((.*)\)$/.exec(shown) ?? [null, shown, ""];
		return { name, transport, number: numbers[at] ?? 0 };
	});
}
