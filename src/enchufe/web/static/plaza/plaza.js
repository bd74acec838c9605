// Plaza: the room, as a column of what is said.

import { visible, visibleLines } from "../shared/bytes.js";
import { find, gather, isTyped, make, show, submits, tint } from "../shared/dom.js";
import { Files, describesPicture, pictureOf } from "./files.js";
import { Room } from "./room.js";
import { rememberName, rememberedName } from "../shared/session.js";
import { inEachLanguage, say, sayPlainly, sizeOf, timeOf } from "../shared/words.js";

const FETCHED_BYTES_MAX = 4 * 1024 * 1024; // pictures beyond that are shown when asked for
const LINES_MAX = 2_000;
const NAMED = new Set(["renamed", "name taken", "name unfit"]);

export class Plaza {
	constructor(place, commands) {
		this._people = new Map(); // by name
		this._last = null; // the last line drawn, for joining what one person says
		this._build(place, commands);
		this._room = new Room(rememberedName(), this);
		this._files = new Files(this._room.conversation);
	}

	focus() {
		this._field.focus();
		this._scrollDown();
	}

	_build(place, commands) {
		gather(this, place);
		inEachLanguage(() => commands.teach(this._empty, "chat", "nobody_here"));
		this._listen(place);
	}

	_listen(place) {
		submits(this._form, this._field, () => this._speak());
		this._attach.onclick = () => this._picker.click();
		this._field.oninput = () => this._growField();
		this._name.onchange = () => this._rename();
		this._picker.onchange = async () => {
			await this._sendFiles([...this._picker.files]);
			this._picker.value = "";
		};
		const take = (event, { files }) => {
			if (event.type === "paste" && !files.length) return;
			event.preventDefault();
			this._sendFiles(files);
		};
		place.ondrop = (event) => take(event, event.dataTransfer);
		place.onpaste = (event) => take(event, event.clipboardData);
		place.ondragover = (event) => event.preventDefault();
		place.onkeydown = (event) => {
			if (event.key.length === 1 && isTyped(event)) this._field.focus();
		};
	}

	_growField() {
		this._field.style.height = "auto";
		this._field.style.height = `${Math.min(this._field.scrollHeight, 160)}px`;
	}

	// What this person does

	_speak() {
		const text = this._field.value.trim();
		if (!text) return;
		this._field.value = "";
		this._growField();
		if (text.startsWith("/") && !text.startsWith("//")) return this._room.order(text);
		const item = this._room.say(text.replace(/^\/\//, "/"));
		item.row = this._row({ name: this._room.name, text: text.replace(/^\/\//, "/"), at: Date.now() }, "pending");
		this._scrollDown();
	}

	_rename() {
		const name = this._name.value.trim();
		if (name && name !== this._room.name) this._room.rename(rememberName(name));
		this._name.blur();
	}

	async _sendFiles(files) {
		for (const file of files) await this._sendFile(file);
	}

	async _sendFile(file) {
		const bar = make("progress", { value: 0 });
		const said = { name: this._room.name, at: Date.now(), file: { name: file.name, size_bytes: file.size, media_type: file.type } };
		const row = this._row(said, "pending", bar);
		this._scrollDown();
		const picture = describesPicture(said.file) ? await pictureOf(file) : null;
		if (picture) this._placePicture(row, picture, said.file.name);
		try {
			const sha256 = await this._files.send(file, (part) => (bar.value = part));
			this._room.share(sha256).row = row;
		} catch ({ message, limit }) {
			const size = limit ? sizeOf(limit) : "";
			this._fail(row, say(limit ? "file_too_large" : "file_refused", { why: message, size }));
		}
		bar.remove();
	}

	// What the room says

	joined(name) {
		if (this._name !== document.activeElement) this._name.value = name; // else it is being written
		this._files?.again();
	}

	said(said) {
		const isPrivate = Boolean(said.to);
		const row = this._row({ ...said, at: said.at_ns / 1e6 }, isPrivate ? "private" : "");
		if (!said.file) return;
		if (describesPicture(said.file) && said.file.size_bytes <= FETCHED_BYTES_MAX) this._fetchPicture(row, said);
		else this._offerFile(row, said);
	}

	text(text) {
		for (const line of text.split("\n")) this._grey(line.replace(/^\* /, ""));
	}

	taken({ row }) {
		row.classList.remove("pending");
	}

	refused({ row }, notice) {
		this._fail(row, this._notice(notice));
	}

	framed(frame) {
		this._files.framed(frame);
	}

	noticed(notice) {
		if (notice.what === "no file" && notice.count) this._files.missing(notice.count);
		if (NAMED.has(notice.what)) this._name.value = this._room.name;
		this._grey(this._notice(notice));
	}

	_notice({ what, name = "", other = "", names = [], count = 0, why = "" }) {
		const fields = { name, other, names: names.join(", "), count, why, most: 4096 };
		return sayPlainly("room", what.replace(/[ -]/g, "_"), fields) || [what, name, other].join(" ");
	}

	showPeople(people) {
		this._people = new Map(people.map((person) => [person.name, person]));
		this._peopleList.replaceChildren(
			...people.map(({ name, transport, number }) =>
				make("li", tint(make("b", visible(name)), number), make("small", transport === "ws" ? say("browser") : transport)),
			),
		);
		for (const who of this._log.querySelectorAll("b.who")) tint(who, this._people.get(who.dataset.name)?.number);
		show(this._empty, people.length < 2 && !this._log.children.length);
	}

	showState(state, why) {
		this._state.textContent = state === "here" ? "" : say(state === "refused" ? "room_refused" : "room_lost", { why });
		show(this._state, state !== "here");
	}

	// What is drawn

	/** Draw a line; consecutive ones of one person are joined. */
	_row(said, kind, ...more) {
		const isAtEnd = this._isAtEnd();
		const isJoined = this._last?.name === said.name && !said.to && said.at - this._last.at < 300_000;
		const row = make(`li.line${isJoined ? ".joined" : ""}${kind ? `.${kind}` : ""}`);
		if (!isJoined) {
			const who = make("b.who", { "data-name": said.name }, visible(said.name));
			row.append(tint(who, this._people.get(said.name)?.number));
			if (said.to) row.append(make("small", say(said.name === this._room.name ? "to_alone" : "to_you_alone", { name: said.to })));
			row.append(make("time", { datetime: new Date(said.at).toISOString() }, timeOf(said.at)));
		}
		row.append(said.file ? this._fileBox(said.file) : make("p", visibleLines(said.text)), ...more);
		this._last = said.to ? null : said;
		this._append(row, isAtEnd);
		return row;
	}

	_grey(text) {
		if (!text) return;
		const isAtEnd = this._isAtEnd();
		this._last = null;
		this._append(make("li.grey", make("p", visible(text))), isAtEnd);
	}

	_append(row, isAtEnd) {
		show(this._empty, false);
		this._log.append(row);
		if (this._log.children.length > LINES_MAX) this._log.firstElementChild.remove();
		if (isAtEnd) this._scrollDown();
	}

	/** Say under a line that it was not said, or is not all there. */
	_fail(row, why) {
		row.classList.remove("pending");
		row.append(make("p.fault", why));
	}

	/** What a file looks like before it is here: its place is kept, so that nothing jumps. */
	_fileBox(file) {
		const name = make("span.file-name", visible(file.name));
		const size = make("small", sizeOf(file.size_bytes));
		const box = describesPicture(file) ? make("div.picture") : null;
		return make("div.file", box, make("div.caption", name, size));
	}

	_placePicture(row, picture, name) {
		const address = URL.createObjectURL(picture);
		const image = make("img", { src: address, alt: visible(name) });
		find(row, ".picture").replaceChildren(make("a", { href: address, target: "_blank", rel: "noopener" }, image));
	}

	async _fetchPicture(row, said) {
		const blob = await this._fetch(row, said);
		const picture = blob && (await pictureOf(blob));
		if (picture) this._placePicture(row, picture, said.file.name);
		else if (blob) this._fail(row, say("no_picture"));
	}

	/** Fetch the file of a line, with a bar; null if the room has it no more. */
	async _fetch(row, said) {
		const bar = make("progress", { value: 0 });
		row.append(bar);
		try {
			return await this._files.fetch(said.id, (part) => (bar.value = part));
		} catch {
			this._fail(row, sayPlainly("room", "no_file"));
			return null;
		} finally {
			bar.remove();
		}
	}

	/** A file is fetched when somebody wants it, and saved as bytes, whatever it says it is. */
	_offerFile(row, said) {
		const get = async () => {
			button.remove();
			const blob = await this._fetch(row, said);
			if (!blob) return;
			const href = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
			const link = make("a", { href, download: said.file.name }, say("save_file"));
			find(row, ".caption").append(link);
			link.click();
		};
		const button = make("button", { onclick: get }, say("get_file"));
		find(row, ".caption").append(button);
	}

	_isAtEnd() {
		return this._log.scrollHeight - this._log.scrollTop - this._log.clientHeight < 40;
	}

	_scrollDown() {
		this._log.scrollTop = this._log.scrollHeight;
	}
}
