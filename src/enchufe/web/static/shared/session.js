// Who this page is to a service, through broken connections and when it is loaded anew.

import { randomText } from "./bytes.js";

/** A secret that a reloaded page still has; one that is duplicated has another. */
export function rememberedSession(key) {
	const session = sessionStorage.getItem(key) ?? randomText(16);
	sessionStorage.removeItem(key);
	addEventListener("pagehide", () => sessionStorage.setItem(key, session));
	return session;
}

const NAME = "enchufe.name";

/** How the person here is called, if they said so once. */
export const rememberedName = () => localStorage.getItem(NAME) ?? "";

export function rememberName(name) {
	localStorage.setItem(NAME, name);
	return name;
}
