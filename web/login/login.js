// Asks for a device's password, proves it, and signs requests: README.md. In the firmware as it stands here.
const MIN = 8
const SLICE = 2 ** 18
const { toString } = Object.prototype
const BASE = new URL('../..', import.meta.url)
const KEY = 'faceplate-login-' + BASE.pathname

// SHA-256, HMAC and PBKDF2: pages on plain http have no crypto.subtle.

/** @type {number[]} */
const primes = []
for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n)
/** @param {number} root */
const fraction = (root) => ((root % 1) * 2 ** 32) | 0
const K = Int32Array.from(primes, (p) => fraction(Math.cbrt(p)))
const START = Int32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p)))
const W = new Int32Array(64)

/** One block of 16 words. @type {(state: Words32, block: Words32) => Words32} */
function mix(state, block) {
	W.set(block)
	for (let i = 16; i < 64; i++) {
		const x = W[i - 15]
		const y = W[i - 2]
		W[i] =
			W[i - 16] +
			W[i - 7] +
			(((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) +
			(((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))
	}
	let [a, b, c, d, e, f, g, h] = state
	for (let i = 0; i < 64; i++) {
		const s = h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + ((e & f) ^ (~e & g)) + K[i] + W[i]
		const t = (((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + ((a & b) ^ (a & c) ^ (b & c))
		h = g
		g = f
		f = e
		e = (d + s) | 0
		d = c
		c = b
		b = a
		a = (s + t) | 0
	}
	return Int32Array.of(state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e, state[5] + f, state[6] + g, state[7] + h)
}

/** @param {Uint8Array} bytes */
function toWords(bytes) {
	const view = new DataView(bytes.buffer, bytes.byteOffset)
	return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(i * 4))
}

/** @param {Int32Array} words */
function toBytes(words) {
	const view = new DataView(new ArrayBuffer(32))
	words.forEach((word, i) => view.setInt32(i * 4, word))
	return new Uint8Array(view.buffer)
}

/** @param {Words32} state @param {Uint8Array} bytes */
function blocks(state, bytes) {
	const words = toWords(bytes)
	for (let at = 0; at < words.length; at += 16) state = mix(state, words.subarray(at, at + 16))
	return state
}

/** @param {Uint8Array} bytes */
export function sha256(bytes, state = START, before = 0) {
	const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6)
	padded.set(bytes)
	padded[bytes.length] = 128
	new DataView(padded.buffer).setUint32(padded.length - 4, (before + bytes.length) * 8)
	return toBytes(blocks(state, padded))
}

/** @param {Uint8Array} bytes @returns {Key} */
export function hmacKey(bytes) {
	/** @param {number} pad */
	const half = (pad) => {
		const block = new Uint8Array(64).fill(pad)
		;(bytes.length > 64 ? sha256(bytes) : bytes).forEach((byte, i) => (block[i] ^= byte))
		return mix(START, toWords(block))
	}
	return [half(0x36), half(0x5c)]
}

/** @type {(key: Key, bytes: Uint8Array) => Uint8Array<ArrayBuffer>} */
export const hmac = ([inner, outer], bytes) => sha256(sha256(bytes, inner, 64), outer, 64)

const pause = () => new Promise((done) => setTimeout(done))

/** `Content-Digest`, if the bytes are known that will be sent; in slices, as an image has megabytes. @param {Init['body']} body */
async function digestOf(body) {
	if (!body || /FormData|Stream/.test(toString.call(body))) return ''
	const bytes = new Uint8Array(await new Response(body).arrayBuffer())
	let [state, at] = [START, 0]
	for (; bytes.length - at > SLICE; at += SLICE) {
		state = blocks(state, bytes.subarray(at, at + SLICE))
		await pause()
	}
	return `sha-256=:${to64(sha256(bytes.subarray(at), state, at))}:`
}

/** SaltedPassword; in slices, so that the page does not freeze. @type {(password: string, salt: Uint8Array, iterations: number) => Promise<Uint8Array>} */
export async function stretch(password, salt, iterations) {
	const key = hmacKey(utf8(password.normalize('NFC')))
	let u = toWords(hmac(key, join(salt, Uint8Array.of(0, 0, 0, 1))))
	const sum = u.slice()
	// What follows 64 bytes of a pad and 32 of a hash.
	const block = new Int32Array(16)
	block[8] = 1 << 31
	block[15] = 96 * 8
	let since = performance.now()
	for (let n = 1; n < iterations; n++) {
		for (const half of key) {
			block.set(u)
			u = mix(half, block)
		}
		for (let i = 0; i < 8; i++) sum[i] ^= u[i]
		if (n % 200 === 0 && performance.now() - since > 40) {
			await pause()
			since = performance.now()
		}
	}
	return toBytes(sum)
}

/** @param {string} text */
const utf8 = (text) => new TextEncoder().encode(text)
/** @param {Uint8Array[]} parts */
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]))
/** @param {Uint8Array} bytes */
const to64 = (bytes) => btoa(String.fromCharCode(...bytes))
/** @param {string} text */
const from64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
/** @type {(a: Uint8Array, b: Uint8Array) => Uint8Array} */
const xor = (a, b) => a.map((byte, i) => byte ^ b[i])
/** @param {Uint8Array} bytes */
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')

// The session

/** @type {Kept | null} */
let kept = null
try {
	kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null')
} catch {
	// Then each page asks anew.
}
/** @type {Session | null} */
let session = null
/** @type {Promise<boolean> | null} */
let resuming = null
/** @type {Promise<boolean> | null} */
let asking = null
let declined = false

/** @type {(storage: 'localStorage' | 'sessionStorage', what: string | null) => void} */
function store(storage, what) {
	try {
		if (what) window[storage].setItem(KEY, what)
		else window[storage].removeItem(KEY)
	} catch {
		// As above.
	}
}

/** @param {Kept | null} what */
const keep = (what) => store('sessionStorage', (kept = what) && JSON.stringify(what))
/** @param {string | null} what */
const know = (what) => store('localStorage', what)

/** By what the device knows this browser again: another tab may have a newer one. */
function ticket() {
	try {
		return localStorage.getItem(KEY) ?? ''
	} catch {
		return ''
	}
}

/** @type {(path: string, init?: Init) => Promise<Response>} */
const api = (path, init) => window.fetch(new URL('api/ota/' + path, BASE), { cache: 'no-store', ...init })

/** @type {(method: string, body: object) => Init} */
const json = (method, body) => ({
	method,
	body: JSON.stringify(body),
	headers: { 'Content-Type': 'application/json' },
})

/** The last part of a problem's type; an answer to HEAD has none. @param {Response} answer @returns {Promise<string>} */
async function kindOf(answer) {
	if (answer.ok) return ''
	const { type } = await answer
		.clone()
		.json()
		.catch(() => ({}))
	const known = answer.headers.get('WWW-Authenticate') === 'Faceplate' && 'password-needed'
	return (
		String(type ?? known)
			.split('/')
			.pop() ?? ''
	)
}

/** @returns {Promise<Told | null>} */
async function ask() {
	const answer = await api('login')
	return answer.ok ? answer.json().catch(() => null) : null
}

/** @param {number} iterations */
const isSafe = (iterations) => iterations >= 4096 && iterations <= 1e6

/** Null if it worked. @type {(by: Kept, told: Told, again?: boolean) => Promise<{ fault: Fault, wait?: number } | null>} */
async function logIn(by, told, again = true) {
	const { salt, iterations, salted } = by
	const client = hex(crypto.getRandomValues(new Uint8Array(16)))
	const { nonce } = told
	const text = utf8(`n=,r=${client},r=${client}${nonce},s=${salt},i=${iterations},c=biws,r=${client}${nonce}`)
	const from = hmacKey(from64(salted))
	const clientKey = hmac(from, utf8('Client Key'))
	const stored = hmacKey(sha256(clientKey))
	const mask = hmac(stored, text)
	const proof = xor(clientKey, mask)
	const [, id, own] = /^([0-9a-f]{16})([\w+/]{43}=)$/.exec(ticket()) ?? []
	const shown = own && id + '.' + hex(hmac(hmacKey(from64(own)), join(proof, text))).slice(0, 32)
	const answer = await api('login', json('POST', { nonce, client, proof: to64(proof), ticket: shown }))
	const kind = await kindOf(answer)
	if (!kind) {
		const got = await answer.json().catch(() => ({}))
		if (got.proof !== to64(hmac(hmacKey(hmac(from, utf8('Server Key'))), text))) return { fault: 'unproved' }
		const key = hmacKey(hmac(stored, join(utf8('faceplate session'), clientKey, text)))
		session = { id: got.session, key, n: 0 }
		declined = false
		keep(by)
		learn(session, got, 'ticket')
		return null
	}
	if (kind === 'stale-nonce' && again) {
		const next = await ask()
		if (next?.salt === salt) return logIn(by, next, false)
	}
	if (kind === 'wrong-password') return { fault: 'wrong' }
	if (kind === 'too-many-attempts') return { fault: 'slow', wait: Number(answer.headers.get('Retry-After')) || 1 }
	return { fault: answer.status > 500 ? 'unreachable' : 'refused' }
}

/** Logs in by what is kept; two that want to at once share it. */
async function resume() {
	if (session) return true
	if (!kept) return false
	resuming ??= (async () => {
		const told = await ask()
		if (!told || !kept) return false
		if (!told.set || told.salt !== kept.salt || told.iterations !== kept.iterations) keep(null)
		else {
			const failed = await logIn(kept, told)
			if (failed?.fault === 'wrong') keep(null)
		}
		return !!session
	})().finally(() => (resuming = null))
	return resuming
}

/** The path on the device, if it is one. @param {string | URL} url */
function targetOf(url) {
	const { host, pathname, search } = new URL(url, document.baseURI)
	const { length } = BASE.pathname
	return host === BASE.host && pathname.startsWith(BASE.pathname) ? pathname.slice(length - 1) + search : null
}

/** @type {(method: string, target: string, digest?: string | null) => string} */
function token(method, target, digest) {
	if (!session) return ''
	const n = ++session.n
	const mac = hmac(session.key, utf8([method, target, n, digest ?? ''].join('\n')))
	return [session.id, n, hex(mac).slice(0, 32)].join('.')
}

/** Hides what only the device of a session may see, or finds it. @type {(by: Session, bytes: Uint8Array, label: string, more?: Uint8Array) => Uint8Array} */
const masked = (by, bytes, label, more = new Uint8Array()) => xor(bytes, hmac(by.key, join(utf8('faceplate ' + label), more)))

/** @type {(by: Session, got: { ticket?: string }, label: string) => void} */
function learn(by, { ticket }, label) {
	if (ticket && /^[\w+/]{43}=$/.test(ticket)) know(by.id + to64(masked(by, from64(ticket), label)))
}

/** What signs a request; nothing if nobody is logged in. @type {(method: string, target: string | null, body: Init['body'], given?: string | null) => Promise<[string, string][]>} */
async function signature(method, target, body, given) {
	if (!target || !(await resume())) return []
	const digest = given ?? (await digestOf(body))
	/** @type {[string, string][]} */
	const headers = [['Authorization', 'Faceplate ' + token(method, target, digest)]]
	if (digest && !given) headers.push(['Content-Digest', digest])
	return headers
}

/** Signs an XMLHttpRequest that is open, and sends it. @type {(xhr: XMLHttpRequest, method: string, url: string, body?: XMLHttpRequestBodyInit) => Promise<void>} */
export async function send(xhr, method, url, body) {
	// To abort what was not sent does nothing, and tells nobody.
	let gone = false
	const { abort } = xhr
	xhr.abort = () => (gone = true)
	/** @type {[string, string][]} */
	const headers = await signature(method, targetOf(url), body).catch(() => [])
	xhr.abort = abort
	if (gone) {
		// Nothing goes out, and whoever waits hears of the end.
		xhr.open('GET', 'data:,')
		xhr.send()
		return xhr.abort()
	}
	for (const header of headers) xhr.setRequestHeader(...header)
	xhr.send(body)
}

/** For EventSource and WebSocket. @param {string | URL} url @returns {Promise<string>} */
export async function sign(url) {
	const { href } = new URL(url, document.baseURI)
	const target = targetOf(href)
	if (!target || !(await resume())) return href
	return href.replace(/\??(#.*)?$/, '') + (target.includes('?') ? '&' : '?') + 'auth=' + token('GET', target)
}

/** `window.fetch` for this device. @param {string | URL} url @param {Init} init @returns {Promise<Response>} */
export async function fetch(url, { quiet, ...init } = {}) {
	const { href } = new URL(url, document.baseURI)
	const target = targetOf(href)
	const method = (init.method ?? 'GET').toUpperCase()
	const reads = /^(GET|HEAD)$/.test(method)
	/** @type {Session | null} */
	let used = null
	const send = async () => {
		const headers = new Headers(init.headers)
		const signed = await signature(method, target, init.body, headers.get('Content-Digest'))
		used = signed[0] ? session : null
		for (const header of signed) headers.set(...header)
		return window.fetch(href, { ...init, method, headers })
	}
	const needs = async () => /^(password-|session-over)/.test(await kindOf(answer))
	let answer = await send()
	if (!target || !(await needs())) return answer
	if (used) {
		if (session === used) session = null
		answer = await send()
		if (!(await needs())) return answer
	}
	return !quiet && (await ready({ once: reads })) ? send() : answer
}

/** Makes sure that there is a session; false if the person does not want to. @param {Options} options */
export async function ready({ once } = {}) {
	// Who asks while somebody is asked waits for the same.
	if (asking) return asking
	// The session may be over: a login tells, before megabytes are sent.
	session = null
	if (await resume()) return true
	if (once && declined) return false
	return prompt('ask')
}

/** Asks for a new password; false if the person does not want to. */
export async function change() {
	return (await ready()) && prompt('change')
}

export function forget() {
	session = null
	keep(null)
	know(null)
}

/** @param {Mode} mode */
function prompt(mode) {
	// Nobody sees what is in that frame.
	if (window.name === 'faceplate-unseen') return Promise.resolve(false)
	return (asking ??= show(mode).then((done) => {
		asking = null
		declined = !done && mode !== 'change'
		return done
	}))
}

/** Null if it worked. @type {(mode: Mode, passwords: string[]) => Promise<Partial<State> | null>} */
async function attempt(mode, [password, again]) {
	if (mode !== 'ask') {
		if ([...password].length < MIN) return { fault: 'short' }
		if (password !== again) return { fault: 'differs' }
	}
	const told = await ask()
	if (!told) return { fault: 'unreachable' }
	const { iterations } = told
	if (!isSafe(iterations)) return { fault: 'unproved' }
	if (mode === 'ask') {
		if (!told.set) return { mode: 'set' }
		const salted = to64(await stretch(password, from64(told.salt), iterations))
		return logIn({ salt: told.salt, iterations, salted }, told)
	}
	// What is not masked is for nobody but a device that never had one.
	if ((mode === 'change' || told.set) && !(await resume())) return { mode: 'ask' }
	const by = session
	if (!by && (mode === 'change' || told.set)) return { mode: 'ask' }
	const salt = crypto.getRandomValues(new Uint8Array(16))
	const salted = await stretch(password, salt, iterations)
	const from = hmacKey(salted)
	/** @type {(bytes: Uint8Array, label: string) => string} */
	const hide = (bytes, label) => to64(by ? masked(by, bytes, label, salt) : bytes)
	const stored = hide(sha256(hmac(from, utf8('Client Key'))), 'StoredKey')
	const server = hide(hmac(from, utf8('Server Key')), 'ServerKey')
	const verifier = `SCRAM-SHA-256$${iterations}:${to64(salt)}$${stored}:${server}`
	const answer = await fetch(new URL('api/ota/password', BASE), {
		...json('PUT', by ? { session: by.id, masked: verifier } : { verifier }),
		quiet: true,
	})
	const kind = await kindOf(answer)
	// Somebody was quicker.
	if (/^(password-needed|session-over)/.test(kind)) return { mode: 'ask' }
	if (kind) return { fault: 'refused' }
	if (by) learn(by, await answer.json().catch(() => ({})), 'new ticket')
	session = null
	keep({ salt: to64(salt), iterations, salted: to64(salted) })
	// It is done, whatever comes of the login.
	await resume().catch(() => false)
	return null
}

// The dialog

/** @type {Words[]} */
export const WORDS = [
	{
		lang: 'en',
		title: {
			ask: 'Password of the device',
			set: 'Give the device a password',
			change: 'Change the password',
		},
		text: {
			ask: 'Who wants to change something here has to know it.',
			set: 'Nobody has set one yet. Do it where nobody can listen, such as in the device’s own network.',
			change: 'All others have to enter the new one.',
		},
		label: 'Password',
		labels: [`New password, ${MIN} characters or more`, 'The same again'],
		submit: { ask: 'Log in', set: 'Set it', change: 'Change it' },
		cancel: 'Cancel',
		busy: 'One moment …',
		fault: {
			wrong: 'That is not the password.',
			slow: 'Too many were wrong. Wait for % s.',
			short: `It has fewer than ${MIN} characters.`,
			differs: 'The two are not the same.',
			unreachable: 'The device does not answer. Try again.',
			unproved: 'This device did not prove that it knows the password. It may be another one.',
			refused: 'The device did not take it. Try again.',
		},
	},
	{
		lang: 'de',
		title: {
			ask: 'Passwort des Geräts',
			set: 'Dem Gerät ein Passwort geben',
			change: 'Passwort ändern',
		},
		text: {
			ask: 'Wer hier etwas ändern will, muss es kennen.',
			set: 'Noch hat niemand eines gesetzt. Tun Sie es, wo niemand mithört, etwa im eigenen Netz des Geräts.',
			change: 'Alle anderen müssen das neue eingeben.',
		},
		label: 'Passwort',
		labels: [`Neues Passwort, mindestens ${MIN} Zeichen`, 'Noch einmal dasselbe'],
		submit: { ask: 'Anmelden', set: 'Setzen', change: 'Ändern' },
		cancel: 'Abbrechen',
		busy: 'Einen Moment …',
		fault: {
			wrong: 'Das ist nicht das Passwort.',
			slow: 'Zu viele waren falsch. Warten Sie % Sek.',
			short: `Es hat weniger als ${MIN} Zeichen.`,
			differs: 'Die beiden sind nicht gleich.',
			unreachable: 'Das Gerät antwortet nicht. Versuchen Sie es noch einmal.',
			unproved: 'Dieses Gerät hat nicht bewiesen, dass es das Passwort kennt. Vielleicht ist es ein anderes.',
			refused: 'Das Gerät hat es nicht angenommen. Versuchen Sie es noch einmal.',
		},
	},
]

/** @type {(state: State, words: Words) => View} */
export function view({ mode, busy, fault, wait }, w) {
	const slow = fault === 'slow'
	return {
		lang: w.lang,
		title: w.title[mode],
		text: w.text[mode],
		labels: mode === 'ask' ? [w.label] : w.labels,
		autocomplete: mode === 'ask' ? 'current-password' : 'new-password',
		error: busy || !fault || (slow && wait < 1) ? '' : w.fault[fault].replace('%', String(wait)),
		submit: busy ? w.busy : w.submit[mode],
		cancel: w.cancel,
		disabled: busy || (slow && wait > 0),
		invalid: !busy && /^(wrong|short|differs)$/.test(fault ?? ''),
	}
}

const CSS = `
:host{all:initial!important}
dialog{box-sizing:border-box;width:24em;max-width:calc(100vw - 24px);max-height:calc(100vh - 24px);overflow:auto;inset:0;position:fixed;z-index:2147483647;margin:auto;padding:1.25em;height:fit-content;border:1px solid #7a8985;border-radius:1em;background:#fff;color:#16211f;font:clamp(16px,1rem,24px)/1.5 system-ui,sans-serif;overflow-wrap:anywhere;color-scheme:light}
::backdrop{background:#0008}
h2{margin:0;font-size:1.25em;line-height:1.3}
p{margin:.5em 0}
label{display:block;margin-top:.75em;font-weight:600}
input,button{box-sizing:border-box;min-height:44px;padding:.5em 1em;font:inherit;color:inherit;background:none;border:1px solid #7a8985;border-radius:.75em}
input{display:block;width:100%;margin-top:.25em}
button{margin:1em .75em 0 0;font-weight:600;cursor:pointer}
[type=submit]{color:#fff;background:#0b6e5f;border-color:#0b6e5f}
:disabled{opacity:.6;cursor:default}
:focus-visible{outline:3px solid #0b6e5f;outline-offset:2px}
[role=alert]{min-height:1.5em;margin-bottom:0;color:#b3261e}
[hidden]{display:none}
@media(prefers-color-scheme:dark){
dialog{background:#18201f;color:#e5edeb;border-color:#6c7e7a;color-scheme:dark}
input,button{border-color:#6c7e7a}
[type=submit]{color:#05241e;background:#56c7b2;border-color:#56c7b2}
:focus-visible{outline-color:#56c7b2}
[role=alert]{color:#ff9d94}
}`

/** @param {Mode} mode @returns {Promise<boolean>} */
function show(mode) {
	/** @type {State} */
	let state = { mode, busy: false, fault: null, wait: 0 }
	const lang = document.documentElement.lang.slice(0, 2).toLowerCase()
	const words = WORDS.find((one) => one.lang === lang) ?? WORDS[0]
	const host = document.createElement('div')
	const root = host.attachShadow({ mode: 'open' })
	/** @template {keyof HTMLElementTagNameMap} T @param {Node} parent @param {T} name @param {object} more */
	function add(parent, name, more = {}) {
		return Object.assign(parent.appendChild(document.createElement(name)), more)
	}
	try {
		// A policy may allow no <style>.
		const sheet = new CSSStyleSheet()
		sheet.replaceSync(CSS)
		root.adoptedStyleSheets = [sheet]
	} catch {
		add(root, 'style', { textContent: CSS })
	}
	const dialog = add(root, 'dialog')
	const form = add(dialog, 'form', { method: 'dialog', noValidate: true })
	const title = add(form, 'h2', { id: 'title' })
	const text = add(form, 'p', { id: 'text' })
	const fields = [0, 1].map((i) => {
		const label = add(form, 'label', { htmlFor: 'p' + i })
		return { label, input: add(form, 'input', { type: 'password', id: 'p' + i }) }
	})
	const inputs = fields.map(({ input }) => input)
	const error = add(form, 'p', { id: 'error' })
	error.setAttribute('role', 'alert')
	const submit = add(form, 'button', { type: 'submit' })
	const cancel = add(form, 'button', { type: 'button' })
	dialog.setAttribute('aria-labelledby', 'title')
	dialog.setAttribute('aria-describedby', 'text')

	const draw = () => {
		const v = view(state, words)
		dialog.lang = v.lang
		title.textContent = v.title
		text.textContent = v.text
		if (error.textContent !== v.error) error.textContent = v.error
		submit.textContent = v.submit
		submit.disabled = v.disabled
		cancel.textContent = v.cancel
		fields.forEach(({ label, input }, i) => {
			label.textContent = v.labels[i] ?? ''
			label.hidden = input.hidden = !v.labels[i]
			input.autocomplete = v.autocomplete
			input.readOnly = state.busy
			input.setAttribute('aria-invalid', String(v.invalid))
			input.setAttribute('aria-describedby', 'error')
		})
	}
	/** @param {Partial<State>} next */
	const set = (next) => {
		state = { ...state, ...next }
		draw()
	}
	const timer = setInterval(() => state.wait > 0 && set({ wait: state.wait - 1 }), 1000)

	return new Promise((resolve) => {
		/** @param {boolean} done */
		const close = (done) => {
			clearInterval(timer)
			// What was entered is not to stay in the page.
			for (const input of inputs) input.value = ''
			dialog.close?.()
			host.remove()
			resolve(done)
		}
		form.onsubmit = async (event) => {
			event.preventDefault()
			if (submit.disabled) return
			set({ busy: true, fault: null })
			const by = state.mode
			/** @type {Partial<State> | null} */
			const failed = await attempt(
				by,
				inputs.map(({ value }) => value),
			).catch(() => ({ fault: 'unreachable' }))
			if (!host.isConnected) return failed || forget()
			if (!failed) return close(true)
			if (failed.mode) for (const input of inputs) input.value = ''
			set({ busy: false, ...failed })
			inputs[0].focus()
			inputs[0].select()
		}
		cancel.onclick = () => close(false)
		dialog.oncancel = (event) => {
			event.preventDefault()
			close(false)
		}
		dialog.onkeydown = (event) => {
			// Not for the page around.
			event.stopPropagation()
			if (event.key === 'Escape') close(false)
		}
		draw()
		document.body.append(host)
		if (dialog.showModal) dialog.showModal()
		else dialog.setAttribute('open', '')
		inputs[0].focus()
		// Whether there is one yet decides what is asked.
		if (mode === 'ask') {
			set({ busy: true })
			ask()
				.then(
					(told) =>
						set({
							busy: false,
							...(told ? !told.set && { mode: 'set' } : { fault: 'unreachable' }),
						}),
					() => set({ busy: false, fault: 'unreachable' }),
				)
				.finally(() => inputs[0].focus())
		}
	})
}

window.faceplateLogin = {
	change,
	fetch,
	forget,
	hmac,
	hmacKey,
	ready,
	send,
	sha256,
	sign,
	stretch,
	view,
	WORDS,
}
