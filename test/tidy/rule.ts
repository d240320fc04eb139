import type { Repository } from './repository.ts';

/** What a rule found, and how many things it looked at: a rule that looked at nothing has proved nothing. */
export interface Inspection {
  looked: number;
  violations: string[];
}

/** Files that break a rule on purpose, and a part of what the rule must answer. */
interface Plant {
  files: Readonly<Record<string, string>>;
  violation: string;
}

/** One rule of the house. Pure: the same files give the same answer, so that a planted fake proves that it can fail. */
export interface Rule {
  promise: string;
  /** Fewer things than this in the real repository means that the rule went blind. Raise it when the house grows. */
  atLeast: number;
  inspect(repository: Repository): Inspection;
  planted: readonly [Plant, ...Plant[]];
  /** Files that look like a violation and are none. */
  allowed?: Readonly<Record<string, string>>;
}

/** Adds up: `looked` counts the things, `violations` the sentences about them. */
export function inspectEach<T>(things: readonly T[], violationsOf: (thing: T) => string[]): Inspection {
  return { looked: things.length, violations: things.flatMap(violationsOf) };
}
