// Our side of the game: nobody can change their mind, and we check that the other did not.
//
// A choice leaves as a digest first, and with its nonce only once both digests are known.

import { Conversation } from "../shared/conversation.js";
import { encoded, randomText } from "../shared/bytes.js";
import { Kind, json } from "../shared/frames.js";
import { sha256 } from "../shared/sha256.js";
import { rememberedSession } from "../shared/session.js";

const CHOSEN = "enchufe.chosen"; // so that a page that is loaded anew can still reveal

export const CHOICES = ["rock", "paper", "scissors"];
const BEATEN = { rock: "scissors", paper: "rock", scissors: "paper" };

/** The digest that binds a seat to its choice. */
export const commitment = (match, round, seat, choice, nonce) => sha256(encoded(`${match}/${round}/${seat}/${choice}/${nonce}`));

/** The seat that wins, or -1 in a draw. */
export function winnerOf([first, second]) {
	if (first === second) return -1;
	return BEATEN[first] === second ? 0 : 1;
}

const HEARD = {
	[Kind.SEATED]: "_seated", [Kind.MATCH]: "_begun", [Kind.ROUND]: "_roundBegins", [Kind.COMMIT]: "_committed", [Kind.REVEAL]: "_revealedBy",
	[Kind.RESULT]: "_ended", [Kind.TOLD]: "told", [Kind.PLAYERS]: "showPlayers", [Kind.SCORES]: "showScores",
};

export class Game {
	/** @param on who is told, such as `Cachipun`. */
	constructor(name, on) {
		this.name = name;
		this.match = null;
		this._on = on;
		this._session = rememberedSession("enchufe.player");
		this._forget(0);
		this._conversation = new Conversation("cachipun", {
			opened: () => this._conversation.send(Kind.SIT, { name: this.name, session: this._session }),
			framed: (frame) => this._framed(frame),
			lost: () => on.lost(),
		});
	}

	get hasChosen() {
		return Boolean(this._own);
	}

	get mayChoose() {
		return this._isOpen && !this._own;
	}

	rename(name) {
		this._conversation.send(Kind.SIT, { name, session: this._session });
	}

	call(wish) {
		this._conversation.send(Kind.CALL, wish);
	}

	watch(name) {
		this._conversation.send(Kind.WATCH, { name });
	}

	askScores() {
		this._conversation.send(Kind.SCORES, {});
	}

	choose(choice) {
		if (!this.mayChoose) return;
		const { match } = this.match;
		this._own = { match, round: this._round, choice, nonce: randomText(16) };
		sessionStorage.setItem(CHOSEN, JSON.stringify(this._own));
		this._sayChosen();
	}

	_forget(round) {
		this._round = round;
		this._own = null;
		this._isOpen = false;
		this._digests = [null, null];
		this._revealed = ["", ""];
		this._isFair = true;
	}

	_framed({ kind, payload }) {
		const hear = HEARD[kind];
		if (!hear) return;
		const told = json(payload);
		if (hear in this) this[hear](told);
		else this._on[hear](told);
	}

	_seated({ name }) {
		this.name = name;
		this._on.seated(name);
	}

	_begun(match) {
		if (this.match?.match !== match.match) this._forget(0);
		this.match = match;
		this._on.begun(match);
	}

	_roundBegins({ match, round, limit_s }) {
		if (this.match?.match !== match) return;
		if (round !== this._round) this._forget(round);
		const kept = JSON.parse(sessionStorage.getItem(CHOSEN) ?? "null");
		if (kept?.match === match && kept.round === round) this._own ??= kept;
		this._isOpen = this.match.seat >= 0;
		this._on.roundBegins({ round, limit_s });
		if (this._own) this._sayChosen();
	}

	_committed({ match, round, digest, seat }) {
		if (this.match?.match !== match || round !== this._round) return;
		this._digests[seat] ??= digest; // the first word of a seat counts
		this._on.committed(seat);
		this._sayChosen();
	}

	/** Say what the server has to hear of us; nothing is revealed before both digests are known. */
	_sayChosen() {
		if (!this._own || !this._isOpen) return;
		const { match, seat } = this.match;
		const { round, choice, nonce } = this._own;
		const digest = commitment(match, round, seat, choice, nonce);
		if (this._digests[seat] !== digest) this._conversation.send(Kind.COMMIT, { match, round, digest, seat });
		else if (this._digests[1 - seat]) this._conversation.send(Kind.REVEAL, { match, round, choice, nonce, seat });
	}

	_revealedBy({ match, round, choice, nonce, seat }) {
		if (this.match?.match !== match || round !== this._round) return;
		this._revealed[seat] = choice;
		if (this._digests[seat] && this._digests[seat] !== commitment(match, round, seat, choice, nonce)) this._isFair = false;
	}

	_ended(result) {
		if (this.match?.match !== result.match) return;
		if (result.why === "played") {
			const isAsRevealed = result.choices.every((choice, seat) => choice === (this._revealed[seat] || choice));
			this._isFair &&= isAsRevealed && winnerOf(result.choices) === (result.over ? winnerOf(this._revealed) : result.winner);
		}
		this._isOpen = false;
		this.match.score = result.score;
		if (result.over) this.match.isOver = true;
		this._on.ended(result, this._isFair);
	}
}
