import type { ComparedDays } from './compare-days.ts';
import { groupRows } from './group-rows.ts';
import { laneOf } from './joined-rows.ts';
import type { DayInput } from './reconcile-input.ts';
import { isOnlySearches } from './web-search.ts';

/** What days cannot decide, and must be read closer. */
export interface Suspects {
  /** Days and keys to be read minute by minute, earliest first. */
  minutes: { dayMs: number; apiKeyId: string }[];
  /** Days and models, by the names that rows of ours have, to be read by price. */
  charges: { dayMs: number; responseModels: string[] }[];
}

export function suspectsOf(input: DayInput, compared: ComparedDays): Suspects {
  return { minutes: minutesToRead(compared), charges: chargesToRead(input, compared) };
}

function minutesToRead({ estimated, differing }: ComparedDays): Suspects['minutes'] {
  const unlike = differing.filter((day) => laneOf(day.serviceTier) !== 'priority' && !isOnlySearches(day));
  const guessed = estimated.map(({ atMs, apiKeyId }) => ({ dayMs: atMs, apiKeyId }));
  const places = groupRows([...unlike, ...guessed], ({ dayMs, apiKeyId }) => `${dayMs} ${apiKeyId}`);
  return [...places.values()]
    .flatMap(([{ dayMs, apiKeyId }]) => (apiKeyId === null ? [] : [{ dayMs, apiKeyId }]))
    .sort((left, right) => left.dayMs - right.dayMs);
}

function chargesToRead(
  { internal, modelName }: DayInput,
  { chargedOtherwise, cheap }: ComparedDays,
): Suspects['charges'] {
  const places = new Set([...chargedOtherwise, ...cheap.map(({ row }) => `${row.atMs} ${row.model}`)]);
  if (places.size === 0) return [];
  const asked = internal.flatMap(({ group }) => {
    const [dayMs, responseModel] = [Date.parse(group.day ?? ''), group.responseModel ?? ''];
    return places.has(`${dayMs} ${modelName(responseModel)}`) ? [{ dayMs, responseModel }] : [];
  });
  return [...groupRows(asked, ({ dayMs }) => dayMs)].map(([dayMs, rows]) => ({
    dayMs,
    responseModels: [...new Set(rows.map(({ responseModel }) => responseModel))],
  }));
}
