import { WHOLE_MILLIONTHS } from '@tallygate/pricing';
import type { Attribution, NanoUsd } from '@tallygate/usage';

/** Calls that are taken to cost alike. */
export interface CallKind {
  attribution: Pick<Attribution, 'team' | 'feature'>;
  model: string;
  maxOutputTokens: number;
}

/**
 * Which part of its worst case a call usually costs, learned from the calls of this process that ended: about 19 of 20 cost no
 * more. It holds for any distribution, follows one that moves, and takes one number per kind of call.
 */
export interface ExpectedShares {
  /** In millionths, 1 … 1,000,000; null until `SAMPLES_MIN` calls of that kind have ended. */
  of(kind: CallKind): number | null;
  /** A call of that kind was charged. */
  learn(kind: CallKind, worstNanoUsd: NanoUsd, chargedNanoUsd: NanoUsd): void;
}

export const SAMPLES_MIN = 50;

/** How many calls may cost more than expected. */
const EXCEEDED_SHARE = 0.05;
/** Of the estimate, per call. Smaller is steadier, larger follows sooner: at this, a change is followed within 100 to 200 calls. */
const STEP = 0.05;
const UP = Math.exp(STEP * (1 - EXCEEDED_SHARE));
const DOWN = Math.exp(-STEP * EXCEEDED_SHARE);

/** An estimate of zero would stay zero. */
const SHARE_MIN_MILLIONTHS = 1_000;

/** Some 300 bytes each. Of more kinds than this, those seen least recently are forgotten, and held at their worst case again. */
export const KINDS_MAX = 2_000;

interface Learned {
  samples: number;
  /** Kept finer than it is told: a single step down may be less than a millionth. */
  shareMillionths: number;
}

/**
 * Two generations: what is seen again moves to the younger, and when that is full the elder is dropped. Nothing is ever deleted
 * from a map, which would cost ten times the rest.
 */
export function createExpectedShares(): ExpectedShares {
  let recent = new Map<string, Learned>();
  let elder = new Map<string, Learned>();

  function entryOf(key: string): Learned {
    const known = recent.get(key);
    if (known !== undefined) return known;
    const learned = elder.get(key) ?? { samples: 0, shareMillionths: SHARE_MIN_MILLIONTHS };
    if (recent.size >= KINDS_MAX / 2) {
      elder = recent;
      recent = new Map();
    }
    recent.set(key, learned);
    return learned;
  }

  return {
    of(kind) {
      const key = keyOf(kind);
      const learned = recent.get(key) ?? elder.get(key);
      if (learned === undefined || learned.samples < SAMPLES_MIN) return null;
      return Math.ceil(learned.shareMillionths);
    },
    learn(kind, worstNanoUsd, chargedNanoUsd) {
      if (worstNanoUsd <= 0n) return;
      const shareMillionths = (chargedNanoUsd * BigInt(WHOLE_MILLIONTHS)) / worstNanoUsd;
      take(entryOf(keyOf(kind)), Number(shareMillionths));
    },
  };
}

/** The largest of the first calls, and from then on a small step up for a call above the estimate, a smaller one down below it. */
function take(learned: Learned, shareMillionths: number): void {
  learned.samples += 1;
  const before = learned.shareMillionths;
  const after =
    learned.samples <= SAMPLES_MIN
      ? Math.max(before, shareMillionths)
      : before * (shareMillionths > before ? UP : DOWN);
  learned.shareMillionths = Math.min(WHOLE_MILLIONTHS, Math.max(SHARE_MIN_MILLIONTHS, after));
}

/** The power of two that max_tokens reaches; 0 for none. What a call may write at most says much of what it is for. */
export function outputClass(maxOutputTokens: number): number {
  return maxOutputTokens > 0 ? 2 ** Math.floor(Math.log2(maxOutputTokens)) : 0;
}

function keyOf({ attribution: { team, feature }, model, maxOutputTokens }: CallKind): string {
  return `${team}\n${feature}\n${model}\n${outputClass(maxOutputTokens)}`;
}
