// Words and numbers in the reader's language; times in the site's zone. Vietnamese comes first.

const languages = ['vi', 'en'];
let words = {};
let current = languages[0];
let zone = 'Asia/Ho_Chi_Minh';

export async function useLanguage(language) {
	current = languages.includes(language) ? language : languages[0];
	const reply = await fetch(`/locale/${current}.json`);
	words = await reply.json();
	document.documentElement.lang = current;
	for (const node of document.querySelectorAll('[data-text]'))
		node.textContent = t(node.dataset.text);
	localStorage.setItem('language', current);
}

export function otherLanguage() {
	return languages.find((language) => language !== current);
}

export function savedLanguage() {
	return localStorage.getItem('language') ?? languages[0];
}

export function useZone(name) {
	zone = name || zone;
}

export function t(key, values = {}) {
	const text = words[key] ?? key;
	return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

function format(value, digits) {
	return new Intl.NumberFormat(current, {
		minimumFractionDigits: digits, maximumFractionDigits: digits,
	}).format(value);
}

export function watts(value) {
	if (value === null || value === undefined)
		return '–';
	return Math.abs(value) >= 10000 ? `${format(value / 1000, 1)} kW` : `${format(value, 1)} W`;
}

export function quantity(value, unit, digits = 1) {
	return value === null || value === undefined ? '–' : `${format(value, digits)} ${unit}`;
}

export function clock(seconds, withDate = false) {
	return new Intl.DateTimeFormat(current, {
		timeZone: zone, hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false,
		...(withDate ? { day: '2-digit', month: '2-digit' } : {}),
	}).format(new Date(seconds * 1000));
}

// What placement says of a move, in its few fixed forms.
const REASONS = [[/^draws less there$/, 'drawsLess'], [/^empties (.+)$/, 'empties'], [/^cures (.+)$/, 'cures']];

export function reason(text) {
	for (const [form, key] of REASONS) {
		const found = form.exec(text);
		if (found)
			return t(key, { what: found[1] });
	}
	return text;
}
