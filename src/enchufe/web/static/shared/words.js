// The page's words: in both languages from the same catalogue as the program's own.

const KEPT = "enchufe.language";

export class Words {
  constructor(languages) {
    this.languages = languages;
    this.language = languages.includes(localStorage.getItem(KEPT)) ? localStorage.getItem(KEPT) : languages[0];
    this._listeners = new Set();
  }

  async load(language = this.language) {
    const answer = await fetch(`words/${language}.json`);
    this._words = await answer.json();
    this.language = language;
    document.documentElement.lang = language;
    for (const listener of this._listeners) listener();
  }

  async choose(language) {
    localStorage.setItem(KEPT, language);
    await this.load(language);
  }

  /** Call `listener` now and whenever the language is another. */
  follow(listener) {
    this._listeners.add(listener);
    listener();
  }

  /** Say something in the page's words. */
  say(key, fields = {}) {
    return this.of("page", key, fields);
  }

  /** Say something in the words of the room or of the game; "" if there are none for it. */
  of(book, key, fields = {}) {
    const template = this._words[book]?.[key] ?? "";
    return template.replace(/\{(\w+)\}/g, (whole, name) => (name in fields ? String(fields[name]) : whole));
  }

  size(bytes) {
    return this.number(bytes, { style: "unit", unit: "byte", unitDisplay: "short", notation: "compact", maximumFractionDigits: 1 });
  }

  number(value, options) {
    return new Intl.NumberFormat(this.language, options).format(value);
  }

  time(atMs) {
    return new Intl.DateTimeFormat(this.language, { hour: "2-digit", minute: "2-digit" }).format(new Date(atMs));
  }
}
