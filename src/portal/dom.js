/* dom.js: makes elements. Every text becomes a text node, so nothing that a user or a phone said is
 * ever read as markup; there is no other way in this portal to make an element. */

const SVG = 'http://www.w3.org/2000/svg';

function put(node, child) {
    if (child === null || child === undefined || child === false || child === true) return;
    if (Array.isArray(child)) child.forEach(one => put(node, one));
    else node.append(child instanceof Node ? child : document.createTextNode(String(child)));
}

function set(node, name, value) {
    if (value === null || value === undefined || value === false) return;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'indeterminate' || name === 'selected') node[name] = value;
    else if (name === 'style') throw new Error('no inline style: the policy refuses it');
    /* A link leads within the portal only; so no text of anybody becomes a javascript: address.
     * Browsers read \ as /, and pass over line ends. */
    else if (name === 'href' && (!/^(#|\/(?!\/))/.test(value) || /[\\\u0000-\u001f]/.test(value))) throw new Error('a link to elsewhere');
    else node.setAttribute(name, value === true ? '' : String(value));
}

function make(node, props, children) {
    for (const [name, value] of Object.entries(props || {})) set(node, name, value);
    put(node, children);
    /* A select knows its options only now. */
    if (props && 'value' in props && node.tagName === 'SELECT') node.value = props.value;
    return node;
}

/* h('a', {href: '#/phones', class: 'x', onclick: f}, 'text', node, [more]) */
export function h(tag, props, ...children) {
    return make(document.createElement(tag), props, children);
}

/* The same for SVG. */
export function s(tag, props, ...children) {
    return make(document.createElementNS(SVG, tag), props, children);
}

export function clear(node) {
    node.replaceChildren();
    return node;
}

/* What node holds becomes these children. */
export function fill(node, ...children) {
    clear(node);
    put(node, children);
    return node;
}

let last = 0;
export function uid(prefix) {
    last += 1;
    return `${prefix}-${last}`;
}

/* For readers of screens only. */
export function hidden(text) {
    return h('span', {class: 'sr'}, text);
}

/* Calls f at most once in ms, after the last call; never when the page has been left meanwhile, which signal says. */
export function debounce(f, ms, signal) {
    let timer = 0;
    return (...values) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
            if (!signal?.aborted) f(...values);
        }, ms);
    };
}
