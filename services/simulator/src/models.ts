/**
 * The models that the stand-in serves: what decides how they count, what they accept and for how long they exist.
 * What they cost is in `billing/price-table.ts`. Facts of the provider's model pages, as of 2026-11-20.
 */
export interface Model {
  /** The id that responses and reports name, also when an alias was asked for. */
  id: string;
  displayName: string;
  /** Claude 4.7 and later cut the same text into about 30% more tokens. */
  tokenizer: 'dense' | 'classic';
  contextTokens: number;
  maxOutputTokens: number;
  /** Older models refuse `inference_geo`, and reports say `not_available` for them. */
  acceptsInferenceGeo: boolean;
  /** First UTC day on which the model is gone, or null. */
  retiredOn: string | null;
}

const MILLION = 1_000_000;

function current(id: string, displayName: string): Model {
  return {
    id,
    displayName,
    tokenizer: 'dense',
    contextTokens: MILLION,
    maxOutputTokens: 128_000,
    acceptsInferenceGeo: true,
    retiredOn: null,
  };
}

const classic = { tokenizer: 'classic' } as const;
const dated = { ...classic, contextTokens: 200_000, maxOutputTokens: 64_000, acceptsInferenceGeo: false };

const MODELS: readonly Model[] = [
  current('claude-fable-5-2', 'Claude Fable 5.2'),
  current('claude-fable-5-1', 'Claude Fable 5.1'),
  current('claude-fable-5', 'Claude Fable 5'),
  current('claude-mythos-5-2', 'Claude Mythos 5.2'),
  current('claude-mythos-5-1', 'Claude Mythos 5.1'),
  current('claude-mythos-5', 'Claude Mythos 5'),
  current('claude-opus-5-5', 'Claude Opus 5.5'),
  current('claude-opus-5', 'Claude Opus 5'),
  current('claude-opus-4-8', 'Claude Opus 4.8'),
  current('claude-opus-4-7', 'Claude Opus 4.7'),
  { ...current('claude-opus-4-6', 'Claude Opus 4.6'), ...classic },
  current('claude-sonnet-5-5', 'Claude Sonnet 5.5'),
  current('claude-sonnet-5', 'Claude Sonnet 5'),
  { ...current('claude-sonnet-4-6', 'Claude Sonnet 4.6'), ...classic },
  current('claude-haiku-5-5', 'Claude Haiku 5.5'),
  { ...current('claude-opus-4-5-20251101', 'Claude Opus 4.5'), ...dated },
  { ...current('claude-sonnet-4-5-20250929', 'Claude Sonnet 4.5'), ...dated, retiredOn: '2026-11-30' },
  { ...current('claude-haiku-4-5-20251001', 'Claude Haiku 4.5'), ...dated },
];

/** Only ids from before Claude 4.6 have a short form; a prefix match would take Sonnet 5.5 for Sonnet 5. */
const ALIASES: Readonly<Record<string, string>> = {
  'claude-opus-4-5': 'claude-opus-4-5-20251101',
  'claude-sonnet-4-5': 'claude-sonnet-4-5-20250929',
  'claude-haiku-4-5': 'claude-haiku-4-5-20251001',
};

/** The model of that id or alias on that UTC day ("2026-11-20"), or null when the provider does not serve it then. */
export function findModel(name: string, day: string): Model | null {
  const id = Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
  const model = MODELS.find((candidate) => candidate.id === id);
  return model === undefined || (model.retiredOn !== null && day >= model.retiredOn) ? null : model;
}

/** "Claude Opus 5.5" for a served model id: the name that line items of the bill begin with. */
export function displayNameOf(modelId: string): string {
  return MODELS.find((model) => model.id === modelId)?.displayName ?? modelId;
}
