/**
 * Making and finding elements.
 *
 * @module
 */

type Child = Node | string | null | undefined | false;
type Handlers = { [E in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[E]) => unknown };

/** Makes an element. `true` sets an attribute without a value; `false`, `null` and `undefined` leave it out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Record<string, string | number | boolean | null | undefined> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child): child is Node | string => Boolean(child)));
  return made;
}

/** Adds listeners and gives the element back. */
export function on<E extends HTMLElement>(element: E, handlers: Handlers): E {
  for (const [name, handler] of Object.entries(handlers))
    element.addEventListener(name, handler as EventListener);
  return element;
}

/** The element of that id; the page has it or is broken. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as E;
}

export function find<E extends HTMLElement = HTMLElement>(selector: string, within: ParentNode): E {
  const found = within.querySelector<E>(selector);
  if (!found) throw new Error(`nothing fits ${selector}`);
  return found;
}

export const button = (text: string, click: () => unknown, kind = "quiet"): HTMLButtonElement =>
  on(el("button", { type: "button", class: kind }, text), { click });

/** Says something to those who do not see the page. */
export function announce(text: string): void {
  byId("announce").textContent = text;
}
