// Chance that nobody can foresee.

/** So many random bytes in hexadecimal. */
export function randomText(bytes) {
	return [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
