// What listens right now, and what to type to reach it.

import { copyButton, make } from "./shared/dom.js";
import { inEachLanguage, say } from "./shared/words.js";

export class Commands {
	constructor(bar, listed) {
		this.listed = listed;
		inEachLanguage(() => this._draw(bar));
	}

	_draw(bar) {
		bar.replaceChildren(...this.listed.map((endpoint) => this._chip(endpoint)));
	}

	_chip({ service, url, ours, theirs }) {
		const command = theirs.startsWith("ncat") ? theirs : ours;
		return make("li", { title: `${url} · ${ours}` }, make("b", service), make("code", command), copyButton(command));
	}

	/** Fill an empty place: what it is for, and what to type so that it is not empty any more. */
	teach(place, service, key) {
		const endpoint = this.listed.find((each) => each.service === service) ?? this.listed.find((each) => each.theirs.startsWith("ncat"));
		const command = endpoint && (endpoint.theirs.startsWith("ncat") ? endpoint.theirs : endpoint.ours);
		place.replaceChildren(
			make("p", say(key)),
			...(command ? [make("p", say("open_a_terminal"), " ", make("code", command), copyButton(command))] : []));
	}
}
