/**
 * Who frees what: a scope frees everything made in it except its result. Freeing an unevaluated intermediate is safe, the graph
 * holds it. There is no finalizer behind this: none runs while synchronous code does, and a denoising loop is synchronous.
 *
 * @module
 */

export const owner = Symbol("owner");

/** Something a scope frees. */
export interface Owned extends Disposable {
  /** The scope that will free it; null when its creator will. */
  [owner]: Scope | null;
}

export interface Scope {
  readonly outer: Scope | null;
  readonly members: Owned[];
}

let current: Scope | null = null;

/** Puts a new object into the innermost scope, and says which that is. */
export function enter(object: Owned): Scope | null {
  current?.members.push(object);
  return current;
}

/**
 * Runs the body and frees every tensor made in it, except those in its result, which move to the scope around it, or to the
 * caller if there is none. Results may be tensors, and arrays, maps, sets and objects that hold them. Synchronous only.
 *
 * ```ts
 * const y = scope(() => x.mul(2).add(1)); // the product is freed, the sum lives
 * ```
 */
export function scope<T>(body: () => T): T {
  const inner: Scope = { outer: current, members: [] };
  current = inner;
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new TypeError("a scope is synchronous: its tensors would be freed before the promise settles");
    }
    visit(result, (object) => {
      if (object[owner] !== inner) return;
      object[owner] = inner.outer;
      inner.outer?.members.push(object);
    });
    return result;
  } finally {
    current = inner.outer;
    for (const member of inner.members) if (member[owner] === inner) member[Symbol.dispose]();
  }
}

/** Takes the value's tensors out of their scopes for good: from now on their owner disposes them. Weights are kept so. */
export function keep<T>(value: T): T {
  visit(value, (object) => {
    object[owner] = null;
  });
  return value;
}

/** Frees the value's tensors. */
export function dispose(value: unknown): void {
  visit(value, (object) => object[Symbol.dispose]());
}

function visit(value: unknown, found: (object: Owned) => void, seen = new Set<object>()): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value)) return;
  seen.add(value);
  if (owner in value) found(value as Owned);
  else if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    for (const item of value.values()) visit(item, found, seen);
  } else for (const item of Object.values(value)) visit(item, found, seen);
}
