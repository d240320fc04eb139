import { type ComparedDays, compareDays } from './compare-days.ts';
import { groupRows } from './group-rows.ts';
import { laneOf } from './joined-rows.ts';
import { isChargedOtherwise } from './price-version.ts';
import type { DayInput } from './reconcile-input.ts';
import { cheapCellsOf } from './unbilled-refusal.ts';
import { isOnlySearches } from './web-search.ts';

/** What days cannot decide, and must be read closer. */
export interface Suspects {
  /** Days and keys to be read minute by minute, earliest first. */
  minutes: { dayMs: number; apiKeyId: string }[];
  /** Days and models, by the names that rows of ours have, to be read by price. */
  charges: { dayMs: number; responseModels: string[] }[];
}

export function suspectsOf(input: DayInput): Suspects {
  const compared = compareDays(input);
  return { minutes: minutesToRead(compared), charges: chargesToRead(input, compared) };
}

function minutesToRead({ ours, differing }: ComparedDays): Suspects['minutes'] {
  const unlike = differing.filter((day) => laneOf(day.serviceTier) !== 'priority' && !isOnlySearches(day));
  const estimated = ours.filter((row) => row.isEstimated).map((row) => ({ ...row, dayMs: row.atMs }));
  const places = groupRows([...unlike, ...estimated], ({ dayMs, apiKeyId }) => `${dayMs} ${apiKeyId}`);
  return [...places.values()]
    .flatMap(([{ dayMs, apiKeyId }]) => (apiKeyId === null ? [] : [{ dayMs, apiKeyId }]))
    .sort((left, right) => left.dayMs - right.dayMs);
}

function chargesToRead(input: DayInput, { ours, theirs, priceSum }: ComparedDays): Suspects['charges'] {
  const { costs, modelName } = input;
  const cheap = cheapCellsOf(theirs, costs, modelName, priceSum).map(({ row }) => row);
  const suspicious = [...ours.filter((row) => isChargedOtherwise(row, priceSum)), ...cheap];
  const places = new Set(suspicious.map(({ atMs, model }) => `${atMs} ${model}`));
  const asked = input.internal.flatMap(({ group }) => {
    const [dayMs, responseModel] = [Date.parse(group.day ?? ''), group.responseModel ?? ''];
    return places.has(`${dayMs} ${modelName(responseModel)}`) ? [{ dayMs, responseModel }] : [];
  });
  return [...groupRows(asked, ({ dayMs }) => dayMs)].map(([dayMs, rows]) => ({
    dayMs,
    responseModels: [...new Set(rows.map(({ responseModel }) => responseModel))],
  }));
}
