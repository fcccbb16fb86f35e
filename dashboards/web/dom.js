// Small helpers around the document. Text only ever enters as text: nothing here parses HTML.

const SVG = 'http://www.w3.org/2000/svg';

function build(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name.startsWith('on'))
			node.addEventListener(name.slice(2), value);
		else
			node.setAttribute(name, value === true ? '' : value);
	}
	node.append(...children.filter((child) => child !== null));
	return node;
}

export function el(name, attributes = {}, ...children) {
	return build(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
	return build(document.createElementNS(SVG, name), attributes, children);
}

export function byId(id) {
	return document.getElementById(id);
}

// Replaces what `parent` shows, unless it would look the same: keeps focus and screen readers calm.
export function show(parent, ...children) {
	const next = parent.cloneNode(false);
	next.append(...children);
	if (next.isEqualNode(parent))
		return;
	const focused = parent.contains(document.activeElement) ? document.activeElement.id : '';
	parent.replaceChildren(...next.childNodes);
	if (focused)
		byId(focused)?.focus();
}

export function table(caption, heads, rows) {
	return [
		el('caption', { class: 'hidden' }, caption),
		el('thead', {}, el('tr', {}, ...heads.map((head, i) => el('th', {
			scope: 'col', class: rows.length > 0 && rows[0][i]?.attributes?.class,
		}, head)))),
		el('tbody', {}, ...rows.map((cells) => el('tr', {}, ...cells.map(
			(cell) => cell instanceof Node ? el('td', {}, cell) : el('td', cell.attributes ?? {}, cell.text ?? cell))))),
	];
}

export function number(text) {
	return { text, attributes: { class: 'number' } };
}
