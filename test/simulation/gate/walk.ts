import { type Alert, alertId, type Balance, type Hold } from '@tallygate/usage';
import { BUCKET_MS, requestOf, snapshotOf } from '../../contract/gate-fixtures.ts';
import { budgetsOf, payerOf, tokensOf } from './budgets.ts';
import {
  alertOf,
  answerOf,
  endAt,
  endingOf,
  expectLifetime,
  expectSame,
  inAnyOrder,
  refusedOnly,
} from './compare.ts';
import type { GateModel } from './model.ts';
import { counterOf, modelPeriod } from './model-periods.ts';
import type { PinnedKey } from './model-state.ts';
import type { Asking, Naming, Step } from './steps.ts';
import type { ModelLedger, World } from './worlds.ts';

/** One scenario: each step is done to a real gate and to the model, and both must answer the same. */
export class Walk {
  readonly #world: World;
  readonly #ledger: ModelLedger;
  readonly #model: GateModel;
  readonly #holds = new Map<string, Hold>();

  constructor(world: World, ledger: ModelLedger, model: GateModel) {
    this.#world = world;
    this.#ledger = ledger;
    this.#model = model;
  }

  async begin(): Promise<void> {
    const snapshot = this.#snapshot(this.#model.version);
    await (await this.#world.gate(0)).publish(snapshot);
    this.#ledger.configuration = snapshot;
  }

  /** @returns what happened, in a word; null where nothing was asked of the gate. */
  async take(step: Step): Promise<string | null> {
    switch (step.do) {
      case 'pass':
        return this.#passTo(this.#model.nowMs + step.durationMs);
      case 'pass to edge':
        return this.#passTo(this.#edgeMs(step) + step.offMs);
      case 'skew':
        this.#model.callerOffMs = step.offMs;
        return this.#passTo(this.#model.nowMs);
      case 'reserve':
        return this.#reserve(step);
      case 'abandon':
        await this.#world.abandon(this.#request(step));
        this.#model.abandon(idOf(step.call), step);
        return 'abandoned';
      case 'settle':
        return this.#end(step, 'settle');
      case 'release':
        return this.#end(step, 'release');
      case 'extend':
        return this.#extend(step);
      case 'tell':
        return this.#tell(step);
      case 'publish':
        return this.#publish(step);
      case 'rebuild':
        return this.#rebuild();
      default:
        return this.#lose(step);
    }
  }

  async expectSameBalances(process = 0): Promise<string> {
    const gate = await this.#world.gate(process);
    expectSame((await gate.balances()).map(inWords), this.#model.balances());
    const names = this.#model.periodsOfValues().map(({ key, budgetId }) => ({
      budgetId,
      value: key.split(':')[3] ?? '',
    }));
    expectSame((await gate.balances(names)).map(inWords), this.#model.balancesOfValues());
    return 'balances';
  }

  /** Nobody lives any more, and the longest hold is over: nothing is held, and what was spent is what was settled. */
  async expectQuiet(longestTtlMs: number): Promise<void> {
    this.#model.callerOffMs = 0;
    await this.#passTo(this.#model.nowMs + longestTtlMs * 2 + 2 * BUCKET_MS);
    const balances = await (await this.#world.gate(0)).balances();
    expectSame(
      balances.map(({ held }) => held),
      balances.map(() => 0n),
    );
    const seqs = this.#ledger.settlements.map(({ seq }) => seq);
    expectSame(
      seqs,
      seqs.map((_seq, index) => index + 1),
    );
    await this.expectSameBalances();
    await this.#tell({ process: 0 });
  }

  async #passTo(nowMs: number): Promise<null> {
    this.#model.nowMs = nowMs;
    await this.#world.setClocks(nowMs, this.#model.callerMs);
    return null;
  }

  #edgeMs({ edge, budget }: Extract<Step, { do: 'pass to edge' }>): number {
    const { nowMs } = this.#model;
    if (edge === 'bucket') return (Math.floor(nowMs / BUCKET_MS) + 1) * BUCKET_MS;
    const [found] = budgetsOf(new Map([[budget, 0n]]));
    return found === undefined ? nowMs : modelPeriod(found, nowMs).endMs;
  }

  #request({ call, payer, expected, worst, ttlMs, enforce, isStale }: Asking) {
    const { version } = this.#model;
    return requestOf({
      ...payerOf(payer),
      attemptId: idOf(call),
      expectedNanoUsd: expected,
      worstNanoUsd: worst,
      tokens: { expected: tokensOf(expected), worst: tokensOf(worst) },
      ttlMs,
      enforce,
      configVersion: isStale ? version - 1 : version,
    });
  }

  async #reserve(step: Asking): Promise<string> {
    const gate = await this.#world.gate(step.process);
    const attemptId = idOf(step.call);
    const expected = this.#model.reserve(attemptId, step);
    const reply = await gate.reserve(this.#request(step)).catch(refusedOnly);
    expectSame(answerOf(reply, expected), expected);
    if (reply !== null && reply.kind === 'held') {
      this.#holds.set(attemptId, reply.hold);
      if (expected.kind === 'held')
        expectLifetime(reply.hold, this.#model.nowMs, step.ttlMs, this.#model.past);
    }
    const isShared = expected.kind === 'held' && this.#model.attempts.get(attemptId)?.periods.some(isOfPool);
    if (expected.kind === 'denied' && expected.denial.median !== undefined) return 'denied: too fast';
    return isShared ? 'shared' : expected.kind;
  }

  async #end(
    step: Extract<Step, { do: 'settle' | 'release' }>,
    kind: 'settle' | 'release',
  ): Promise<string | null> {
    const named = this.#named(step);
    if (named === null) return null;
    const gate = await this.#world.gate(step.process);
    const amountNanoUsd = step.do === 'settle' ? step.amount : 0n;
    const expected = this.#model.end(kind, named.hold.attemptId, amountNanoUsd, named.periods);
    const reply = await endAt(gate, kind, named.hold, amountNanoUsd).catch(refusedOnly);
    expectSame(endingOf(reply), expected);
    if (reply !== null && reply.outcome !== 'duplicate') this.#ledger.settlements.push(reply.settlement);
    return expected.outcome;
  }

  async #extend(step: Extract<Step, { do: 'extend' }>): Promise<string | null> {
    const named = this.#named(step);
    if (named === null) return null;
    const gate = await this.#world.gate(step.process);
    const { attemptId } = named.hold;
    const expected = this.#model.extend(attemptId, step.ttlMs);
    const reply = await gate.extend(named.hold, step.ttlMs);
    const actual = reply.kind === 'ended' ? reply : { kind: reply.kind, lastBucket: reply.hold.expiryBucket };
    expectSame(actual, expected);
    if (reply.kind === 'extended') this.#holds.set(attemptId, reply.hold);
    return reply.kind;
  }

  /** Some attempts end without ever having been held; if most did, few holds would be left to end. */
  #named({ call, from, copy }: Naming): { hold: Hold; periods: PinnedKey[] } | null {
    const live = from === 'live' ? this.#model.liveIds() : [];
    const attemptId = live[call % live.length] ?? idOf(call);
    const answered = this.#holds.get(attemptId);
    if (answered === undefined && call % 8 !== 0) return null;
    const hold = copy === 'answered' && answered !== undefined ? answered : this.#madeUp(attemptId, call);
    const periods = hold.entries.map(({ key, periodStartMs, periodEndMs, paysUpTo, paysFrom }) => {
      const [budgetId = ''] = key.split(':');
      const counter = counterOf(key);
      const part = { upTo: paysUpTo, from: paysFrom };
      return { key, counter, budgetId, startMs: periodStartMs, endMs: periodEndMs, ...part };
    });
    return { hold, periods };
  }

  #madeUp(attemptId: string, call: number): Hold {
    const model = this.#model;
    const periods = model.periodsFor(payerOf(call));
    const entries = periods.map(({ key, startMs, endMs }) => ({
      ...{ key, periodStartMs: startMs, periodEndMs: endMs },
      ...{ expected: 1n, worst: 1n },
    }));
    const { organization } = this.#world;
    return {
      attemptId,
      organization,
      epoch: 'unknown',
      budgetInstantMs: model.nowMs,
      expiryBucket: 0,
      entries,
    };
  }

  /** As delivery does: what the ledger knows was told before. */
  async #tell({ process }: { process: number }): Promise<string> {
    const { outbox } = await this.#world.gate(process);
    this.#model.touch();
    const expected = this.#model.alerts.tell();
    const taken = await outbox.waiting();
    expectSame(inAnyOrder(taken.map(alertOf)), inAnyOrder(expected));
    for (const alert of taken.filter((one) => !isOfBreaker(one) && !this.#ledger.alerts.has(alertId(one))))
      this.#ledger.alerts.set(alertId(alert), alert);
    await outbox.remove(taken);
    return taken.length === 0 ? 'told nobody' : 'told some';
  }

  async #publish({ process, change, as }: Extract<Step, { do: 'publish' }>): Promise<string> {
    const gate = await this.#world.gate(process);
    const expected = this.#model.publish(change, as);
    const snapshot = this.#snapshot(this.#model.version + (as === 'outdated' ? 2 : 0));
    const outcome = await gate.publish(snapshot).then(
      () => 'published',
      (error: { code?: string }) => error.code,
    );
    expectSame(outcome, expected);
    if (outcome === 'published') this.#ledger.configuration = snapshot;
    return `${as}: ${outcome}`;
  }

  async #rebuild(): Promise<string> {
    const isOpen = (attemptId: string) => this.#model.attempts.get(attemptId)?.ended === null;
    await this.#world.rebuild([...this.#holds.values()].filter(({ attemptId }) => isOpen(attemptId)));
    this.#model.rebuildAll();
    return 'rebuild';
  }

  async #lose(step: Extract<Step, { do: 'restart' | `lose ${string}` }>): Promise<string | null> {
    const world = this.#world;
    if (step.do === 'restart') await world.restart(step.process);
    if (step.do === 'lose the scripts') await world.loseScripts();
    if (step.do === 'lose everything') {
      await world.loseEverything();
      this.#model.loseAll();
    }
    if (step.do === 'lose a counter') {
      const counter = this.#model.losable(step.budget);
      if (counter === null || !(await world.loseCounter(counter))) return null;
      this.#model.lost.add(counter);
      // Of a window nobody can tell for long: it would soon be younger than the counters are, and be taken for a new one.
      if (counter.includes(':rolling-')) await this.expectSameBalances();
    }
    return step.do;
  }

  #snapshot(version: number) {
    return snapshotOf(this.#world.organization, version, this.#model.budgets());
  }
}

function idOf(call: number): string {
  return `attempt-${call}`;
}

function inWords({ budget, spent, held }: Balance): [string, bigint, bigint] {
  return [budget.id, spent, held];
}

/** A gate is not rebuilt with these: it begins to learn anew. */
function isOfBreaker({ key }: Alert): boolean {
  return key.includes(':velocity:');
}

function isOfPool({ from }: PinnedKey): boolean {
  return from !== undefined;
}
