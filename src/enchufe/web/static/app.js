// The frame: which place is shown, in which language and light.

import { Cachipun } from "./cachipun/cachipun.js";
import { Commands } from "./commands.js";
import { Plaza } from "./plaza/plaza.js";
import { SendDrawer } from "./send.js";
import { find, isTyped, show } from "./shared/dom.js";
import { chooseLanguage, inEachLanguage, language, languages, loadWords, say } from "./shared/words.js";
import { Store } from "./wire/store.js";
import { Wire } from "./wire/wire.js";

const LANGUAGES = { en: "English", es: "Español" };
const LIGHT = "enchufe.light";
const LIGHTS = ["auto", "light", "dark"];
const PLACES = [["plaza", Plaza, "chat"], ["cachipun", Cachipun, "cachipun"], ["wire", Wire]];

const about = await (await fetch("about.json")).json();
await loadWords(about.languages);

const [bar, sendButton, drawerPart, lightButton, languageButton] = find(document, "#listening", "#send", "#drawer", "#light", "#language");
const store = new Store();
const commands = new Commands(bar, about.listed);
const drawer = new SendDrawer(drawerPart, commands);
const places = PLACES.filter(([, , service]) => !service || about.services.includes(service));
const opened = {};

/** Show the place that the address names; what is in it begins when it is first seen. */
function go() {
	const [name, Place] = places.find(([each]) => each === location.hash.slice(1)) ?? places[0];
	for (const [each] of PLACES) {
		const [place, link] = find(document, `#${each}`, `nav a[href="#${each}"]`);
		show(place, each === name);
		show(link, places.some(([known]) => known === each));
		link.ariaCurrent = each === name ? "page" : null;
	}
	opened[name] ??= new Place(find(document, `#${name}`), commands, store);
	document.title = `enchufe · ${say(name)}`;
	opened[name].focus();
}

function shine(light) {
	document.documentElement.dataset.light = light;
	localStorage.setItem(LIGHT, light);
}

shine(localStorage.getItem(LIGHT) ?? "auto");
lightButton.onclick = () => shine(LIGHTS[(LIGHTS.indexOf(localStorage.getItem(LIGHT)) + 1) % LIGHTS.length]);
inEachLanguage(() => {
	languageButton.lang = languages.find((each) => each !== language);
	languageButton.textContent = LANGUAGES[languageButton.lang];
});
languageButton.onclick = () => chooseLanguage(languageButton.lang);
sendButton.onclick = () => drawer.open();
addEventListener("hashchange", go);
addEventListener("keydown", (event) => {
	if (event.key !== "s" || !isTyped(event)) return;
	event.preventDefault();
	drawer.open();
});
window.enchufe = { store }; // for whoever looks into it
go();
