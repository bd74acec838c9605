// The frame: which place is shown, in which language and light.

import { Commands } from "./commands.js";
import { SendDrawer } from "./send.js";
import { find, isTyped, show } from "./shared/dom.js";
import { Cachipun } from "./cachipun/cachipun.js";
import { Plaza } from "./plaza/plaza.js";
import { Store } from "./wire/store.js";
import { Wire } from "./wire/wire.js";
import { chooseLanguage, inEachLanguage, language, languages, loadWords, say } from "./shared/words.js";

const LIGHT = "enchufe.light";
const PLACES = ["plaza", "cachipun", "wire"];
const SERVICES = { plaza: "chat", cachipun: "cachipun" }; // the places that are there with a service only
const LIGHTS = ["auto", "light", "dark"];

class App {
	constructor(about) {
		this._about = about;
		this.store = new Store();
		this._commands = new Commands(find(document, "#listening"), about.listed);
		this._drawer = new SendDrawer(find(document, "#drawer"), this._commands);
		this._places = new Map();
		this._label();
		this._chooseLight(localStorage.getItem(LIGHT) ?? "auto");
		addEventListener("hashchange", () => this._go());
		addEventListener("keydown", (event) => this._keyed(event));
		find(document, "#send").addEventListener("click", () => this._drawer.open());
		find(document, "#language").addEventListener("click", () => this._nextLanguage());
		find(document, "#light").addEventListener("click", () => this._nextLight());
		this._go();
	}

	_make(name, place) {
		if (name === "wire") return new Wire(place, this.store, this._commands);
		return new (name === "plaza" ? Plaza : Cachipun)(place, this._commands);
	}

	/** Show the place that the address names; what is in it begins when it is first seen. */
	_go() {
		const { services } = this._about;
		const names = PLACES.filter((name) => !SERVICES[name] || services.includes(SERVICES[name]));
		const asked = location.hash.slice(1);
		const name = names.includes(asked) ? asked : names[0];
		for (const each of PLACES) {
			show(find(document, `#${each}`), each === name);
			const link = find(document, `nav a[href="#${each}"]`);
			show(link, names.includes(each));
			if (each === name) link.setAttribute("aria-current", "page");
			else link.removeAttribute("aria-current");
		}
		const place = find(document, `#${name}`);
		if (!this._places.has(name)) this._places.set(name, this._make(name, place));
		document.title = `enchufe · ${say(name)}`;
		this._places.get(name).focus();
	}

	_label() {
		inEachLanguage(() => {
			const [next] = languages.filter((each) => each !== language);
			find(document, "#language").textContent = next === "es" ? "Español" : "English";
			find(document, "#language").lang = next;
		});
	}

	async _nextLanguage() {
		await chooseLanguage(languages[(languages.indexOf(language) + 1) % languages.length]);
	}

	_nextLight() {
		const next = LIGHTS[(LIGHTS.indexOf(document.documentElement.dataset.light) + 1) % LIGHTS.length];
		localStorage.setItem(LIGHT, next);
		this._chooseLight(next);
	}

	_chooseLight(light) {
		document.documentElement.dataset.light = light;
	}

	_keyed(event) {
		if (event.key !== "s" || !isTyped(event)) return;
		event.preventDefault();
		this._drawer.open();
	}
}

const about = await (await fetch("about.json")).json();
await loadWords(about.languages);
window.enchufe = new App(about);
