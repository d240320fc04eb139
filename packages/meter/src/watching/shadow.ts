import { types } from 'node:util';

/** Gives one object other ways than its class has, and keeps what those ways need to know of it. */
export type Shadow<Target, State> = (target: Target, state: State) => void;

/**
 * The ways stand on a prototype of their own between the object and its class, made once for each class. The object itself gets
 * no property: identity, `instanceof` and everything not named stay as they are, and it costs the same however many ways there are.
 *
 * @param ways getters and methods by name; those that the class itself has not are left out. `native` is the class's own prototype;
 *   `stateOf` tells what was given with `this`, and throws the `TypeError` of a wrong `this`.
 * @throws TypeError for a target that can get no other prototype, or whose ways may run on another object than itself (a proxy).
 */
export function createShadow<Target extends object, State>(
  ways: (native: Target, stateOf: (target: Target) => State) => object,
): Shadow<Target, State> {
  const shadows = new WeakMap<object, Shadow<Target, State>>();
  const shadowFor = (native: Target): Shadow<Target, State> => {
    const shadow = shadowOf(native, ways);
    shadows.set(native, shadow);
    return shadow;
  };
  return (target, state) => {
    if (types.isProxy(target)) throw new TypeError('What stands behind a proxy cannot be given other ways.');
    const native = Object.getPrototypeOf(target) as Target;
    (shadows.get(native) ?? shadowFor(native))(target, state);
  };
}

function shadowOf<Target extends object, State>(
  native: Target,
  ways: Parameters<typeof createShadow<Target, State>>[0],
): Shadow<Target, State> {
  /** A private field can be put on an object of any class by whoever calls its constructor: unseen by all others, and no map to keep. */
  class Stamped extends Itself {
    readonly #state: State;
    constructor(target: Target, state: State) {
      super(target);
      this.#state = state;
    }
    static stateOf(target: Target): State {
      return (target as unknown as Stamped).#state;
    }
  }
  const descriptors = Object.getOwnPropertyDescriptors(ways(native, Stamped.stateOf));
  for (const name of Reflect.ownKeys(descriptors))
    if (!(name in native)) Reflect.deleteProperty(descriptors, name);
  const prototype = Object.create(native, descriptors) as object;
  return (target, state) => {
    new Stamped(target, state);
    Object.setPrototypeOf(target, prototype);
  };
}

/** The class's own getter, looked for once: `Reflect.get` does so each time, which costs more than what is got. */
export function getterOf<Target extends object, Name extends keyof Target>(
  native: Target,
  name: Name,
): (target: Target) => Target[Name] {
  for (let owner: object | null = native; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const get = Object.getOwnPropertyDescriptor(owner, name)?.get;
    if (get) return (target) => get.call(target);
  }
  return (target) => Reflect.get(native, name, target);
}

/** A constructor that returns what it is given, so that a class derived from it works on that. */
const Itself = function itself(target: object) {
  return target;
} as unknown as new (
  target: object,
) => object;
