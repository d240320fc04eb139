export { type AttributionDefaults, withAttribution } from './attribution-scope.ts';
export { createMemoryBatchOwners } from './batches/memory-batch-owners.ts';
export { type ConfigurationCache, createConfigurationCache } from './configuration-cache.ts';
export { createMeter, type Meter } from './meter.ts';
export type { MeterOptions } from './meter-options.ts';
export type { AdmittedWithoutGate, MeterPorts } from './ports.ts';
export type { AttributedOptions, SdkCallOptions } from './sdk-options.ts';
export { unknownOutcome } from './unknown-outcome.ts';
export { wrapClient } from './wrap.ts';
