// Elements made of text and never of markup: what a peer wrote cannot become part of the page.

/** Make an element: `make("p.quiet", {title}, "text", child)`; false and null are left out. */
export function make(name, properties = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === false || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [name, to] of Object.entries(value)) element.style.setProperty(name, to);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== false));
  return element;
}

/** Make a drawing: `draw("path", {d: "…"})`. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export const find = (selector, within = document) => within.querySelector(selector);

/** Show or hide an element. */
export function show(element, isShown) {
  element.hidden = !isShown;
}

/** The hue of a peer: neighbours in number are far apart on the wheel (the golden angle). */
export const hueOf = (number) => ((number * 137.508) % 360).toFixed(1);

/** Give an element the hue of a peer; without a number it stays neutral. */
export function tint(element, number) {
  element.classList.toggle("hued", Boolean(number));
  if (number) element.style.setProperty("--hue", hueOf(number));
  return element;
}

/** A button that copies a text and says so. */
export function copyButton(text, words) {
  const button = make("button.copy", { type: "button", "aria-label": words.say("copy_it", { text }), title: text }, "⧉");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return; // a page that is not on localhost has no clipboard
    }
    button.textContent = "✓";
    setTimeout(() => (button.textContent = "⧉"), 1200);
  });
  return button;
}

/** Whether a key belongs to a field that is being written in. */
export const isWriting = (event) => /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
