import type { SpendDimension } from '@tallygate/usage';

/** How people and files call a dimension. */
export const DIMENSION_TITLES: Record<SpendDimension, { title: string; column: string }> = {
  team: { title: 'Team', column: 'team' },
  feature: { title: 'Feature', column: 'feature' },
  environment: { title: 'Environment', column: 'environment' },
  requestModel: { title: 'Requested model', column: 'request_model' },
  responseModel: { title: 'Model', column: 'response_model' },
  status: { title: 'Status', column: 'status' },
  basis: { title: 'Basis', column: 'basis' },
  backend: { title: 'Backend', column: 'backend' },
  apiKeyId: { title: 'API key', column: 'api_key_id' },
  apiKeyHint: { title: 'API key hint', column: 'api_key_hint' },
  workspaceId: { title: 'Workspace', column: 'workspace_id' },
  serviceTier: { title: 'Service tier', column: 'service_tier' },
  providerOrganizationId: { title: "Provider's organization", column: 'provider_organization_id' },
  speed: { title: 'Speed', column: 'speed' },
  inferenceGeo: { title: 'Geography', column: 'inference_geo' },
  promptBand: { title: 'Prompt band', column: 'prompt_band' },
  priceId: { title: 'Price', column: 'price_id' },
  lineType: { title: 'Line', column: 'line_type' },
  startedDay: { title: 'Day it began (UTC)', column: 'started_day' },
  user: { title: 'User', column: 'user' },
  workflow: { title: 'Workflow', column: 'workflow' },
  taskType: { title: 'Task type', column: 'task_type' },
  tag: { title: 'Tag', column: 'tag' },
  month: { title: 'Month', column: 'month' },
  day: { title: 'Day (UTC)', column: 'day' },
  hour: { title: 'Hour (UTC)', column: 'hour' },
  minute: { title: 'Minute (UTC)', column: 'minute' },
};

/** A group's value for people: instants as short as their unit allows, a missing value as "(none)". */
export function displayGroup(dimension: SpendDimension, value: string): string {
  if (value === '') return '(none)';
  if (dimension === 'month') return value.slice(0, 7);
  if (dimension === 'day' || dimension === 'startedDay') return value.slice(0, 10);
  if (dimension === 'hour' || dimension === 'minute') return value.slice(0, 16).replace('T', ' ');
  return value;
}
