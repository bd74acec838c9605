// What listens right now, and what to type to reach it.

import { copyButton, make } from "./shared/dom.js";
import { inEachLanguage, say } from "./shared/words.js";

export class Commands {
	constructor(bar, listed) {
		this.listed = listed.map((each) => ({ ...each, command: each.theirs.startsWith("ncat") ? each.theirs : each.ours }));
		const chip = ({ service, url, ours, command }) => make("li", { title: `${url} · ${ours}` }, make("b", service), make("code", command), copyButton(command));
		inEachLanguage(() => bar.replaceChildren(...this.listed.map(chip)));
	}

	/** Fill an empty place: what it is for, and what to type so that it is not empty any more. */
	teach(place, service, key) {
		const { command } = this.listed.find((each) => each.service === service) ?? this.listed[0] ?? {};
		const typed = command && make("p", say("open_a_terminal"), " ", make("code", command), copyButton(command));
		place.replaceChildren(make("p", say(key)), typed ?? "");
	}
}
