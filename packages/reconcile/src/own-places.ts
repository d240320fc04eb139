import type { SpendRow } from '@tallygate/usage';
import { isOnThisBill, laneOf, type TheirRow } from './joined-rows.ts';
import type { DayInput } from './reconcile-input.ts';
import { isNothing, tokensOfSpend } from './token-counts.ts';

/** Where we have rows at all, however few and whatever they hold. */
export interface OwnPlaces {
  hasKey(apiKeyId: string | null): boolean;
  hasWorkspace(row: Pick<TheirRow, 'apiKeyId' | 'workspaceId'>): boolean;
  hasModel(row: Pick<TheirRow, 'apiKeyId' | 'model'>): boolean;
  hasDay(row: Pick<TheirRow, 'apiKeyId' | 'atMs'>): boolean;
  /** Rows of ours on the model have no known key: any key of the provider's may be that one. */
  isModelDoubtful(model: string): boolean;
  /** Rows of ours on the key do not say in which workspace they were. */
  isWorkspaceDoubtful(apiKeyId: string | null): boolean;
}

type Naming = Pick<DayInput, 'modelName' | 'apiKeyIdOf'>;

/** @param rowsByDay sums of days, by when the day begins. */
export function ownPlacesOf(rowsByDay: ReadonlyMap<number, SpendRow[]>, naming: Naming): OwnPlaces {
  const keys = new Set<string>();
  const workspaces = new Set<string>();
  const models = new Set<string>();
  const days = new Set<string>();
  const doubtfulModels = new Set<string>();
  const doubtfulWorkspaces = new Set<string | null>();
  for (const [dayMs, rows] of rowsByDay) {
    for (const row of rows.filter(isOnThisBill)) {
      const [apiKeyId, model] = [naming.apiKeyIdOf(row), naming.modelName(row.group.responseModel ?? '')];
      const { workspaceId = '', basis } = row.group;
      const isUsed = basis === 'estimated' || !isNothing(tokensOfSpend(row));
      if (apiKeyId === null) {
        if (isUsed) doubtfulModels.add(model);
        continue;
      }
      keys.add(apiKeyId);
      models.add(`${apiKeyId} ${model}`);
      days.add(`${apiKeyId} ${dayMs}`);
      if (workspaceId !== '') workspaces.add(`${apiKeyId} ${workspaceId}`);
      else if (isUsed) doubtfulWorkspaces.add(apiKeyId);
    }
  }
  return {
    hasKey: (apiKeyId) => apiKeyId !== null && keys.has(apiKeyId),
    hasWorkspace: ({ apiKeyId, workspaceId }) => workspaces.has(`${apiKeyId} ${workspaceId}`),
    hasModel: ({ apiKeyId, model }) => models.has(`${apiKeyId} ${model}`),
    hasDay: ({ apiKeyId, atMs }) => days.has(`${apiKeyId} ${atMs}`),
    isModelDoubtful: (model) => doubtfulModels.has(model),
    isWorkspaceDoubtful: (apiKeyId) => doubtfulWorkspaces.has(apiKeyId),
  };
}

/** One of ours and of theirs meet in these: the finest that a row of every kind states. */
export function subjectKey(row: Pick<TheirRow, 'apiKeyId' | 'model' | 'serviceTier'>): string {
  return `${laneOf(row.serviceTier)} ${row.apiKeyId} ${row.model}`;
}
