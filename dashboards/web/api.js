// The API of xanhd, as the page uses it: plain JSON, one token against forged requests.

let token = '';

export class ApiError extends Error {
	constructor(status, text) {
		super(text);
		this.status = status;
	}
}

async function call(method, path, body) {
	const reply = await fetch(`/api/v1${path}`, {
		method,
		headers: method === 'GET' ? {} : { 'Content-Type': 'application/json', 'X-Xanh-Csrf': token },
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	const text = await reply.text();
	let answer = null;
	try {
		answer = text === '' ? null : JSON.parse(text);
	} catch {
		throw new ApiError(reply.status, text.slice(0, 200));
	}
	if (!reply.ok)
		throw new ApiError(reply.status, answer?.error?.text ?? `${reply.status}`);
	return answer;
}

export const get = (path) => call('GET', path);
export const post = (path, body = {}) => call('POST', path, body);

export async function openSession() {
	const session = await get('/session');
	token = session.csrf;
	return session;
}

// One stream of events; the browser reconnects by itself and resumes with Last-Event-ID.
export function listen(handlers, onState) {
	const stream = new EventSource('/api/v1/events');
	stream.onopen = () => onState(true);
	stream.onerror = () => onState(false);
	for (const [name, handler] of Object.entries(handlers))
		stream.addEventListener(name, (event) => handler(JSON.parse(event.data)));
	return stream;
}
