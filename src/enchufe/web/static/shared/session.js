// Who this page is to a service, through broken connections and when it is loaded anew.

import { randomText } from "./chance.js";

/** A secret that a reloaded page still has; one that is duplicated has another. */
export function rememberedSession(key) {
	const session = sessionStorage.getItem(key) ?? randomText(16);
	sessionStorage.removeItem(key);
	addEventListener("pagehide", () => sessionStorage.setItem(key, session));
	return session;
}
