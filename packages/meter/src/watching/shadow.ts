/** Gives one object other ways than its class has, and keeps what those ways need to know of it. */
export type Shadow<Target, State> = (target: Target, state: State) => void;

/**
 * The ways stand on a prototype of their own between the object and its class, made once for each class. The object itself gets
 * no property: identity, `instanceof` and everything not named stay as they are, and it costs the same however many ways there are.
 *
 * @param ways getters and methods by name. `native` is the class's own prototype; `stateOf` tells what was given with `this`.
 */
export function createShadow<Target extends object, State>(
  ways: (native: Target, stateOf: (target: Target) => State) => object,
): Shadow<Target, State> {
  const shadows = new WeakMap<object, { prototype: object; states: WeakMap<Target, State> }>();

  function shadowOf(native: Target) {
    const states = new WeakMap<Target, State>();
    const stateOf = (target: Target) => {
      const state = states.get(target);
      if (state === undefined) throw new TypeError('Illegal invocation');
      return state;
    };
    const prototype = Object.create(native, Object.getOwnPropertyDescriptors(ways(native, stateOf))) as object;
    return { prototype, states };
  }

  return (target, state) => {
    const native = Object.getPrototypeOf(target) as Target;
    const shadow = shadows.get(native) ?? shadowOf(native);
    shadows.set(native, shadow);
    shadow.states.set(target, state);
    Object.setPrototypeOf(target, shadow.prototype);
  };
}
