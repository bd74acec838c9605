// The drawer from which something is sent to any endpoint, and where the answer is seen.

import { decoded, encoded, fromBase64, fromHex, hexOf, toBase64, visible } from "./shared/bytes.js";
import { gather, make, show, submits } from "./shared/dom.js";
import { openSocket } from "./shared/conversation.js";
import { language, say, sayOf } from "./shared/words.js";

const ROWS_MAX = 500;
export class SendDrawer {
	constructor(drawer, commands) {
		this._socket = null;
		this._build(drawer, commands);
	}

	open(isOpen = this._drawer.hidden) {
		show(this._drawer, isOpen);
		if (isOpen) (this._endpoint.value ? this._text : this._endpoint).focus();
	}

	_build(drawer, commands) {
		this._drawer = drawer;
		gather(this, drawer);
		this._known.replaceChildren(...commands.listed.map(({ url, service }) => make("option", { value: url }, service)));
		submits(this._form, this._text, () => this._submit());
		this._finish.onclick = () => this._socket.send(JSON.stringify({ finish: true }));
		this._hangUp.onclick = () => this._socket.close(1000);
		this._endpoint.onchange = () => this._socket?.close(1000);
		this._shut.onclick = () => this.open(false);
		drawer.onkeydown = ({ key }) => {
			if (key === "Escape") this.open(false);
		};
	}

	_submit() {
		const bytes = this._kind.value === "hex" ? fromHex(this._text.value) : encoded(this._text.value + this._end.value);
		if (bytes === null) return this._say("fault", say("not_hex"));
		if (this._isReached) return this._write(bytes);
		if (!this._socket || this._socket.readyState > WebSocket.OPEN) this._dial();
		this._firstBytes = bytes;
	}

	_write(bytes) {
		this._socket.send(JSON.stringify({ send: toBase64(bytes) }));
		this._row("sent", "→", bytes);
		this._text.select();
	}

	_dial() {
		const socket = (this._socket = openSocket("call"));
		socket.onopen = () => socket.send(JSON.stringify({ endpoint: this._endpoint.value.trim(), language }));
		socket.onmessage = ({ data }) => this._told(JSON.parse(data));
		socket.onclose = () => {
			if (this._socket !== socket) return;
			this._enable(false);
			if (!this._saidOver) this._say("quiet", say("call_over"));
		};
		this._saidOver = false;
	}

	_told({ opened, transport, received, finished, closed, failed, tls }) {
		this._saidOver ||= closed !== undefined || failed !== undefined;
		if (opened !== undefined) {
			this._enable(true);
			this._say("quiet", say("call_opened", { address: opened, transport }));
			this._write(this._firstBytes);
		} else if (received !== undefined) this._row("came", "←", fromBase64(received));
		else if (finished) this._say("quiet", say("they_finished"));
		else if (closed !== undefined) this._say("quiet", `${say("call_over")} ${sayOf("reasons", closed.replace(/ /g, "_"))}`);
		else this._say("fault", failed ?? tls);
	}

	_enable(isReached) {
		this._isReached = isReached;
		this._finish.disabled = this._hangUp.disabled = !isReached;
	}

	_row(kind, arrow, bytes) {
		const shown = bytes.subarray(0, 65_536);
		const hex = [...shown].map(hexOf).join(" ");
		const text = decoded(shown).split("\n").map(visible).join("␊\n");
		this._add(make(`li.${kind}`,
			make("span.arrow", { "aria-label": say(kind) }, arrow),
			make("small", `${bytes.length} B`),
			make("pre", text),
			make("details", make("summary", "hex"), make("pre", hex))));
	}

	_say(kind, text) {
		this._add(make(`li.${kind}`, make("p", visible(text))));
	}

	_add(row) {
		this._log.append(row);
		if (this._log.children.length > ROWS_MAX) this._log.firstElementChild.remove();
		this._log.scrollTop = this._log.scrollHeight;
	}
}
