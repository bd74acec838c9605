// Cachipún: two seats facing each other, three hands, and whoever else is here.

import { visible } from "../shared/bytes.js";
import { find, gather, isTyped, make, show, tint } from "../shared/dom.js";
import { CHOICES, Game } from "./game.js";
import { hand } from "./hands.js";
import { rememberName, rememberedName } from "../shared/session.js";
import { inEachLanguage, say, sayOf, sayPlainly } from "../shared/words.js";

const COUNT_MS = 600;
const NEWS_MAX = 4;

export class Cachipun {
	constructor(place, commands) {
		this._place = place;
		this._commands = commands;
		this._counting = 0; // stands for the countdown that is under way
		this._hasCalled = false;
		this._build();
		this._game = new Game(rememberedName(), this);
		addEventListener("keydown", (event) => !place.hidden && this._keyed(event));
	}

	focus() {
		find(this._hands, "button:not(:disabled)")?.focus({ preventScroll: true });
	}

	_build() {
		gather(this, this._place);
		this._seats = [...this._place.querySelectorAll(".seat")].map((seat) => find(seat, "b", ".strokes", ".shown"));
		this._name.onchange = () => this._game.rename(rememberName(this._name.value.trim()));
		this._hands.onclick = ({ target }) => this._choose(target.closest("button")?.value);
		this._rematch.onclick = () => this._again();
		this._whoever.onclick = () => this._call({});
		this._house.onclick = () => this._call({ house: true });
		inEachLanguage(() => this._commands.teach(this._teach, "cachipun", "no_opponent"));
	}

	// What this person does

	_keyed(event) {
		if (!isTyped(event)) return;
		const choice = CHOICES[Number(event.key) - 1];
		if (choice) this._choose(choice);
		else if (event.key === "Enter" && event.target === document.body) find(this._actions, "button:not([hidden])").click();
	}

	_choose(choice) {
		this._finishCount?.();
		if (!choice || !this._game.mayChoose) return;
		this._game.choose(choice);
		this._showHand(0, choice);
		this._drawHands();
	}

	/** Play the same opponent again. */
	_again() {
		const { players, seat } = this._game.match;
		const to = players[1 - seat];
		this._call(to === sayOf("game", "house") ? { house: true } : { to });
	}

	_call(wish) {
		this._game.call({ best: Number(this._best.value), ...wish });
	}

	// What the game says

	seated(name) {
		if (this._name !== document.activeElement) this._name.value = name;
		if (this._hasCalled) return;
		this._hasCalled = true;
		this._call({});
		this._game.askScores();
	}

	begun(match) {
		this._finishCount?.();
		this._mine = Math.max(match.seat, 0);
		this._say(say("match_begins"), "");
		this._drawScore();
		for (const side of [0, 1]) this._showHand(side, null);
		this._drawActions();
	}

	roundBegins({ round, limit_s }) {
		this._limitAt = performance.now() + limit_s * 1000;
		this._after(() => {
			const now = say(this._game.match.seat < 0 ? "round_now" : "choose_now", { round });
			this._hint.textContent = [this._hint.textContent, now].filter(Boolean).join(" ");
			this._drawHands();
			this._tick();
		});
	}

	committed(seat) {
		const { players, seat: own } = this._game.match;
		if (seat === own) this._say(say("you_have_chosen"), "");
		else this._hint.textContent = say("has_chosen", { name: visible(players[seat]) });
		this._after(() => this._drawHands());
	}

	ended(result, isFair) {
		const { seat } = this._game.match;
		const outcome = seat < 0 || result.over ? "" : result.winner < 0 ? "draw" : result.winner === seat ? "you_win" : "you_lose";
		const sentence = this._sentence(result);
		const ending = () => {
			for (const side of [0, 1]) this._showHand(side, result.choices[side ? 1 - this._mine : this._mine] || null);
			this._drawScore();
			if (!isFair) this._say(say("not_fair"), "");
			else if (outcome) this._say(say(outcome), `${sentence}.`);
			else this._say(sentence, "");
			this._drawHands();
			this._drawActions();
			if (result.over) this._game.askScores();
		};
		if (result.why === "played") this._countDown(ending);
		else ending();
	}

	/** 3 – 2 – 1, and then both hands at once; what happens meanwhile waits. */
	_countDown(ending) {
		let left = 3;
		const wait = [];
		this._waiting = wait;
		for (const side of [0, 1]) this._showHand(side, null);
		const finish = () => {
			clearInterval(this._counting);
			this._counting = 0;
			this._finishCount = null;
			ending();
			for (const action of wait) action();
		};
		this._finishCount = finish;
		const step = () => (left ? this._say(String(left--), "") : finish());
		this._counting = setInterval(step, COUNT_MS);
		step();
	}

	/** Do something now, or after the countdown. */
	_after(action) {
		if (this._counting) this._waiting.push(action);
		else action();
	}

	lost() {
		this._say(say("game_lost"), "");
	}

	told(told) {
		const { what, name, other, count } = told;
		if (what === "waiting") return this._say(say("waiting_for_you"), "");
		if (what === "house offered") return this._say(say("waiting_for_you"), say("nobody_came"));
		const text = sayPlainly("game", what.replace(/ /g, "_"), { name, other, count, most: 24 }) || [what, name, other].join(" ");
		if (what.startsWith("name")) this._name.value = this._game.name;
		this._news.append(make("li", visible(text)));
		if (this._news.children.length > NEWS_MAX) this._news.firstElementChild.remove();
		const onclick = () => this._game.call({ to: name, best: count });
		if (what === "invited") this._news.lastElementChild.append(" ", make("button", { onclick }, say("accept")));
	}

	_sentence({ round, choices, winner, score, over, why }) {
		const { players } = this._game.match;
		const told = (key, fields) => sayPlainly("game", key, { round, ...fields }).replace(/^[^:]*: /, "");
		if (over) return winner < 0 ? told("won_by_nobody") : told("won", { name: visible(players[winner]), ours: score[winner], theirs: score[1 - winner] });
		const shown = choices.map((choice) => CHOICES.includes(choice) ? say(choice) : choice);
		if (why === "played") return winner < 0 ? say("draw") : told("beats", { winning: shown[winner], losing: shown[1 - winner], name: visible(players[winner]) });
		return winner < 0 ? told(`both_${why}`) : told(why, { name: visible(players[1 - winner]) });
	}

	// What is drawn

	_say(text, hint) {
		this._status.textContent = text;
		this._hint.textContent = hint;
	}

	_drawScore() {
		const { players, score, seat, numbers } = this._game.match;
		this._seats.forEach(([name, strokes, shown], at) => {
			const which = at ? 1 - this._mine : this._mine;
			for (const part of [name, strokes, shown]) tint(part, numbers[which]);
			name.textContent = seat === which ? say("you") : visible(players[which]);
			strokes.replaceChildren(...Array.from({ length: score[which] }, () => make("i")));
			strokes.setAttribute("aria-label", String(score[which]));
		});
	}

	_showHand(side, choice) {
		this._seats[side][2].replaceChildren(choice ? hand(choice, say(choice), side === 1) : make("span.hidden", "?"));
	}

	_drawHands() {
		const mayChoose = this._game.mayChoose && !this._counting;
		for (const button of this._hands.children) button.disabled = !mayChoose;
	}

	_drawActions() {
		const { match } = this._game;
		const isSeated = match?.seat >= 0;
		show(this._teach, !match);
		show(this._hands, !match || isSeated);
		show(this._rematch, isSeated && match.isOver);
		show(this._actions, !isSeated || match.isOver);
	}

	showPlayers({ waiting, matches }) {
		const item = (text, onclick) => make("li", make("button", { onclick }, text));
		const invite = (name) => item(say("play_with", { name: visible(name) }), () => this._call({ to: name }));
		const watch = ([first, second]) => item(say("watch", { first: visible(first), second: visible(second) }), () => this._game.watch(first));
		const others = waiting.filter((name) => name !== this._game.name);
		const elsewhere = matches.filter((pair) => !pair.includes(this._game.name));
		this._players.replaceChildren(...others.map(invite), ...elsewhere.map(watch));
	}

	showScores({ rows }) {
		show(this._table, rows.length > 0);
		const cells = (row) => [visible(row.name), row.won, row.lost].map((text) => make("td", text));
		this._rows.replaceChildren(...rows.slice(0, 10).map((row) => make("tr", cells(row))));
	}

	/** Show how much time is left, once it is short. */
	_tick() {
		clearTimeout(this._ticking);
		const leftS = Math.ceil((this._limitAt - performance.now()) / 1000);
		if (leftS <= 0 || !this._game.mayChoose) return;
		if (leftS <= 10) this._hint.textContent = say("hurry", { seconds: leftS });
		this._ticking = setTimeout(() => this._tick(), 1000);
	}
}
