import type { SpendRow } from '@tallygate/usage';
import { isOnThisBill, laneOf, type TheirRow } from './joined-rows.ts';
import type { RangeTerms } from './reconcile-input.ts';
import { isNothing, tokensOfSpend } from './token-counts.ts';

/** Where we have rows at all, however few and whatever they hold. */
export interface OwnPlaces {
  hasKey(apiKeyId: string | null): boolean;
  hasWorkspace(row: Pick<TheirRow, 'apiKeyId' | 'workspaceId'>): boolean;
  hasModel(row: Pick<TheirRow, 'apiKeyId' | 'model'>): boolean;
  /** Rows of ours on the model have no known key: any key of the provider's may be that one. */
  isModelDoubtful(model: string): boolean;
  /** Rows of ours on the key do not say in which workspace they were. */
  isWorkspaceDoubtful(apiKeyId: string | null): boolean;
}

type Naming = Pick<RangeTerms, 'modelName' | 'apiKeyIdOf'>;

interface KeyPlaces {
  workspaces: Set<string>;
  models: Set<string>;
  isWorkspaceDoubtful: boolean;
}

/** @param rows of the whole range, grouped at least by `PLACE_GROUPS`. */
export function ownPlacesOf(rows: readonly SpendRow[], naming: Naming): OwnPlaces {
  const keys = new Map<string | null, KeyPlaces>();
  const doubtfulModels = new Set<string>();
  for (const row of rows.filter((row) => isOnThisBill(row))) {
    const [apiKeyId, model] = [naming.apiKeyIdOf(row), naming.modelName(row.group.responseModel ?? '')];
    if (apiKeyId !== null) addPlace(placesOf(keys, apiKeyId), model, row);
    else if (isUsed(row)) doubtfulModels.add(model);
  }
  return {
    hasKey: (apiKeyId) => keys.has(apiKeyId),
    hasWorkspace: ({ apiKeyId, workspaceId }) =>
      workspaceId !== null && (keys.get(apiKeyId)?.workspaces.has(workspaceId) ?? false),
    hasModel: ({ apiKeyId, model }) => keys.get(apiKeyId)?.models.has(model) ?? false,
    isModelDoubtful: (model) => doubtfulModels.has(model),
    isWorkspaceDoubtful: (apiKeyId) => keys.get(apiKeyId)?.isWorkspaceDoubtful ?? false,
  };
}

function placesOf(keys: Map<string | null, KeyPlaces>, apiKeyId: string): KeyPlaces {
  const known = keys.get(apiKeyId);
  if (known !== undefined) return known;
  const places: KeyPlaces = {
    workspaces: new Set(),
    models: new Set(),
    isWorkspaceDoubtful: false,
  };
  keys.set(apiKeyId, places);
  return places;
}

function addPlace(places: KeyPlaces, model: string, row: SpendRow): void {
  places.models.add(model);
  if (row.group.workspaceId) places.workspaces.add(row.group.workspaceId);
  else if (isUsed(row)) places.isWorkspaceDoubtful = true;
}

function isUsed(row: SpendRow): boolean {
  return row.group.basis === 'estimated' || !isNothing(tokensOfSpend(row));
}

/** A key and a model, whatever the terms. */
export function placeKey({ apiKeyId, model }: Pick<TheirRow, 'apiKeyId' | 'model'>): string {
  return `${apiKeyId} ${model}`;
}

/** One of ours and of theirs meet in these: the finest that a row of every kind states. */
export function subjectKey(row: Pick<TheirRow, 'apiKeyId' | 'model' | 'serviceTier'>): string {
  return `${laneOf(row.serviceTier)} ${row.apiKeyId} ${row.model}`;
}
