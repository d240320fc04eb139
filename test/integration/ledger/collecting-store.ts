import { type SealedSegment, type SegmentDestination, TallygateError } from '@tallygate/usage';

/**
 * Keeps segments as the ledger does: per kind of fact the first ones under a token count, later ones under the same token are
 * dropped without a word, whatever they hold. That is the trap a spool must never fall into.
 */
export interface CollectingStore extends SegmentDestination {
  readonly segments: ReadonlyMap<string, SealedSegment>;
  /** Every try, in order, also those that were dropped or failed. */
  readonly tries: SealedSegment[];
  /** What `store` does before it keeps anything. */
  before: (segment: SealedSegment) => Promise<void> | void;
  /** What `store` does after it has kept the rows: a lost reply. */
  after: (segment: SealedSegment) => Promise<void> | void;
  eventIds(): string[];
  attemptsSettled(): string[];
}

export function createCollectingStore(): CollectingStore {
  const segments = new Map<string, SealedSegment>();
  const store: CollectingStore = {
    segments,
    tries: [],
    before: () => {},
    after: () => {},
    async store(segment) {
      store.tries.push(segment);
      await store.before(segment);
      const kept = segments.get(segment.token);
      segments.set(segment.token, kept === undefined ? segment : together(kept, segment));
      await store.after(segment);
    },
    eventIds: () => [...segments.values()].flatMap(({ events }) => events.map((event) => event.eventId)),
    attemptsSettled: () =>
      [...segments.values()].flatMap(({ settlements }) => settlements.map((item) => item.attemptId)),
  };
  return store;
}

function together(kept: SealedSegment, later: SealedSegment): SealedSegment {
  const first = <Fact>(ours: Fact[], theirs: Fact[]) => (ours.length > 0 ? ours : theirs);
  return {
    token: kept.token,
    events: first(kept.events, later.events),
    settlements: first(kept.settlements, later.settlements),
    denials: first(kept.denials, later.denials),
  };
}

export function unavailable(): never {
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'The ledger is away.' });
}

export function refusing(): never {
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', { message: 'These rows are wrong.' });
}
